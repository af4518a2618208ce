package release

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// back rolls the release back.
func back(t *testing.T, f *fake, opt RollbackOptions, on func(Event)) (*Result, error, *told) {
	t.Helper()
	opt.Release = "shop"
	o := &told{on: on}
	res, err := New(Deps{Nomad: f, Owner: "me"}).Rollback(t.Context(), opt, o)
	return res, err, o
}

// chained makes each job wait for a service that the one before registers.
func chained(s *stack.Stack) *stack.Stack {
	var last string
	for _, wave := range s.Waves {
		for _, j := range wave {
			tg := j.API.TaskGroups[0]
			tg.Services = []*api.Service{{Name: j.ID}}
			if last != "" {
				p, err := json.Marshal(spec.Prepare{WaitFor: []spec.WaitFor{{Name: last, Kind: spec.KindService, Service: &spec.Service{Name: last}}}})
				if err != nil {
					panic(err)
				}
				tg.Tasks = append(tg.Tasks, &api.Task{Name: spec.PrepareTask, Driver: "raw_exec", Env: map[string]string{spec.PrepareEnv: string(p)}})
			}
			last = j.ID
		}
	}
	return s
}

func three(name string) *stack.Stack {
	return renamed(chained(newStack([]string{"db"}, []string{"api"}, []string{"front"})), name)
}

func TestARollbackGoesBackInReverseAndIsARevisionOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		for _, name := range []string{"one", "two"} {
			res, err, _ := do(t, f, three(name), RunOptions{Inputs: Inputs{Env: name}}, nil)
			wantOutcome(t, res, err, Healthy)
		}
		f.calls = nil
		res, err, o := back(t, f, RollbackOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		want(t, f, "register front", "register api", "register db", "unlock")
		list := kept(t, f)
		if last := list[2]; outcomes(list) != "1 healthy, 2 healthy, 3 healthy" || last.Restores != 1 || last.Env != "one" || res.Revision != 3 || list[2].Sum != list[0].Sum || !slices.Equal(last.Changed, []string{"env"}) {
			t.Errorf("%s, %+v", outcomes(list), last)
		}
		if !strings.Contains(o.text, "going back to revision 1") {
			t.Error(o.text)
		}
		f.calls = nil
		if res, err, _ = back(t, f, RollbackOptions{Revision: 1}, nil); err != nil || res.Outcome != Unchanged || res.Revision != 0 {
			t.Errorf("again: %v, %+v", err, res)
		}
		want(t, f, "unlock")
		if got := outcomes(kept(t, f)); got != "1 healthy, 2 healthy, 3 healthy" {
			t.Error(got)
		}
	})
}

func TestARollbackStartsWhatIsGoneFirstAndStopsWhatIsNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := do(t, f, three("one"), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		two := renamed(chained(newStack([]string{"db"}, []string{"front"}, []string{"worker"})), "two")
		res, err, _ = do(t, f, two, RunOptions{Prune: true}, nil)
		wantOutcome(t, res, err, Healthy)
		f.calls = nil
		res, err, _ = back(t, f, RollbackOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		want(t, f, "register api", "register front", "register db", "stop worker", "unlock")
	})
}

func TestARollbackPutsABrokenDependencyBackFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		for _, name := range []string{"one", "two"} {
			res, err, _ := do(t, f, three(name), RunOptions{}, nil)
			wantOutcome(t, res, err, Healthy)
		}
		f.calls = nil
		f.be("api", "failed")
		res, err, _ := back(t, f, RollbackOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		want(t, f, "register api", "register db", "register front", "unlock")
	})
}

func TestWhichRevisionARollbackGoesTo(t *testing.T) {
	did := []string{"db"}
	rev := func(n int, o Outcome, more ...func(*Revision)) *Revision {
		r := &Revision{Number: n, Outcome: o, Submitted: did}
		for _, m := range more {
			m(r)
		}
		return r
	}
	nothing := func(r *Revision) { r.Submitted = nil }
	for name, c := range map[string]struct {
		list []*Revision
		rev  int
		want int // 0: refused
	}{
		"the healthy one before a healthy one":          {[]*Revision{rev(1, Healthy), rev(2, Healthy), rev(3, Healthy)}, 0, 2},
		"the healthy one before one that failed":        {[]*Revision{rev(1, Healthy), rev(2, Healthy), rev(3, Failed)}, 0, 2},
		"past all that failed":                          {[]*Revision{rev(1, Healthy), rev(2, Failed), rev(3, Interrupted)}, 0, 1},
		"one that changed nothing does not count":       {[]*Revision{rev(1, Healthy), rev(2, Healthy), rev(3, Nothing, nothing)}, 0, 1},
		"one that was rolled back is where it went":     {[]*Revision{rev(1, Healthy), rev(2, Healthy), rev(3, RolledBack, func(r *Revision) { r.Back = 2 })}, 0, 1},
		"any one by its number":                         {[]*Revision{rev(1, Healthy), rev(2, Failed), rev(3, Healthy)}, 2, 2},
		"none before the first":                         {[]*Revision{rev(1, Healthy)}, 0, 0},
		"none that does not exist":                      {[]*Revision{rev(1, Healthy), rev(2, Healthy)}, 9, 0},
		"none of a release without any":                 {nil, 0, 0},
		"the last healthy one when all was stopped":     {[]*Revision{rev(1, Healthy), rev(2, RolledBack)}, 0, 1},
		"none when none was ever healthy":               {[]*Revision{rev(1, Failed), rev(2, Failed)}, 0, 0},
		"after a rollback the one that was rolled back": {[]*Revision{rev(1, Healthy), rev(2, Healthy), rev(3, Healthy, func(r *Revision) { r.Restores = 1 })}, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rollbackTo(RollbackOptions{Release: "shop", Revision: c.rev}, c.list)
			if c.want == 0 {
				if err == nil || err.(*Error).Outcome != Refused || err.(*Error).Hint == "" {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			if err != nil || got.Number != c.want {
				t.Errorf("got %+v, %v, want %d", got, err, c.want)
			}
		})
	}
}

func names(f *fake) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, id := range slices.Sorted(maps.Keys(f.jobs)) {
		text := *f.jobs[id].Name
		if value(f.jobs[id].Stop) {
			text += " stopped"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func TestAtomicGoesBackToTheLastHealthyRevision(t *testing.T) {
	for name, c := range map[string]struct {
		fails   string // the job that does not become healthy
		becomes string // what becomes of it
		opt     RunOptions
		cancel  string // the message at which the person interrupts
		calls   []string
	}{
		"the last wave failed": {fails: "front", becomes: "failed", calls: []string{"register db", "register api", "register front",
			"register front", "register api", "register db", "stop worker", "unlock"}},
		"the second wave failed": {fails: "api", becomes: "failed", calls: []string{"register db", "register api",
			"register api", "register db", "unlock"}},
		"its time was over": {opt: RunOptions{Timeout: 60e9}, fails: "api", calls: []string{"register db", "register api",
			"register api", "register db", "unlock"}},
		"the person interrupted": {cancel: "updated job api", calls: []string{"register db", "register api",
			"register api", "register db", "unlock"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				res, err, _ := do(t, f, three("one"), RunOptions{}, nil)
				wantOutcome(t, res, err, Healthy)
				f.calls = nil
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				two := renamed(chained(newStack([]string{"db"}, []string{"api"}, []string{"front", "worker"})), "two")
				c.opt.Atomic = true
				if c.fails == "front" {
					two.Waves[2][0], two.Waves[2][1] = two.Waves[2][1], two.Waves[2][0] // worker before front
					c.calls = slices.Insert(slices.Clone(c.calls), 2, "register worker")
				}
				if c.fails != "" {
					f.becomes = map[string]string{c.fails + " two": c.becomes}
				}
				o := &told{on: func(e Event) {
					if c.cancel != "" && e.Message == c.cancel {
						cancel()
					}
				}}
				res, err = New(Deps{Nomad: f, Owner: "me"}).Run(ctx, two, c.opt, o)
				wantOutcome(t, res, err, RolledBack, "every job is back at revision 1", "data")
				want(t, f, c.calls...)
				got := names(f)
				if w := "api one, db one, front one"; got != w && got != w+", worker two stopped" {
					t.Error(got)
				}
				list := kept(t, f)
				if outcomes(list) != "1 healthy, 2 failed and rolled back" || list[1].Back != 1 || inEffect(list) != list[0] {
					t.Errorf("%s, %+v", outcomes(list), list[1])
				}
			})
		})
	}
}

func TestTheFirstRevisionUnderAtomicIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.becomes = map[string]string{"api one": "failed"}
		res, err, _ := do(t, f, three("one"), RunOptions{Atomic: true}, nil)
		wantOutcome(t, res, err, RolledBack, "its jobs are stopped")
		want(t, f, "register db", "register api", "stop api", "stop db", "unlock")
		if list := kept(t, f); outcomes(list) != "1 failed and rolled back" || inEffect(list) != nil {
			t.Error(outcomes(list))
		}
	})
}

func TestWhenGoingBackFailsTooItSaysHowEachJobStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := do(t, f, three("one"), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		f.becomes = map[string]string{"api": "failed"}
		res, err, _ = do(t, f, three("two"), RunOptions{Atomic: true}, nil)
		wantOutcome(t, res, err, Failed, "going back failed too", "job api is as revision 1 has it", "job db is as revision 1 has it", "job front is as revision 1 has it")
		if got := outcomes(kept(t, f)); got != "1 healthy, 2 failed" {
			t.Error(got)
		}
	})
}

func TestAtomicDoesNotUndoWhatSomebodyElseDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := do(t, f, three("one"), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		res, err, _ = do(t, f, three("two"), RunOptions{Atomic: true}, func(e Event) {
			if e.Message == "updated job db" {
				f.mu.Lock()
				f.regFault = movedFault{}
				f.mu.Unlock()
			}
		})
		wantOutcome(t, res, err, Conflict, "nothing was rolled back", "packctl rollback shop")
		if got := names(f); got != "api one, db two, front one" {
			t.Error(got)
		}
	})
}

func TestARunThatAddsNothingClosesTheRevisionThatItFinishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.auto = false
		_, err, _ := do(t, f, newStack([]string{"db"}), RunOptions{Timeout: 60e9}, nil)
		if err == nil {
			t.Fatal("it should time out")
		}
		f.be("db", "healthy")
		res, err, _ := do(t, f, newStack([]string{"db"}), RunOptions{}, nil)
		wantOutcome(t, res, err, Unchanged)
		if list := kept(t, f); outcomes(list) != "1 healthy" || !slices.Equal(list[0].Submitted, []string{"db"}) {
			t.Errorf("%s, %+v", outcomes(list), list[0])
		}
	})
}
