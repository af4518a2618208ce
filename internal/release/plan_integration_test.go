//go:build integration

package release_test

import (
	"strings"
	"testing"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

func TestPlansAgainstRealAgents(t *testing.T) {
	r := newReal(t, `client { host_network "one" { cidr = "127.0.0.1/32" } }`) // one address, so that ports can clash
	for _, c := range []struct {
		name string
		test func(*testing.T, *real)
	}{
		{"a plan says what the run then does, field by field", planned},
		{"a plan shows what has no place, and the port that clashes", planRefused},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, r) })
	}
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
	plan, err := r.engine().Plan(t.Context(), s, release.RunOptions{}, &events{t: t})
	if err == nil || len(plan.Problems) != 2 || actions(plan) != "create refuse-web, create refuse-big" {
		t.Fatalf("%s; problems %+v, error %v", actions(plan), plan.Problems, err)
	}
	for i, words := range []string{"reserved port collision http=23417", "plan9"} {
		if got := plan.Problems[i]; !strings.Contains(got.Message, words) || got.Hint == "" {
			t.Errorf("%+v", got)
		}
	}
	res, err, _ := r.run(t, s, release.RunOptions{})
	refused(t, r, res, err, release.Failed, "refuse-web", "23417", "plan9")
}
