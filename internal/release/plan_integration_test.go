//go:build integration

package release_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

func TestPlansAgainstRealAgents(t *testing.T) {
	r := newReal(t, `client { host_network "one" { cidr = "127.0.0.1/32" } }`) // one address, so that ports can clash
	r.show(t, someAtOnce, []claim{
		{"a plan says what the run then does, field by field", planned},
		{"a plan shows what has no place, and the port that clashes", planRefused},
		{"jobs of two namespaces are one release", twoNamespaces},
		{"five jobs are submitted in the same order each time, none before what it waits for is healthy", sameOrder},
		{"a count that an autoscaler set survives a run that changes another tier's count in the same job", autoscaled},
		{"what was changed by hand is shown, and undone when that was approved", driftByHand},
		{"a plan in a file is done once, and refused after a change by hand, which diff shows", planInFile},
		{"a job of nobody is taken over when that was approved, and then the release's", adopting},
	})
}

// plan plans a stack and fails the test on an error.
func (r *real) plan(t *testing.T, s *stack.Stack) *release.Plan {
	t.Helper()
	plan, err := r.engine().Plan(t.Context(), s, release.RunOptions{}, &events{t: t})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// actions are what becomes of each job, "update plan-app" and so on.
func actions(p *release.Plan) string {
	var out []string
	for _, j := range p.Jobs {
		out = append(out, string(j.Action)+" "+j.ID)
	}
	return strings.Join(out, ", ")
}

// fields are a tier's changes, "~count: 1 > 2".
func fields(t release.TierPlan) string {
	var out []string
	for _, f := range t.Fields {
		out = append(out, f.Path+": "+f.Old+" > "+f.New)
	}
	return strings.Join(out, "\n")
}

func planned(t *testing.T, r *real) {
	make := func(level, tag string, count string) *stack.Stack {
		return newStack(t, "plan",
			[]job{{name: "db", script: forever, group: strings.Replace(`service {
      name = "plan-db"
      tags = ["TAG"]
    }`, "TAG", tag, 1)}},
			[]job{{name: "app", script: forever, task: `env { LEVEL = "` + level + `" }`, group: "count = " + count}})
	}
	t.Cleanup(func() { r.stop(t, "plan") })
	s := make("info", "v1", "1")
	if got := actions(r.plan(t, s)); got != "create plan-db, create plan-app" {
		t.Errorf("first: %s", got)
	}
	r.ok(t, s, release.Healthy)
	if p := r.plan(t, s); p.Changes || actions(p) != "unchanged plan-db, unchanged plan-app" {
		t.Errorf("the same again: %s", actions(p))
	}
	before := len(r.allocs(t, "plan-db"))
	s = make("debug", "v2", "2")
	p := r.plan(t, s)
	if got := actions(p); got != "in-place plan-db, update plan-app" || len(p.Waves) != 2 {
		t.Errorf("changed: %s in waves %v", got, p.Waves)
	}
	db, app := p.Jobs[0].Tiers[0], p.Jobs[1].Tiers[0]
	if db.InPlace != 1 || !strings.Contains(fields(db), "v1") || !strings.Contains(fields(db), "v2") {
		t.Errorf("db: %+v", db)
	}
	if app.Replace != 1 || app.Place != 1 || !strings.Contains(fields(app), "task.main.env.LEVEL: info > debug") || !strings.Contains(fields(app), "count: 1 > 2") {
		t.Errorf("app: %+v", app)
	}
	res := r.ok(t, s, release.Healthy)
	if len(res.Submitted) != 2 || len(r.allocs(t, "plan-db")) != before || len(r.allocs(t, "plan-app")) != 3 {
		t.Errorf("submitted %v; allocations: db %d → %d, app %d, not 3", res.Submitted, before, len(r.allocs(t, "plan-db")), len(r.allocs(t, "plan-app")))
	}
	if p := r.plan(t, newStack(t, "plan", []job{{name: "app", script: forever, task: `env { LEVEL = "debug" }`, group: "count = 2"}})); actions(p) != "unchanged plan-app, prune plan-db" {
		t.Errorf("without db: %s", actions(p))
	}
}

func planRefused(t *testing.T, r *real) {
	port := `network {
      port "http" {
        static       = 23417
        host_network = "one"
      }
    }`
	t.Cleanup(func() { r.stop(t, "clash") })
	r.ok(t, newStack(t, "clash", []job{{name: "holder", script: forever, group: port}}), release.Healthy)
	s := newStack(t, "refuse", []job{{name: "web", script: forever, group: port}, {name: "big", script: forever, group: `constraint {
      attribute = "${attr.kernel.name}"
      value     = "plan9"
    }`}})
	withHook(t, s, job{name: "smoke", script: "true", group: `constraint {
      attribute = "${attr.cpu.arch}"
      value     = "vax"
    }`}, spec.PostInstall)
	plan, err := r.engine().Plan(t.Context(), s, release.RunOptions{}, &events{t: t})
	if err == nil || len(plan.Problems) != 3 || len(plan.Hooks) != 1 || actions(plan) != "create refuse-web, create refuse-big" {
		t.Fatalf("%s; problems %+v, error %v", actions(plan), plan.Problems, err)
	}
	for i, words := range []string{"reserved port collision http=23417", "plan9", "hook smoke of post-install: tier smoke of job refuse-smoke"} {
		if got := plan.Problems[i]; !strings.Contains(got.Message, words) || got.Hint == "" {
			t.Errorf("%+v", got)
		}
	}
	res, err, _ := r.run(t, s, release.RunOptions{})
	refused(t, r, res, err, release.Failed, "refuse-web", "23417", "plan9")
}

func twoNamespaces(t *testing.T, r *real) {
	if _, err := r.api.Namespaces().Register(&api.Namespace{Name: "other"}, nil); err != nil {
		t.Fatal(err)
	}
	other := func(q *api.QueryOptions) *api.QueryOptions { q.Namespace = "other"; return q }(&api.QueryOptions{})
	make := func(level string) *stack.Stack {
		s := newStack(t, "spaces",
			[]job{{name: "db", script: forever, group: checkedNow("spaces-db")}},
			[]job{{name: "app", job: `namespace = "other"`, script: `echo "level $LEVEL, password of $(printf %s "$PASSWORD" | wc -c)"; ` + forever, task: `env { LEVEL = "` + level + `" }
      template {
        destination = "secrets/env"
        env         = true
        data        = <<EOT
{{ with nomadVar "nomad/jobs/spaces-app" }}PASSWORD={{ .db }}{{ end }}
EOT
      }`}})
		s.Credentials = []stack.Credential{{Name: "db", Generate: true, Password: &stack.Password{Length: 24}, Readers: []string{"spaces-app", "spaces-db"}}}
		return s
	}
	s := make("info")
	r.ok(t, s, release.Healthy)
	if j, _, err := r.api.Jobs().Info("spaces-app", other); err != nil || *j.Namespace != "other" {
		t.Fatalf("the job is not in its own namespace: %v", err)
	}
	if _, _, err := r.api.Jobs().Info("spaces-app", nil); err == nil {
		t.Error("the job is in the release's namespace too")
	}
	v, _, err := r.api.Variables().Read("nomad/jobs/spaces-app", other)
	if err != nil || len(v.Items["db"]) != 24 {
		t.Errorf("the credential is not where the job may read it: %v", err)
	}
	r.ok(t, s, release.Unchanged)
	s = make("debug")
	if p := r.plan(t, s); actions(p) != "unchanged spaces-db, update spaces-app" || p.Jobs[1].Namespace != "other" {
		t.Errorf("%s in %s", actions(p), p.Jobs[1].Namespace)
	}
	r.ok(t, s, release.Healthy)
	if _, err := r.engine().Scale(t.Context(), release.ScaleOptions{Release: "spaces", Namespace: "default",
		Targets: []release.Target{{Tier: "app", Count: 2}}, Timeout: time.Minute}, &events{t: t}); err != nil {
		t.Errorf("scale: %v", err)
	}
	sink := &lineSink{}
	if err := r.engine().Logs(t.Context(), release.LogOptions{Release: "spaces", Tail: 100}, sink); err != nil || !strings.Contains(sink.String(), "level debug, password of 24") {
		t.Errorf("logs: %v\n%s", err, sink)
	}
	one := newStack(t, "spaces", []job{{name: "db", script: forever, group: checkedNow("spaces-db")}})
	if p := r.plan(t, one); actions(p) != "unchanged spaces-db, prune spaces-app" || p.Jobs[1].Namespace != "other" {
		t.Errorf("%s in %s", actions(p), p.Jobs[1].Namespace)
	}
	if res, err := r.engine().Stop(t.Context(), release.StopOptions{Release: "spaces", Namespace: "default", Purge: true, Timeout: time.Minute}, &events{t: t}); err != nil || len(res.Stopped) != 2 {
		t.Errorf("stopped %v: %v", res.Stopped, err)
	}
	if list, _, err := r.api.Jobs().List(other); err != nil || len(list) != 0 {
		t.Errorf("left in the other namespace: %v, %v", list, err)
	}
}

// checkedNow is a service whose check passes.
func checkedNow(name string) string {
	return fmt.Sprintf(`service {
      name = %q
      check {
        type     = "script"
        task     = "main"
        command  = "/bin/true"
        interval = "1s"
        timeout  = "1s"
      }
    }`, name)
}

// lineSink keeps the lines of logs.
type lineSink struct{ text strings.Builder }

func (l *lineSink) Lines(list []release.LogLine) error {
	for _, line := range list {
		fmt.Fprintf(&l.text, "%+v\n", line)
	}
	return nil
}

func (l *lineSink) Notice(text string) { l.text.WriteString(text + "\n") }

func (l *lineSink) String() string { return l.text.String() }

func driftByHand(t *testing.T, r *real) {
	make := func(level string) *stack.Stack {
		return newStack(t, "drift", []job{{name: "app", script: forever, task: `env { LEVEL = "` + level + `" }`, group: "count = 1"},
			{name: "queue", script: forever, group: "count = 1\n scaling {\n max = 5\n }"}})
	}
	t.Cleanup(func() { r.stop(t, "drift") })
	r.ok(t, make("info"), release.Healthy)
	hand, _, err := r.api.Jobs().Info("drift-app", nil)
	if err != nil {
		t.Fatal(err)
	}
	hand.TaskGroups[0].Tasks[0].Env["LEVEL"] = "trace"
	if _, _, err := r.api.Jobs().Register(hand, nil); err != nil {
		t.Fatal(err)
	}
	three := 3
	if _, _, err := r.api.Jobs().Scale("drift-queue", "queue", &three, "an autoscaler", false, nil, nil); err != nil {
		t.Fatal(err)
	}
	p := r.plan(t, make("debug"))
	if d := p.Jobs[0].Drift; len(d) != 1 || d[0].Path != "group.app.task.main.env.LEVEL" || d[0].Old != "info" || d[0].New != "trace" {
		t.Errorf("drift %+v", d)
	}
	if len(p.Jobs[1].Drift) != 0 || len(p.Kept) != 1 || p.Kept[0].Kept != 3 {
		t.Errorf("a count that an autoscaler owns is no drift: %+v, kept %+v", p.Jobs[1].Drift, p.Kept)
	}
	res, err, _ := r.run(t, make("debug"), release.RunOptions{})
	if err == nil || res.Outcome != release.Refused || !strings.Contains(err.Error(), "env.LEVEL") {
		t.Errorf("outcome %q, error %v", res.Outcome, err)
	}
	if p := r.plan(t, make("trace")); len(p.Approvals) != 0 || actions(p) != "unchanged drift-app, unchanged drift-queue" {
		t.Errorf("the pack took the change over: %s, %+v", actions(p), p.Approvals)
	}
	if res, err, _ := r.run(t, make("debug"), release.RunOptions{AutoApprove: true}); err != nil || len(res.Submitted) != 1 {
		t.Errorf("approved: %v, %v", res.Submitted, err)
	}
	if p := r.plan(t, make("debug")); p.Changes || len(p.Jobs[0].Drift) != 0 {
		t.Errorf("afterwards: %s, drift %+v", actions(p), p.Jobs[0].Drift)
	}
}

func adopting(t *testing.T, r *real) {
	s := newStack(t, "adopt", []job{{name: "app", script: forever}})
	their := newStack(t, "adopt", []job{{name: "app", script: "echo theirs; " + forever}}).Jobs[0].API
	their.Meta = map[string]string{"owner": "somebody"}
	if _, _, err := r.api.Jobs().Register(their, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.stop(t, "adopt") })
	res, err, _ := r.run(t, s, release.RunOptions{AutoApprove: true})
	if err == nil || res.Outcome != release.Conflict {
		t.Errorf("without adopt: %q, %v", res.Outcome, err)
	}
	asked := ""
	yes := func(_ context.Context, p *release.Plan) (bool, error) {
		asked = p.Approvals[0].Text + "\n" + fields(p.Jobs[0].Tiers[0])
		return true, nil
	}
	res, err, _ = r.run(t, s, release.RunOptions{Adopt: true, Approve: yes})
	if err != nil || res.Outcome != release.Healthy || !strings.Contains(asked, "was not made by packctl") || !strings.Contains(asked, "theirs") {
		t.Errorf("adopted: %q, %v; asked %q", res.Outcome, err, asked)
	}
	r.ok(t, s, release.Unchanged)
}

func sameOrder(t *testing.T, r *real) {
	t.Cleanup(func() { r.stop(t, "five") })
	waves := [][]string{{"cache", "db"}, {"api", "worker"}, {"front"}}
	for i := range 3 {
		var jobs [][]job
		for _, wave := range waves {
			var list []job
			for _, name := range wave {
				list = append(list, job{name: name, script: forever, task: fmt.Sprintf("env { LEVEL = \"%d\" }", i), update: quick})
			}
			jobs = append(jobs, list)
		}
		res, err, _ := r.run(t, newStack(t, "five", jobs...), release.RunOptions{})
		if got := strings.Join(res.Submitted, " "); err != nil || got != "five-cache five-db five-api five-worker five-front" {
			t.Fatalf("run %d submitted %s: %v", i, got, err)
		}
		var before time.Time // when the last of the earlier waves was healthy, by Nomad's own word
		for _, wave := range waves {
			healthy := before
			for _, name := range wave {
				submitted, since := r.since(t, "five-"+name)
				if submitted.Before(before) {
					t.Errorf("run %d: %s was submitted %s before what it waits for was healthy", i, name, before.Sub(submitted))
				}
				if since.After(healthy) {
					healthy = since
				}
			}
			before = healthy
		}
	}
}

// since is when a job's version was submitted, and when its one allocation was healthy.
func (r *real) since(t *testing.T, id string) (submitted, healthy time.Time) {
	t.Helper()
	j, err := r.nomad.Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range r.allocs(t, id) {
		if a.JobVersion == *j.Version && a.DesiredStatus == "run" {
			return time.Unix(0, *j.SubmitTime), a.DeploymentStatus.Timestamp
		}
	}
	t.Fatalf("nothing runs of %s", id)
	return
}

func autoscaled(t *testing.T, r *real) {
	make := func(count string) *stack.Stack {
		return newStack(t, "auto", []job{{name: "queue", script: forever, group: "count = 1\n scaling {\n max = 5\n }", job: `group "web" {
    count = ` + count + `
    task "main" {
      driver = "raw_exec"
      config {
        command = "/bin/sleep"
        args    = ["1000"]
      }
      kill_timeout = "1s"
      resources {
        cpu    = 20
        memory = 20
      }
    }
  }`}})
	}
	t.Cleanup(func() { r.stop(t, "auto") })
	r.ok(t, make("1"), release.Healthy)
	three := 3
	if _, _, err := r.api.Jobs().Scale("auto-queue", "queue", &three, "an autoscaler", false, nil, nil); err != nil {
		t.Fatal(err)
	}
	r.ok(t, make("2"), release.Healthy)
	j, err := r.nomad.Job(t.Context(), "auto-queue")
	if err != nil {
		t.Fatal(err)
	}
	if queue, web := *j.LookupTaskGroup("queue").Count, *j.LookupTaskGroup("web").Count; queue != 3 || web != 2 {
		t.Errorf("queue has %d and web %d instances, want 3, as the autoscaler set it, and 2, as the pack has it", queue, web)
	}
}
