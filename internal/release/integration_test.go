//go:build integration

package release_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/proc"
	"github.com/packctl/packctl/internal/release"
)

// TestAgainstRealAgents leaves how a run can end to TestOutcomes of package cli, which has each with its exit code.
func TestAgainstRealAgents(t *testing.T) {
	r := newReal(t)
	r.show(t, someAtOnce, []claim{
		{"the second wave is submitted only when the first is healthy, and a second run submits nothing", ordered},
		{"a task that exits 1 is reported with tier, task, exit code and log", failing},
		{"a failed job that did not change starts again on the next run, and then counts as unchanged", again},
		{"a changed group restarts alone", changedGroup},
		{"a waiting gate is told in its own words", waiting},
		{"what has no place is refused before anything is submitted", placement},
		{"a taken port is refused before anything is submitted, with its holder", takenPort},
		{"time runs out with the evidence so far", timesOut},
		{"a second run at the same time is told who is at work", lockedOut},
		{"a job of somebody else is refused before anything is submitted", foreign},
		{"a job that somebody changes during the run is a conflict", moved},
		{"a scaled group keeps its count", scaled},
		{"a job that left the pack is stopped when that was approved", pruned},
		{"credentials are made once, copied, kept, and never made anew over data", credentials},
		{"a supplied credential that is missing is asked for by its command", supplied},
		{"a system job is watched too", system},
		{"hooks run in order, each time anew, and between what they are named for", hooksInOrder},
		{"a failing hook before an upgrade changes nothing, and tells its exit code and log", failingPreHook},
		{"a hook after an upgrade that fails fails the run, and runs again on the next", failingPostHook},
		{"a hook that no node can run is found before anything is submitted", hookWithoutPlace},
		{"a rollback takes the schema back when it is told to, and only what is newer", takesTheSchemaBack},
		{"a hook before a release is destroyed keeps it when it fails, and is awaited", hooksBeforeTheEnd},
		{"canaries wait for a promotion, whatever the progress deadline, and go back or on", canaries},
		{"some jobs run alone, with the counts that an autoscaler has set since the plan", some},
		{"a migration runs beside the old version, and the old version goes on when it fails", migratesFirst},
	})
}

func ordered(t *testing.T, r *real) {
	s := newStack(t, "order",
		[]job{{name: "db", group: checked("order-db"), script: `sleep 3; touch $NOMAD_ALLOC_DIR/ready; ` + forever}},
		[]job{{name: "app", script: forever}, {name: "seed", job: `type = "batch"`, script: "sleep 1"}})
	t.Cleanup(func() { r.stop(t, "order") })
	res, err, ev := r.run(t, s, release.RunOptions{})
	if err != nil || res.Outcome != release.Healthy {
		t.Fatalf("outcome %q, error %v", res.Outcome, err)
	}
	if want := []string{"order-db", "order-app", "order-seed"}; strings.Join(res.Submitted, " ") != strings.Join(want, " ") {
		t.Errorf("submitted %v, want %v", res.Submitted, want)
	}
	if got := ev.reasons("db"); !strings.Contains(got, "not ready") {
		t.Errorf("the failing check's output was never shown:\n%s", got)
	}
	db, app := r.allocs(t, "order-db")[0], r.allocs(t, "order-app")[0]
	if healthy := db.DeploymentStatus.Timestamp.UnixNano(); app.CreateTime < healthy {
		t.Errorf("app was placed %dns before db was healthy", healthy-app.CreateTime)
	}
	before := len(r.allocs(t, "order-db")) + len(r.allocs(t, "order-app")) + len(r.allocs(t, "order-seed"))
	res = r.ok(t, s, release.Unchanged)
	after := len(r.allocs(t, "order-db")) + len(r.allocs(t, "order-app")) + len(r.allocs(t, "order-seed"))
	if len(res.Submitted) != 0 || before != after {
		t.Errorf("the second run submitted %v, allocations %d → %d", res.Submitted, before, after)
	}
	sub, _, err := r.api.Jobs().Submission("order-db", 0, nil)
	if err != nil || sub.Source != string(s.Jobs[0].Source) {
		t.Errorf("the rendered source did not go up with the job: %v", err)
	}
}

const noSecondChance = `restart {
      attempts = 0
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }`

func failing(t *testing.T, r *real) {
	s := newStack(t, "bad", []job{{
		name:   "api",
		script: `echo starting up; echo "cannot open the config" >&2; exit 3`,
		group:  strings.Replace(noSecondChance, "attempts = 0", "attempts = 1\n delay = \"1s\"\n interval = \"1m\"", 1),
	}}, []job{{name: "front", script: forever}})
	t.Cleanup(func() { r.stop(t, "bad") })
	res, err, _ := r.run(t, s, release.RunOptions{})
	failed(t, res, err, release.Failed, "api", "main", 3, "cannot open the config", "starting up")
	if strings.Join(res.Submitted, " ") != "bad-api" {
		t.Errorf("submitted %v: the second wave must not follow a failed one", res.Submitted)
	}
}

// failed checks an outcome with the one failure that belongs to it.
func failed(t *testing.T, res *release.Result, err error, want release.Outcome, tier, task string, code int, logs ...string) {
	t.Helper()
	var typed *release.Error
	if !errors.As(err, &typed) || typed.Outcome != want || res.Outcome != want || len(res.Failures) != 1 {
		t.Fatalf("outcome %q, error %v, failures %+v, want %q", res.Outcome, err, res.Failures, want)
	}
	f := res.Failures[0]
	if f.Tier != tier || f.Task != task || f.ExitCode != code || f.Alloc == "" || f.Node == "" || f.Reason == "" {
		t.Errorf("failure %+v", f)
	}
	for _, line := range logs {
		if !strings.Contains(strings.Join(f.Logs, "\n"), line) {
			t.Errorf("the log lacks %q: %q", line, f.Logs)
		}
	}
	t.Logf("told as: %v\nfailure: %+v", err, f)
}

func again(t *testing.T, r *real) {
	cause := filepath.Join(t.TempDir(), "mended")
	s := newStack(t, "again", []job{{name: "api", group: noSecondChance, script: `test -f ` + cause + ` || exit 4; ` + forever}})
	t.Cleanup(func() { r.stop(t, "again") })
	res, err, _ := r.run(t, s, release.RunOptions{})
	failed(t, res, err, release.Failed, "api", "main", 4)
	res, err, _ = r.run(t, s, release.RunOptions{})
	failed(t, res, err, release.Failed, "api", "main", 4)
	if err := os.WriteFile(cause, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r.ok(t, s, release.Healthy)
	n := len(r.allocs(t, "again-api"))
	r.ok(t, s, release.Unchanged)
	if m := len(r.allocs(t, "again-api")); m != n {
		t.Errorf("the unchanged run made %d allocations", m-n)
	}
}

func changedGroup(t *testing.T, r *real) {
	two := func(level string) *stack.Stack {
		return newStack(t, "two", []job{
			{name: "db", script: forever},
			{name: "app", script: forever, task: `env { LEVEL = "` + level + `" }`},
		})
	}
	t.Cleanup(func() { r.stop(t, "two") })
	r.ok(t, two("info"), release.Healthy)
	db, app := r.allocs(t, "two-db")[0].ID, r.allocs(t, "two-app")[0].ID
	res := r.ok(t, two("debug"), release.Healthy)
	if strings.Join(res.Submitted, " ") != "two-app" {
		t.Errorf("submitted %v", res.Submitted)
	}
	if list := r.allocs(t, "two-db"); len(list) != 1 || list[0].ID != db {
		t.Error("the database was restarted")
	}
	for _, a := range r.allocs(t, "two-app") {
		if a.ID == app && a.DesiredStatus == "run" {
			t.Error("the changed app still runs as it was")
		}
	}
}

// gateTask stands in for the prestart task: it says that it waits until a file appears.
func gateTask(until string) string {
	return fmt.Sprintf(`task "prepare" {
      driver = "raw_exec"
      lifecycle {
        hook = "prestart"
      }
      config {
        command = "/bin/sh"
        args    = ["-c", <<EOT
say() { echo "{\"phase\":\"$1\",\"since\":\"2026-01-02T03:04:05Z\",\"reason\":\"$2\"}" > $NOMAD_ALLOC_DIR/p; mv $NOMAD_ALLOC_DIR/p $NOMAD_ALLOC_DIR/packctl-prepare.json; }
say waiting "waiting for postgres: service gate-postgres has 0 passing instances"
while ! test -f %[1]s; do sleep 0.1; done
say migrating "migrating schema"
sleep 2
say done ""
EOT
        ]
      }
      resources {
        cpu    = 20
        memory = 20
      }
    }`, until)
}

func waiting(t *testing.T, r *real) {
	open := filepath.Join(t.TempDir(), "open")
	s := newStack(t, "gate", []job{{name: "app", script: forever, group: gateTask(open)}})
	t.Cleanup(func() { r.stop(t, "gate") })
	ev := &events{t: t}
	ev.on = func(release.Event) {
		if strings.Contains(ev.reasons("app"), "waiting: waiting for postgres: service gate-postgres has 0 passing instances") {
			if err := os.WriteFile(open, nil, 0o600); err != nil {
				t.Error(err)
			}
		}
	}
	res, err := r.engine().Run(t.Context(), s, release.RunOptions{Timeout: 30 * time.Second}, ev)
	if err != nil || res.Outcome != release.Healthy {
		t.Fatalf("outcome %q, error %v\n%s", res.Outcome, err, ev.reasons("app"))
	}
	if got := ev.reasons("app"); !strings.Contains(got, "migrating: migrating schema") {
		t.Errorf("the migration was never shown:\n%s", got)
	}
}

func placement(t *testing.T, r *real) {
	s := newStack(t, "place", []job{{name: "ok", script: forever}}, []job{{name: "big", script: forever, group: `constraint {
      attribute = "${attr.kernel.name}"
      value     = "plan9"
    }`}})
	res, err, _ := r.run(t, s, release.RunOptions{})
	refused(t, r, res, err, release.Failed, "place-ok", "tier big", "plan9", "jobs/big.nomad.hcl")
}

// refused checks that a run ended before it submitted anything.
func refused(t *testing.T, r *real, res *release.Result, err error, want release.Outcome, job string, words ...string) {
	t.Helper()
	var typed *release.Error
	if !errors.As(err, &typed) || res.Outcome != want || typed.Hint == "" {
		t.Fatalf("outcome %q, error %v, want %q with a hint", res.Outcome, err, want)
	}
	for _, w := range words {
		if !strings.Contains(err.Error()+"\n"+typed.Hint, w) {
			t.Errorf("it does not say %q: %v\n%s", w, err, typed.Hint)
		}
	}
	if list := r.allocs(t, job); len(list) > 0 || len(res.Submitted) > 0 {
		t.Errorf("it submitted %v", res.Submitted)
	}
	t.Logf("told as: %v\nhint: %s", err, typed.Hint)
}

// localPorts is what internal/cli has, too.
type localPorts struct{}

func (localPorts) Taken(address string, port int) (string, bool) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, fmt.Sprint(port)))
	if err != nil {
		return proc.Listener(port), true
	}
	return "", l.Close() != nil
}

func takenPort(t *testing.T, r *real) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	s := newStack(t, "port", []job{{name: "front", script: forever, group: fmt.Sprintf(`network {
      port "https" {
        static = %d
      }
    }`, port)}})
	e := release.New(release.Deps{Nomad: r.nomad, Health: r.consul, Local: localPorts{}, Owner: "the test"})
	res, err := e.Run(t.Context(), s, release.RunOptions{}, &events{t: t})
	refused(t, r, res, err, release.Failed, "port-front", fmt.Sprint(port), "https", fmt.Sprintf("process %d", os.Getpid()), "variable")
}

func timesOut(t *testing.T, r *real) {
	s := newStack(t, "slow", []job{{name: "app", script: forever, group: gateTask("/nonexistent")}})
	t.Cleanup(func() { r.stop(t, "slow") })
	res, err, _ := r.run(t, s, release.RunOptions{Timeout: 5 * time.Second})
	failed(t, res, err, release.TimedOut, "app", "prepare", 0)
	if !strings.Contains(err.Error(), "waiting for postgres") {
		t.Errorf("it does not say what is waited for: %v", err)
	}
}

func lockedOut(t *testing.T, r *real) {
	lock, err := r.nomad.Lock(t.Context(), "packctl/releases/held/lock", "ann@laptop, pid 4711")
	if err != nil {
		t.Fatal(err)
	}
	s := newStack(t, "held", []job{{name: "app", script: forever}})
	res, err, _ := r.run(t, s, release.RunOptions{})
	refused(t, r, res, err, release.Locked, "held-app", "ann@laptop, pid 4711")
	if err := lock.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.stop(t, "held") })
	r.ok(t, s, release.Healthy)
}

func foreign(t *testing.T, r *real) {
	mine := newStack(t, "theirs", []job{{name: "app", script: forever}}, []job{{name: "web", script: forever}})
	their := newStack(t, "theirs", []job{{name: "web", script: forever}}).Jobs[0].API
	their.Meta = map[string]string{"owner": "somebody"}
	if _, _, err := r.api.Jobs().Register(their, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = r.api.Jobs().Deregister("theirs-web", true, nil) })
	res, err, _ := r.run(t, mine, release.RunOptions{})
	refused(t, r, res, err, release.Conflict, "theirs-app", "theirs-web", "--name")
}

func moved(t *testing.T, r *real) {
	s := newStack(t, "moved", []job{{name: "app", script: forever, group: gateTask("/nonexistent")}})
	t.Cleanup(func() { r.stop(t, "moved") })
	done := false
	ev := &events{t: t, on: func(ev release.Event) {
		if done || len(ev.Tiers) == 0 || ev.Tiers[0].State != "waiting" {
			return
		}
		done = true
		other := newStack(t, "moved", []job{{name: "app", script: forever, task: `env { A = "b" }`}}).Jobs[0].API
		if _, _, err := r.api.Jobs().Register(other, nil); err != nil {
			t.Error(err)
		}
	}}
	res, err := r.engine().Run(t.Context(), s, release.RunOptions{Timeout: 30 * time.Second}, ev)
	if err == nil || res.Outcome != release.Conflict {
		t.Fatalf("outcome %q, error %v", res.Outcome, err)
	}
}

func scaled(t *testing.T, r *real) {
	s := newStack(t, "scale", []job{{name: "worker", script: forever, group: `count = 1
    scaling {
      min = 1
      max = 3
    }`}})
	t.Cleanup(func() { r.stop(t, "scale") })
	r.ok(t, s, release.Healthy)
	three := 3
	if _, _, err := r.api.Jobs().Scale("scale-worker", "worker", &three, "by hand", false, nil, nil); err != nil {
		t.Fatal(err)
	}
	r.ok(t, s, release.Unchanged)
	if j, err := r.nomad.Job(t.Context(), "scale-worker"); err != nil || *j.TaskGroups[0].Count != 3 {
		t.Errorf("the count was reset: %v", err)
	}
}

func pruned(t *testing.T, r *real) {
	t.Cleanup(func() { r.stop(t, "prune") })
	r.ok(t, newStack(t, "prune", []job{{name: "a", script: forever}, {name: "b", script: forever}}), release.Healthy)
	one := newStack(t, "prune", []job{{name: "a", script: forever}})
	refuse, err, _ := r.run(t, one, release.RunOptions{})
	if err == nil || refuse.Outcome != release.Refused || !strings.Contains(err.Error(), "stops job prune-b") {
		t.Errorf("outcome %q, error %v: nobody approved that a job is stopped", refuse.Outcome, err)
	}
	res, err, _ := r.run(t, one, release.RunOptions{Prune: true})
	if err != nil || strings.Join(res.Stopped, " ") != "prune-b" {
		t.Errorf("stopped %v, error %v", res.Stopped, err)
	}
	if j, err := r.nomad.Job(t.Context(), "prune-b"); err != nil || !*j.Stop {
		t.Errorf("the job that left still runs: %v", err)
	}
}

func credentials(t *testing.T, r *real) {
	s := newStack(t, "cred", []job{{name: "db", script: forever}}, []job{{name: "app", group: noSecondChance,
		script: `echo "connecting with $PASSWORD"; echo $PASSWORD >&2; ` + forever,
		task: `template {
        destination = "secrets/env"
        env         = true
        data        = <<EOT
{{ with nomadVar "nomad/jobs/cred-app" }}PASSWORD={{ .db }}{{ end }}
EOT
      }`}})
	s.Credentials = []stack.Credential{
		{Name: "db", Generate: true, Password: &stack.Password{Length: 24}, Readers: []string{"cred-app", "cred-db"}, Volumes: []string{"cred-data"}},
		{Name: "tls", Generate: true, Certificate: &stack.Certificate{CommonName: "localhost", DNSNames: []string{"localhost"}, IPs: []string{"127.0.0.1"}}, Readers: []string{"cred-app"}},
	}
	s.Volumes = []stack.Volume{{Label: "data", Spec: &api.HostVolume{Name: "cred-data", PluginID: "mkdir",
		RequestedCapabilities: []*api.HostVolumeCapability{{AccessMode: "single-node-writer", AttachmentMode: "file-system"}}}}}
	t.Cleanup(func() {
		r.stop(t, "cred")
		for _, path := range []string{"nomad/jobs/cred-app", "nomad/jobs/cred-db"} {
			_, _ = r.api.Variables().Delete(path, nil)
		}
	})
	_, err, ev := r.run(t, s, release.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(path, key string) string {
		v, _, err := r.api.Variables().Peek(path, nil)
		if err != nil || v == nil {
			t.Fatalf("%s: %v", path, err)
		}
		return v.Items[key]
	}
	password := at("nomad/jobs/cred-app", "db")
	if len(password) != 24 || at("nomad/jobs/cred-db", "db") != password || at("nomad/jobs/cred-app", "tls_key") == "" {
		t.Error("the credentials are not at their readers")
	}
	if strings.Contains(ev.text(), password) {
		t.Error("the password was told")
	}
	r.ok(t, s, release.Unchanged)
	if at("nomad/jobs/cred-app", "db") != password {
		t.Error("the password was changed")
	}

	if _, err := r.api.Variables().Delete("nomad/jobs/cred-db", nil); err != nil { // one copy is enough
		t.Fatal(err)
	}
	r.ok(t, s, release.Unchanged)
	if at("nomad/jobs/cred-db", "db") != password {
		t.Error("the password was not copied back")
	}

	bad := newStack(t, "cred", []job{{name: "db", script: forever}}, []job{{name: "app", group: noSecondChance,
		script: `echo "bad login with $PASSWORD"; exit 1`, task: `template {
        destination = "secrets/env"
        env         = true
        data        = <<EOT
{{ with nomadVar "nomad/jobs/cred-app" }}PASSWORD={{ .db }}{{ end }}
EOT
      }`}})
	bad.Credentials, bad.Volumes = s.Credentials, s.Volumes
	res, err, _ := r.run(t, bad, release.RunOptions{})
	failed(t, res, err, release.Failed, "app", "main", 1, "bad login with [redacted]")

	for _, path := range []string{"nomad/jobs/cred-app", "nomad/jobs/cred-db"} {
		if _, err := r.api.Variables().Delete(path, nil); err != nil {
			t.Fatal(err)
		}
	}
	res, err, _ = r.run(t, s, release.RunOptions{})
	if err == nil || res.Outcome != release.Failed || len(res.Submitted) > 0 || !strings.Contains(err.Error(), "volume cred-data exists") {
		t.Errorf("a lost password over data: outcome %q, error %v", res.Outcome, err)
	}
	if v, _, err := r.api.Variables().Peek("nomad/jobs/cred-app", nil); err != nil || v != nil {
		t.Errorf("something was written: %v, %v", v, err)
	}
}

func supplied(t *testing.T, r *real) {
	s := newStack(t, "given", []job{{name: "app", script: forever}})
	s.Credentials = []stack.Credential{{Name: "tls", Certificate: &stack.Certificate{}, Readers: []string{"given-app"}}}
	res, err, _ := r.run(t, s, release.RunOptions{})
	refused(t, r, res, err, release.Failed, "given-app", "nomad var put nomad/jobs/given-app tls_certificate=… tls_key=…")
}

func system(t *testing.T, r *real) {
	s := newStack(t, "sys", []job{{name: "agent", job: `type = "system"`, script: forever}})
	t.Cleanup(func() { r.stop(t, "sys") })
	r.ok(t, s, release.Healthy)
	r.ok(t, s, release.Unchanged)
}
