package release

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// withCanary is three waves, of which the middle one has a canary.
func withCanary(name string) *stack.Stack {
	s := three(name)
	for _, j := range s.Jobs {
		if j.ID == "api" {
			tg := j.API.TaskGroups[0]
			tg.Count, tg.Update = ptr(3), &api.UpdateStrategy{Canary: ptr(1)}
		}
	}
	return s
}

// upgraded is a release of the first version to which the second was brought.
func upgraded(t *testing.T, f *fake, opt RunOptions) (*Result, error, *told) {
	t.Helper()
	res, err, _ := do(t, f, withCanary("one"), RunOptions{}, nil)
	wantOutcome(t, res, err, Healthy)
	f.calls = nil
	return do(t, f, withCanary("two"), opt, nil)
}

func promote(t *testing.T, f *fake, opt PromoteOptions, on func(Event)) (*Result, error, *told) {
	t.Helper()
	opt.Release = "shop"
	o := &told{on: on}
	res, err := New(Deps{Nomad: f, Owner: "ann, pid 1"}).Promote(t.Context(), opt, o)
	return res, err, o
}

func wantHistory(t *testing.T, f *fake, text string) {
	t.Helper()
	if got := outcomes(kept(t, f)); got != text {
		t.Errorf("the history is %s, want %s", got, text)
	}
}

func TestARunEndsWithItsCanariesAndPromoteGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := upgraded(t, f, RunOptions{})
		wantOutcome(t, res, err, Awaiting)
		want(t, f, "register db", "register api", "unlock")
		if len(res.Waiting) != 1 || res.Waiting[0].Job != "api" || !res.Waiting[0].ready() || !slices.Equal(res.Left, []string{"front"}) || res.Revision != 2 {
			t.Fatalf("%+v", res)
		}
		list := kept(t, f)
		if outcomes(list) != "1 healthy, 2 awaiting promotion" || list[1].Note != "api; not submitted yet: front" {
			t.Fatalf("%s: %q", outcomes(list), list[1].Note)
		}

		f.calls = nil
		res, err, _ = promote(t, f, PromoteOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		want(t, f, "promote api", "register front", "unlock")
		list = kept(t, f)
		if outcomes(list) != "1 healthy, 2 healthy" || list[1].Note != "promoted by ann" || !slices.Equal(list[1].Submitted, []string{"api", "db", "front"}) || res.Revision != 2 {
			t.Errorf("%s: %+v", outcomes(list), list[1])
		}

		f.calls = nil
		res, err, _ = promote(t, f, PromoteOptions{}, nil)
		wantOutcome(t, res, err, Unchanged)
		want(t, f)
		res, err, _ = do(t, f, withCanary("two"), RunOptions{}, nil)
		wantOutcome(t, res, err, Unchanged)
	})
}

func TestWhatARunDoesWhileCanariesWait(t *testing.T) {
	for name, c := range map[string]struct {
		next    func(*testing.T, *fake) (*Result, error)
		outcome Outcome
		calls   []string
		history string
	}{
		"the same pack waits on, and makes no revision": {
			next: func(t *testing.T, f *fake) (*Result, error) {
				res, err, _ := do(t, f, withCanary("two"), RunOptions{}, nil)
				return res, err
			},
			outcome: Awaiting, calls: []string{"unlock"}, history: "1 healthy, 2 awaiting promotion"},
		"the same pack with -auto-promote finishes the revision": {
			next: func(t *testing.T, f *fake) (*Result, error) {
				res, err, _ := do(t, f, withCanary("two"), RunOptions{AutoPromote: true}, nil)
				return res, err
			},
			outcome: Healthy, calls: []string{"promote api", "register front", "unlock"}, history: "1 healthy, 2 healthy"},
		"another pack takes its place": {
			next: func(t *testing.T, f *fake) (*Result, error) {
				res, err, _ := do(t, f, withCanary("three"), RunOptions{}, nil)
				return res, err
			},
			outcome: Awaiting, calls: []string{"register db", "register api", "unlock"}, history: "1 healthy, 2 not promoted, 3 awaiting promotion"},
		"a rollback takes the canaries back": {
			next: func(t *testing.T, f *fake) (*Result, error) {
				res, err, _ := back(t, f, RollbackOptions{}, nil)
				return res, err
			},
			outcome: Healthy, calls: []string{"register api", "register db", "unlock"}, history: "1 healthy, 2 not promoted, 3 healthy"},
		"promoted elsewhere is found out": {
			next: func(t *testing.T, f *fake) (*Result, error) {
				if err := f.PromoteDeployment(t.Context(), "d-api"); err != nil {
					t.Fatal(err)
				}
				res, err, _ := do(t, f, withCanary("two"), RunOptions{}, nil)
				return res, err
			},
			outcome: Healthy, calls: []string{"promote api", "register front", "unlock"}, history: "1 healthy, 2 interrupted, 3 healthy"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				res, err, _ := upgraded(t, f, RunOptions{})
				wantOutcome(t, res, err, Awaiting)
				f.calls = nil
				res, err = c.next(t, f)
				wantOutcome(t, res, err, c.outcome)
				want(t, f, c.calls...)
				wantHistory(t, f, c.history)
			})
		})
	}
}

func TestARunPromotesByItselfWhenItIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := upgraded(t, f, RunOptions{AutoPromote: true})
		wantOutcome(t, res, err, Healthy)
		want(t, f, "register db", "register api", "promote api", "register front", "unlock")
		wantHistory(t, f, "1 healthy, 2 healthy")
	})
}

func TestACanaryThatFailsIsAFailedDeployment(t *testing.T) {
	for name, c := range map[string]struct {
		atomic  bool
		outcome Outcome
		calls   []string
	}{
		"":        {false, Failed, []string{"register db", "register api", "unlock"}},
		"-atomic": {true, RolledBack, []string{"register db", "register api", "register api", "register db", "unlock"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				first := func(e Event) {
					if e.Message == "updated job api" && f.becomes != nil {
						f.becomes = nil
					}
				}
				res, err, _ := do(t, f, withCanary("one"), RunOptions{}, nil)
				wantOutcome(t, res, err, Healthy)
				f.calls, f.becomes = nil, map[string]string{"api": "failed"}
				res, err, _ = do(t, f, withCanary("two"), RunOptions{Atomic: c.atomic, AutoPromote: true}, first)
				wantOutcome(t, res, err, c.outcome, "tier api")
				want(t, f, c.calls...)
			})
		})
	}
}

func TestWhatPromoteRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*fake)
		jobs   []string
		words  []string
	}{
		"a name that there is not":         {nil, []string{"apis"}, []string{`has no job "apis"`, "did you mean api?", "api, db"}},
		"a job without canaries":           {nil, []string{"db"}, []string{"job db has no canaries"}},
		"a canary that is not healthy yet": {func(f *fake) { f.be("api", "") }, nil, []string{"job api cannot be promoted yet: 0 of 1 canary of tier api healthy"}},
		"one that is named and not ready":  {func(f *fake) { f.be("api", "") }, []string{"api"}, []string{"cannot be promoted yet"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				res, err, _ := upgraded(t, f, RunOptions{})
				wantOutcome(t, res, err, Awaiting)
				f.calls = nil
				if c.before != nil {
					c.before(f)
				}
				res, err, _ = promote(t, f, PromoteOptions{Jobs: c.jobs}, nil)
				wantOutcome(t, res, err, Refused, c.words...)
				want(t, f)
			})
		})
	}
}

func TestWhatFailsAfterThePromotionIsThatRevisionsFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.promotedTo = map[string]string{"api": "failed"}
		res, err, _ := upgraded(t, f, RunOptions{})
		wantOutcome(t, res, err, Awaiting)
		f.calls = nil
		res, err, _ = promote(t, f, PromoteOptions{}, nil)
		wantOutcome(t, res, err, Failed, "tier api")
		want(t, f, "promote api", "unlock")
		wantHistory(t, f, "1 healthy, 2 failed")
	})
}

func TestPromoteWithoutTheRevisionPromotesAndSaysHowToGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := upgraded(t, f, RunOptions{})
		wantOutcome(t, res, err, Awaiting)
		for path := range f.variables {
			if strings.Contains(path, "/revisions/") {
				delete(f.variables, path)
			}
		}
		f.calls = nil
		res, err, o := promote(t, f, PromoteOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		want(t, f, "promote api", "unlock")
		if !strings.Contains(o.text, "packctl run goes on") {
			t.Error(o.text)
		}
	})
}

func TestAPromotionThatNomadRefusesLeavesTheRevisionWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := upgraded(t, f, RunOptions{})
		wantOutcome(t, res, err, Awaiting)
		f.promoteFault = deniedFault{}
		res, err, _ = promote(t, f, PromoteOptions{}, nil)
		wantOutcome(t, res, err, Denied)
		wantHistory(t, f, "1 healthy, 2 awaiting promotion")
		f.promoteFault = nil
		res, err, _ = promote(t, f, PromoteOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
	})
}

type deniedFault struct{}

func (deniedFault) Error() string { return "permission denied" }
func (deniedFault) Denied() bool  { return true }
func (deniedFault) Hint() string  { return "get a token" }

func TestNothingIsPromotedBeforeItsCanariesAreHealthy(t *testing.T) {
	for name, auto := range map[string]bool{"": false, "-auto-promote": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				res, err, _ := do(t, f, withCanary("one"), RunOptions{}, nil)
				wantOutcome(t, res, err, Healthy)
				f.becomes = map[string]string{"api": ""}
				res, err, _ = do(t, f, withCanary("two"), RunOptions{AutoPromote: auto}, func(e Event) {
					if e.Message == "updated job api" {
						time.AfterFunc(time.Minute, func() { f.be("api", "healthy") })
					}
				})
				wantOutcome(t, res, err, map[bool]Outcome{false: Awaiting, true: Healthy}[auto])
				if res.Elapsed < time.Minute {
					t.Errorf("it took %s, and the canary a minute", res.Elapsed)
				}
			})
		})
	}
}
