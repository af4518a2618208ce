package release

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

func TestAPlanListsTheHooksAndMigrationsOfTheRun(t *testing.T) {
	unfit := &api.AllocationMetric{ConstraintFiltered: map[string]int{"${attr.kernel.name} = plan9": 1}}
	full := &api.AllocationMetric{DimensionExhausted: map[string]int{"memory": 1}, NodesExhausted: 1}
	change := func(f *fake, s *stack.Stack) {
		f.have(s.Jobs[:2]...)
		s.Jobs[1].API.Name = ptr("changed")
	}
	for name, c := range map[string]struct {
		before   func(*fake, *stack.Stack)
		opt      RunOptions
		want     []string
		problems []string
	}{
		"an install": {before: func(*fake, *stack.Stack) {}, want: []string{"pre-install check check", "pre-install first first", "post-install smoke smoke"}},
		"an upgrade, with the migration of what is replaced": {before: func(f *fake, s *stack.Stack) {
			migrating(s, "api")
			change(f, s)
		}, want: []string{"pre-upgrade check check", "post-upgrade smoke smoke", "schema of api/api as api-migrate-api "}},
		"a migration that waits for what comes": {before: func(f *fake, s *stack.Stack) {
			migrating(s, "api", "shop-db")
			s.Jobs[0].API.TaskGroups[0].Services = []*api.Service{{Name: "shop-db"}}
			f.have(s.Jobs[1])
			s.Jobs[1].API.Name = ptr("changed")
		}, want: []string{"pre-upgrade check check", "post-upgrade smoke smoke", "schema of api/api as  it waits for shop-db, which comes with this change"}},
		"nothing changes":    {before: func(f *fake, s *stack.Stack) { f.have(s.Jobs[:2]...) }},
		"hooks are left out": {before: change, opt: RunOptions{NoHooks: true}},
		"nothing is watched": {before: change, opt: RunOptions{Detach: true}, want: []string{"pre-upgrade check check"}},
		"a driver that no node has": {before: func(f *fake, s *stack.Stack) {
			change(f, s)
			s.Job("smoke").API.TaskGroups[0].Tasks[0].Driver = "docker"
		}, want: []string{"pre-upgrade check check", "post-upgrade smoke smoke"}, problems: []string{"no node can run the driver docker, which smoke/main need"}},
		"a driver that jobs need, too": {before: func(f *fake, s *stack.Stack) {
			change(f, s)
			s.Job("smoke").API.TaskGroups[0].Tasks[0].Driver, s.Job("api").API.TaskGroups[0].Tasks[0].Driver = "docker", "docker"
		}, want: []string{"pre-upgrade check check", "post-upgrade smoke smoke"}, problems: []string{"no node can run the driver docker, which api/main need"}},
		"a hook that fits no node": {before: func(f *fake, s *stack.Stack) {
			change(f, s)
			f.failed = map[string]*api.AllocationMetric{"smoke": unfit}
		}, want: []string{"pre-upgrade check check", "post-upgrade smoke smoke"}, problems: []string{"hook smoke of post-upgrade: tier smoke of job smoke (jobs/smoke.nomad.hcl): no node can take it: constraint ${attr.kernel.name} = plan9"}},
		"a hook for which nodes are full": {before: func(f *fake, s *stack.Stack) {
			change(f, s)
			f.failed = map[string]*api.AllocationMetric{"smoke": full}
		}, want: []string{"pre-upgrade check check", "post-upgrade smoke smoke"}},
		"a hook that mounts what is made": {before: func(f *fake, s *stack.Stack) {
			change(f, s)
			s.Volumes = []stack.Volume{{Label: "data", Spec: &api.HostVolume{Name: "shop-data"}}}
			s.Job("smoke").API.TaskGroups[0].Volumes = map[string]*api.VolumeRequest{"data": {Source: "shop-data", Type: "host"}}
		}, want: []string{"pre-upgrade check check", "post-upgrade smoke smoke"}},
		"what does not run now has no part in it": {before: func(f *fake, s *stack.Stack) {
			f.have(s.Jobs[:2]...)
			f.failed = map[string]*api.AllocationMetric{"smoke": unfit}
			s.Job("smoke").API.TaskGroups[0].Tasks[0].Driver = "docker"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := newFake(), newStack([]string{"db"}, []string{"api"})
			f.moves = true
			addHook(s, "check", 0, spec.PreInstall, spec.PreUpgrade)
			addHook(s, "first", 0, spec.PreInstall)
			addHook(s, "smoke", 0, spec.PostInstall, spec.PostUpgrade, spec.Test)
			addHook(s, "other", 0, spec.PreRollback, spec.Test)
			c.before(f, s)
			plan, err := New(Deps{Nomad: f}).Plan(t.Context(), s, c.opt, &told{})
			want(t, f)
			var got, problems []string
			for _, h := range plan.Hooks {
				got = append(got, fmt.Sprintf("%s %s %s", h.Event, h.Name, h.Job))
			}
			for _, m := range plan.Migrations {
				got = append(got, fmt.Sprintf("%s of %s/%s as %s %s", m.Name, m.Job, m.Tier, m.As, m.Later))
			}
			for i, p := range plan.Problems {
				if problems = append(problems, p.Message); i < len(c.problems) && strings.HasPrefix(p.Message, c.problems[i]) {
					problems[i] = c.problems[i]
				}
			}
			if !slices.Equal(got, c.want) || !slices.Equal(problems, c.problems) || (err != nil) != (len(c.problems) > 0) {
				t.Errorf("got %q, want %q; problems %q, want %q; error %v", got, c.want, problems, c.problems, err)
			}
		})
	}
}

func TestAPlanListsTheHooksThatAreStillOwed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		addHook(s, "smoke", 0, spec.PostInstall)
		f.becomes = map[string]string{"smoke": "failed"}
		res, err, _ := do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Failed)
		plan, err := New(Deps{Nomad: f}).Plan(t.Context(), s, RunOptions{}, &told{})
		if err != nil || len(plan.Hooks) != 1 || plan.Hooks[0].Event != spec.PostInstall || plan.Changes {
			t.Errorf("%+v, %v", plan.Hooks, err)
		}
	})
}
