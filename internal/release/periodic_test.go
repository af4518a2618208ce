//go:build integration

package release_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

func TestPeriodicJobsOnARealNomad(t *testing.T) {
	r := newReal(t)
	r.show(t, 1, []claim{ // seconds matter to them
		{"run does not wait for a nightly job, and says when it is launched", nightly},
		{"stop ends the children that run, waits for them, and purges those that ended long ago", stopsChildren},
		{"a tier is as its last run was, and time alone makes it unhealthy", runsOfATier},
		{"what an earlier version's run did does not fail a run", earlierFailure},
		{"a run that waits at its gate says for what, and its tier is late without any further event", gatedRun},
		{"a parameterized job waits to be dispatched, shows its last runs, and takes them along", parameterized},
		{"a job that leaves the pack takes its children along", prunesChildren},
	})
}

func every(spec string) string {
	return "type = \"batch\"\n  periodic {\n    " + spec + "\n    prohibit_overlap = true\n  }"
}

const eachSecond = `crons = ["* * * * * * *"]`

func nightly(t *testing.T, r *real) {
	for name, spec := range map[string]string{
		"list": "crons = [\"0 3 * * *\", \"30 4 * * 6\"]\n    time_zone = \"Europe/Berlin\"",
		"one":  `cron = "0 3 * * *"`,
	} {
		rel := "night-" + name
		t.Cleanup(func() { r.stop(t, rel) })
		s := func(level string) []job {
			return []job{{name: "job", job: every(spec), script: forever, task: `env { LEVEL = "` + level + `" }`}}
		}
		res, err, ev := r.run(t, newStack(t, rel, s("info")), release.RunOptions{})
		if err != nil || res.Outcome != release.Healthy || res.Tiers[0].State != status.Scheduled {
			t.Fatalf("%s: outcome %q, error %v, tiers %+v", name, res.Outcome, err, res.Tiers)
		}
		if text := ev.text(); !strings.Contains(text, "first launch at 2") || !strings.Contains(text, " 03:00:00 ") {
			t.Errorf("%s: it does not say when it is launched:\n%s", name, text)
		}
		if res := r.ok(t, newStack(t, rel, s("info")), release.Unchanged); len(res.Submitted) > 0 {
			t.Errorf("%s: the second run submitted %v", name, res.Submitted)
		}
		_, err, ev = r.run(t, newStack(t, rel, s("debug")), release.RunOptions{})
		if err != nil || !strings.Contains(ev.text(), "next launch at") {
			t.Errorf("%s: %v\n%s", name, err, ev.text())
		}
		if kids := r.children(t, rel+"-job"); len(kids) > 0 {
			t.Errorf("%s: submitting it launched %s", name, kids[0].ID)
		}
	}
}

// children lists a job's children, oldest first.
func (r *real) children(t *testing.T, parent string) []*api.JobListStub {
	t.Helper()
	list, _, err := r.api.Jobs().List(&api.QueryOptions{Prefix: parent + "/"})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// until reads the tiers of a job as the monitor does, until one is as wanted.
func (r *real) until(t *testing.T, id, what string, is func(status.Tier) bool) status.Tier {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out := r.nomad.Observe(ctx, []string{id})
	defer func() {
		cancel()
		for range out {
		}
	}()
	var facts []status.JobFacts
	var last status.Tier
	again := time.NewTimer(time.Hour)
	for {
		select {
		case f, more := <-out:
			if !more {
				t.Fatalf("%s: not %s in time, last %+v", id, what, last)
			}
			if f.Err != nil {
				t.Fatal(f.Err)
			}
			facts = f.Jobs
		case <-again.C: // no news: only the time that status named has come
		}
		for _, tier := range status.Derive(status.Observation{Time: time.Now(), Jobs: facts}) {
			last = tier
			if is(tier) {
				return tier
			}
			if !tier.Until.IsZero() {
				again.Reset(time.Until(tier.Until) + time.Millisecond)
			}
		}
	}
}

func stopsChildren(t *testing.T, r *real) {
	dir := t.TempDir()
	s := newStack(t, "cron",
		[]job{{name: "tick", job: every(eachSecond), group: noSecondChance, task: "kill_signal = \"SIGTERM\"",
			script: fmt.Sprintf(`test -f %[1]s/go || { touch %[1]s/go; exit 0; }
trap 'sleep 0.7; touch %[1]s/ended; exit 0' TERM; touch %[1]s/runs; while :; do sleep 0.1; done`, dir)}})
	r.ok(t, s, release.Healthy)
	tier := r.until(t, "cron-tick", "with a run after another", func(tier status.Tier) bool {
		_, err := os.Stat(filepath.Join(dir, "runs"))
		return err == nil && len(tier.Instances) > 1 && tier.Instances[0].State == status.Starting
	})
	if tier.Instances[0].Child <= tier.Instances[1].Child || tier.Instances[1].State != status.Complete {
		t.Errorf("instances %+v", tier.Instances)
	}
	ev := &events{t: t}
	res, err := r.engine().Stop(t.Context(), release.StopOptions{Release: "cron", Timeout: 30 * time.Second}, ev)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ended")); err != nil {
		t.Error("stop did not wait until the run had ended by itself")
	}
	if len(res.Stopped) != 2 || res.Stopped[0] != "cron-tick" || res.Stopped[1] != tier.Instances[0].Child {
		t.Errorf("stopped %v, want the parent, then the run %s alone", res.Stopped, tier.Instances[0].Child)
	}
	for _, k := range r.children(t, "cron-tick") {
		if k.Status != "dead" {
			t.Errorf("child %s is %s after stop", k.ID, k.Status)
		}
	}
	r.stop(t, "cron")
	if list, _, err := r.api.Jobs().List(&api.QueryOptions{Prefix: "cron-tick"}); err != nil || len(list) > 0 {
		t.Errorf("left after the purge: %d jobs, %v", len(list), err)
	}
}

func runsOfATier(t *testing.T, r *real) {
	mode := filepath.Join(t.TempDir(), "mode")
	say := func(what string) {
		t.Helper()
		if err := os.WriteFile(mode, []byte(what), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	say("exit 0")
	s := newStack(t, "runs", []job{{name: "tick", job: every(eachSecond), group: noSecondChance, script: ". " + mode}})
	t.Cleanup(func() { r.stop(t, "runs") })
	r.ok(t, s, release.Healthy)
	r.until(t, "runs-tick", "healthy", func(tier status.Tier) bool {
		return tier.State == status.Healthy && strings.Contains(tier.Reason, "succeeded in") && len(tier.Instances) == 3 && !tier.Next.IsZero()
	})
	say("exit 5")
	r.until(t, "runs-tick", "unhealthy", func(tier status.Tier) bool {
		return tier.State == status.Unhealthy && strings.Contains(tier.Reason, "failed: task main failed: exit code 5")
	})
	_, err, ev := r.run(t, s, release.RunOptions{})
	if err != nil || !strings.Contains(ev.text(), "tier tick of job runs-tick is unhealthy: the run of") {
		t.Errorf("run says nothing of the runs that fail: %v\n%s", err, ev.text())
	}
	say("exit 0")
	r.until(t, "runs-tick", "healthy again", func(tier status.Tier) bool { return tier.State == status.Healthy })
	say("trap 'exit 0' TERM; while :; do sleep 0.2; done")
	tier := r.until(t, "runs-tick", "late", func(tier status.Tier) bool {
		return tier.State == status.Unhealthy && strings.Contains(tier.Reason, "no run has succeeded for two periods")
	})
	if !strings.Contains(tier.Reason, "is starting: running") {
		t.Errorf("it does not say that a run hangs: %s", tier.Reason)
	}
}

func earlierFailure(t *testing.T, r *real) {
	version := func(script, cron string) []job {
		return []job{{name: "tick", job: every(cron), group: noSecondChance, script: script}, {name: "app", script: forever}}
	}
	t.Cleanup(func() { r.stop(t, "older") })
	r.ok(t, newStack(t, "older", version("exit 6", eachSecond)), release.Healthy)
	r.until(t, "older-tick", "unhealthy", func(tier status.Tier) bool { return tier.State == status.Unhealthy })
	res := r.ok(t, newStack(t, "older", version("exit 0", `cron = "0 3 * * *"`)), release.Healthy)
	if strings.Join(res.Submitted, " ") != "older-tick" {
		t.Errorf("submitted %v", res.Submitted)
	}
	r.until(t, "older-tick", "scheduled anew", func(tier status.Tier) bool {
		return tier.State == status.Scheduled && strings.Contains(tier.Reason, "of an earlier version, failed: task main failed: exit code 6")
	})
}

func gatedRun(t *testing.T, r *real) {
	open := filepath.Join(t.TempDir(), "open")
	s := newStack(t, "wait", []job{{name: "tick", job: every(`crons = ["*/3 * * * * * *"]`), group: noSecondChance + "\n" + gateTask(open), script: "exit 0"}},
		[]job{{name: "app", script: forever}})
	t.Cleanup(func() { r.stop(t, "wait") })
	r.ok(t, s, release.Healthy) // the next wave does not wait for it
	r.until(t, "wait-tick", "waiting", func(tier status.Tier) bool {
		return tier.State == status.Waiting && strings.Contains(tier.Reason, "waiting for postgres: service gate-postgres has 0 passing instances")
	})
	r.until(t, "wait-tick", "late", func(tier status.Tier) bool {
		return tier.State == status.Unhealthy && strings.Contains(tier.Reason, "no run has succeeded for two periods") && strings.Contains(tier.Reason, "gate-postgres")
	})
	if err := os.WriteFile(open, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.until(t, "wait-tick", "healthy", func(tier status.Tier) bool { return tier.State == status.Healthy })
}

func parameterized(t *testing.T, r *real) {
	s := newStack(t, "disp", []job{{name: "load", job: "type = \"batch\"\n  parameterized {\n    meta_optional = [\"mode\"]\n  }", group: noSecondChance,
		script: `test "$NOMAD_META_mode" = short && exit 0; ` + forever}})
	r.ok(t, s, release.Healthy)
	r.ok(t, s, release.Unchanged)
	dispatch := func(mode string) string {
		t.Helper()
		resp, _, err := r.api.Jobs().Dispatch("disp-load", map[string]string{"mode": mode}, nil, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		return resp.DispatchedJobID
	}
	short := dispatch("short")
	tier := r.until(t, "disp-load", "run once", func(tier status.Tier) bool {
		return tier.State == status.Healthy && strings.Contains(tier.Reason, "succeeded")
	})
	if len(tier.Instances) != 1 || tier.Instances[0].Child != short {
		t.Errorf("instances %+v", tier.Instances)
	}
	dispatch("long")
	r.until(t, "disp-load", "running", func(tier status.Tier) bool { return strings.Contains(tier.Reason, "is starting: running") })
	r.stop(t, "disp")
	if list, _, err := r.api.Jobs().List(&api.QueryOptions{Prefix: "disp-load"}); err != nil || len(list) > 0 {
		t.Errorf("left after the purge: %d jobs, %v", len(list), err)
	}
}

func prunesChildren(t *testing.T, r *real) {
	t.Cleanup(func() { r.stop(t, "leave") })
	app := job{name: "app", script: forever}
	r.ok(t, newStack(t, "leave", []job{app, {name: "tick", job: every(eachSecond), script: forever}}), release.Healthy)
	r.until(t, "leave-tick", "running", func(tier status.Tier) bool {
		return len(tier.Instances) > 0 && tier.Instances[0].State == status.Starting && len(tier.Instances[0].Tasks) > 0
	})
	_, err, _ := r.run(t, newStack(t, "leave", []job{app}), release.RunOptions{})
	if err == nil || !strings.Contains(err.Error(), "leave-tick") || strings.Contains(err.Error(), "periodic-") {
		t.Errorf("the job that left is to be named without its children: %v", err)
	}
	res, err, _ := r.run(t, newStack(t, "leave", []job{app}), release.RunOptions{Prune: true})
	if err != nil || len(res.Stopped) != 2 {
		t.Errorf("stopped %v, error %v", res.Stopped, err)
	}
}
