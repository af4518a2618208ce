//go:build integration

package release_test

import (
	"strings"
	"testing"

	"github.com/packctl/packctl/internal/release"
)

func TestAgainstRealAgents(t *testing.T) {
	r := newReal(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *real)
	}{
		{"the second wave is submitted only when the first is healthy, and a second run submits nothing", ordered},
		{"a task that exits 1 is reported with tier, task, exit code and log", failing},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, r) })
	}
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
}

func failing(t *testing.T, r *real) {
	s := newStack(t, "bad", []job{{
		name:   "api",
		script: `echo starting up; echo "cannot open the config" >&2; exit 3`,
		group: `restart {
      attempts = 1
      delay    = "1s"
      interval = "1m"
      mode     = "fail"
    }
    reschedule {
      attempts  = 0
      unlimited = false
    }`,
	}})
	t.Cleanup(func() { r.stop(t, "bad") })
	res, err, _ := r.run(t, s, release.RunOptions{})
	if err == nil || res.Outcome != release.Failed || len(res.Failures) != 1 {
		t.Fatalf("outcome %q, error %v, failures %+v", res.Outcome, err, res.Failures)
	}
	f := res.Failures[0]
	if f.Tier != "api" || f.Task != "main" || f.ExitCode != 3 || !strings.Contains(strings.Join(f.Logs, "\n"), "cannot open the config") {
		t.Errorf("failure %+v", f)
	}
	t.Logf("%v\n%+v", err, f)
}
