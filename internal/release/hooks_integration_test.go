//go:build integration

package release_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

// withHook gives a stack a batch job that runs on events.
func withHook(t *testing.T, s *stack.Stack, j job, on ...spec.Event) {
	t.Helper()
	if j.job == "" {
		j.job = `type = "batch"`
	}
	made := newStack(t, s.Release.Name, []job{j})
	s.Jobs = append(s.Jobs, made.Jobs...)
	h := stack.Hook{Name: j.name, Label: j.name, Job: made.Jobs[0].ID, Timeout: 30 * time.Second}
	for _, e := range on {
		h.On = append(h.On, stack.HookEvent{Event: e})
	}
	s.Hooks = append(s.Hooks, h)
}

// writes is a script that appends a line to a file and goes on with what follows.
func writes(file, line, then string) string {
	return fmt.Sprintf("echo %s >> %s; %s", line, file, then)
}

// saidSince are those of a file since the last call.
func saidSince(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(b)), " ")
}

func hooksInOrder(t *testing.T, r *real) {
	told := filepath.Join(t.TempDir(), "told")
	made := func(level string) *stack.Stack {
		s := newStack(t, "hooks", []job{{name: "db", script: writes(told, "db", forever)}},
			[]job{{name: "app", task: `env { LEVEL = "` + level + `" }`, script: writes(told, "app", forever)}})
		all := "$NOMAD_META_packctl_event"
		withHook(t, s, job{name: "z", script: writes(told, "z:"+all, "true")}, spec.PreInstall, spec.PreUpgrade)
		withHook(t, s, job{name: "a", script: writes(told, "a:"+all, "true")}, spec.PreInstall, spec.PreUpgrade)
		withHook(t, s, job{name: "every", job: `type = "sysbatch"`, script: writes(told, "every:"+all, "sleep 1")}, spec.PostUpgrade)
		withHook(t, s, job{name: "smoke", script: writes(told, "smoke:"+all, "true")}, spec.PostInstall, spec.PostUpgrade)
		return s
	}
	t.Cleanup(func() { r.stop(t, "hooks") })
	for _, c := range []struct{ level, want string }{
		{"one", "z:pre-install a:pre-install db app smoke:post-install"},
		{"two", "z:pre-upgrade a:pre-upgrade app every:post-upgrade smoke:post-upgrade"},
		{"three", "z:pre-upgrade a:pre-upgrade app every:post-upgrade smoke:post-upgrade"},
	} {
		res := r.ok(t, made(c.level), release.Healthy)
		if got := saidSince(t, told); got != c.want {
			t.Errorf("level %s ran %q, want %q", c.level, got, c.want)
		}
		for _, id := range append(res.Submitted, res.Unchanged...) {
			if id != "hooks-db" && id != "hooks-app" {
				t.Errorf("level %s: %s counts as a job of the release", c.level, id)
			}
		}
	}
	r.ok(t, made("three"), release.Unchanged)
	if got := saidSince(t, told); got != "" {
		t.Errorf("a run without a change ran %q", got)
	}
}

func failingPreHook(t *testing.T, r *real) {
	made := func(level, check string) *stack.Stack {
		s := newStack(t, "prehook", []job{{name: "app", task: `env { LEVEL = "` + level + `" }`, script: forever}})
		withHook(t, s, job{name: "check", group: noSecondChance, script: check}, spec.PreUpgrade)
		return s
	}
	t.Cleanup(func() { r.stop(t, "prehook") })
	r.ok(t, made("one", "true"), release.Healthy)
	before, err := r.nomad.Job(t.Context(), "prehook-app")
	if err != nil {
		t.Fatal(err)
	}
	res, err, _ := r.run(t, made("two", "echo the backup is too old >&2; exit 7"), release.RunOptions{})
	failed(t, res, err, release.Failed, "check", "main", 7, "the backup is too old")
	if !strings.Contains(err.Error(), "hook check of pre-upgrade") {
		t.Errorf("the hook is not named: %v", err)
	}
	after, err := r.nomad.Job(t.Context(), "prehook-app")
	if err != nil || *after.JobModifyIndex != *before.JobModifyIndex || len(r.allocs(t, "prehook-app")) != 1 {
		t.Errorf("the failed hook let the job change: index %d, then %d; %v", *before.JobModifyIndex, *after.JobModifyIndex, err)
	}
}

func failingPostHook(t *testing.T, r *real) {
	mended := filepath.Join(t.TempDir(), "mended")
	s := newStack(t, "posthook", []job{{name: "app", script: forever}})
	withHook(t, s, job{name: "smoke", group: noSecondChance, script: "test -f " + mended + " || exit 9"}, spec.PostInstall)
	t.Cleanup(func() { r.stop(t, "posthook") })
	for range 2 {
		res, err, _ := r.run(t, s, release.RunOptions{})
		failed(t, res, err, release.Failed, "smoke", "main", 9)
	}
	if err := os.WriteFile(mended, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.ok(t, s, release.Healthy)
	r.ok(t, s, release.Unchanged)
	if n := len(r.allocs(t, "posthook-app")); n != 1 {
		t.Errorf("the hooks made %d allocations of the application", n)
	}
}

func hooksBeforeTheEnd(t *testing.T, r *real) {
	told, mended := filepath.Join(t.TempDir(), "told"), filepath.Join(t.TempDir(), "mended")
	s := newStack(t, "predelete", []job{{name: "app", script: forever}})
	withHook(t, s, job{name: "backup", group: noSecondChance,
		script: writes(told, "$NOMAD_META_packctl_event", "test -f "+mended+" || { echo no room for the backup >&2; exit 7; }; sleep 1; echo done >>"+told)}, spec.PreDelete)
	r.ok(t, s, release.Healthy)
	destroy := func() (*release.Result, error) {
		return r.engine().Destroy(t.Context(), release.DestroyOptions{Release: "predelete", AllData: true, Timeout: time.Minute}, &events{t: t})
	}
	res, err := destroy()
	failed(t, res, err, release.Failed, "backup", "main", 7, "no room for the backup")
	if job, err := r.nomad.Job(t.Context(), "predelete-app"); err != nil || job == nil || *job.Stop {
		t.Fatalf("the failed hook let the job be stopped: %v", err)
	}
	if err := os.WriteFile(mended, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if res, err = destroy(); err != nil || res.Outcome != release.Healthy {
		t.Fatalf("outcome %q, error %v", res.Outcome, err)
	}
	if got := saidSince(t, told); got != "pre-delete pre-delete done" {
		t.Errorf("the hook said %q", got)
	}
	if left, err := r.nomad.ReleaseJobs(t.Context(), "predelete"); err != nil || len(left) > 0 {
		t.Errorf("%d jobs are left: %v", len(left), err)
	}
}

func hookWithoutPlace(t *testing.T, r *real) {
	s := newStack(t, "nowhere", []job{{name: "app", script: forever}})
	withHook(t, s, job{name: "smoke", script: "true", group: `constraint {
      attribute = "${attr.kernel.name}"
      value     = "plan9"
    }`}, spec.PostInstall)
	res, err, _ := r.run(t, s, release.RunOptions{})
	if err == nil || res.Outcome != release.Failed || !strings.Contains(err.Error(), "plan9") {
		t.Errorf("outcome %q, error %v", res.Outcome, err)
	}
	if made, err := r.nomad.ReleaseJobs(t.Context(), "nowhere"); err != nil || len(made) > 0 {
		t.Errorf("%d jobs were submitted: %v", len(made), err)
	}
}
