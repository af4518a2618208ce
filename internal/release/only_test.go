package release

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"
)

func TestARunOfSomeJobsLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := do(t, f, three("one"), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		f.calls = nil
		two := renamed(chained(newStack([]string{"db"}, []string{"api"})), "two") // no front any more
		res, err, _ = do(t, f, two, RunOptions{Only: []string{"api"}}, nil)
		wantOutcome(t, res, err, Healthy)
		want(t, f, "register api", "unlock")

		rev, m, err := New(Deps{Nomad: f}).Revision(t.Context(), "shop", 2)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, j := range m.Jobs {
			names = append(names, *j.Spec.Name)
		}
		if got := strings.Join(names, ", "); got != "db one, api two, front one" || !slices.Equal(rev.Submitted, []string{"api"}) || m.Waves != 3 {
			t.Errorf("revision 2 has %s, %+v", got, rev)
		}

		f.calls = nil
		res, err, _ = do(t, f, three("three"), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		f.calls = nil
		res, err, _ = back(t, f, RollbackOptions{Revision: 2}, nil)
		wantOutcome(t, res, err, Healthy)
		for id, name := range map[string]string{"db": "db one", "api": "api two", "front": "front one"} {
			if got := *f.jobs[id].Name; got != name {
				t.Errorf("rolled back to revision 2, job %s is %q, want %q", id, got, name)
			}
		}
	})
}

func TestWhatARunOfSomeJobsDoes(t *testing.T) {
	for name, c := range map[string]struct {
		only      []string
		installed bool
		before    func(*fake)
		outcome   Outcome
		words     []string
		calls     []string
	}{
		"a name that there is not":                  {[]string{"apis"}, true, nil, Refused, []string{`no job or tier "apis"`, "did you mean api?", "api, db, front"}, nil},
		"what it waits for runs":                    {[]string{"front"}, true, nil, Healthy, nil, []string{"register front", "unlock"}},
		"what it waits for does not run":            {[]string{"front", "db"}, false, nil, Refused, []string{"job front waits for service api of job api, which does not run"}, nil},
		"what it waits for is stopped":              {[]string{"api"}, true, func(f *fake) { _ = f.Deregister(t.Context(), "db", false) }, Refused, []string{"service db of job db"}, nil},
		"a new release, with all that it waits for": {[]string{"api", "db"}, false, nil, Healthy, nil, []string{"register db", "register api", "unlock"}},
		"the others may be broken":                  {[]string{"db"}, true, func(f *fake) { f.be("front", "failed") }, Healthy, nil, []string{"register db", "unlock"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				if c.installed {
					res, err, _ := do(t, f, three("one"), RunOptions{}, nil)
					wantOutcome(t, res, err, Healthy)
				}
				if c.before != nil {
					c.before(f)
				}
				f.calls = nil
				res, err, _ := do(t, f, three("two"), RunOptions{Only: c.only}, nil)
				wantOutcome(t, res, err, c.outcome, c.words...)
				want(t, f, c.calls...)
			})
		})
	}
}

func TestATierAloneIsRefusedWhenItsJobChangesBesides(t *testing.T) {
	edit := func(groups ...string) *api.JobDiff {
		d := &api.JobDiff{Type: "Edited"}
		for _, g := range groups {
			d.TaskGroups = append(d.TaskGroups, &api.TaskGroupDiff{Name: g, Type: "Edited", Fields: []*api.FieldDiff{{Type: "Edited", Name: "Count", Old: "1", New: "2"}}})
		}
		return d
	}
	for name, c := range map[string]struct {
		diff    *api.JobDiff
		outcome Outcome
		words   []string
	}{
		"":                     {edit("web"), Healthy, nil},
		"another tier changes": {edit("web", "queue"), Refused, []string{"tier web cannot be run alone", "tier queue"}},
		"its job changes": {&api.JobDiff{Type: "Edited", Fields: []*api.FieldDiff{{Type: "Edited", Name: "Priority", Old: "50", New: "60"}}, TaskGroups: edit("web").TaskGroups},
			Refused, []string{"priority"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				s := newStack([]string{"app"})
				queue := *s.Jobs[0].API.TaskGroups[0]
				s.Jobs[0].API.TaskGroups[0].Name, queue.Name = ptr("web"), ptr("queue")
				s.Jobs[0].API.TaskGroups = append(s.Jobs[0].API.TaskGroups, &queue)
				res, err, _ := do(t, f, s, RunOptions{}, nil)
				wantOutcome(t, res, err, Healthy)
				f.calls, f.diff = nil, c.diff
				res, err, _ = do(t, f, s, RunOptions{Only: []string{"web"}, AutoApprove: true}, nil)
				wantOutcome(t, res, err, c.outcome, c.words...)
			})
		})
	}
}

func TestARunOfSomeJobsGoesBackAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := do(t, f, three("one"), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		by := *f.jobs["db"]
		by.Name = ptr("db by hand")
		if _, err := f.Register(t.Context(), &by, nil, *f.jobs["db"].JobModifyIndex); err != nil {
			t.Fatal(err)
		}
		f.calls, f.becomes = nil, map[string]string{"front": "failed"}
		res, err, _ = do(t, f, three("two"), RunOptions{Only: []string{"front"}, Atomic: true}, func(e Event) {
			if e.Phase == PhaseRollback {
				f.becomes = nil
			}
		})
		wantOutcome(t, res, err, RolledBack)
		want(t, f, "register front", "register front", "unlock")
	})
}

func TestCountsThatMovedAfterThePlanAreKept(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*api.Job)
		outcome Outcome
		count   int
	}{
		"an autoscaler's":            {func(j *api.Job) { j.TaskGroups[0].Count = ptr(5) }, Healthy, 5},
		"somebody's":                 {func(j *api.Job) { j.TaskGroups[0].Count = ptr(5); j.Priority = ptr(70) }, Conflict, 5},
		"a count that is the pack's": {func(j *api.Job) { j.TaskGroups[1].Count = ptr(5) }, Conflict, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				s := renamed(newStack([]string{"api"}), "one")
				twoGroups(s.Jobs[0].API)
				res, err, _ := do(t, f, s, RunOptions{}, nil)
				wantOutcome(t, res, err, Healthy)
				f.calls = nil
				s = renamed(newStack([]string{"api"}), "two")
				twoGroups(s.Jobs[0].API)
				res, err, _ = do(t, f, s, RunOptions{}, func(e Event) {
					if e.Phase != PhaseLock {
						return
					}
					now, err := copyJob(f.jobs["api"])
					if err != nil {
						t.Error(err)
					}
					c.change(now)
					if _, err := f.Register(t.Context(), now, nil, *f.jobs["api"].JobModifyIndex); err != nil {
						t.Error(err)
					}
				})
				wantOutcome(t, res, err, c.outcome)
				if got := *f.jobs["api"].TaskGroups[0].Count; got != c.count {
					t.Errorf("the count is %d, want %d", got, c.count)
				}
			})
		})
	}
}

// twoGroups makes a job of one that an autoscaler owns and one of the pack's own count.
func twoGroups(j *api.Job) {
	own := *j.TaskGroups[0]
	own.Name = ptr("own")
	j.TaskGroups[0].Count, j.TaskGroups[0].Scaling = ptr(2), &api.ScalingPolicy{Min: ptr(int64(1)), Max: ptr(int64(9))}
	j.TaskGroups = append(j.TaskGroups, &own)
}
