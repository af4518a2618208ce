package release

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// addHook gives a stack a batch job that runs on events.
func addHook(s *stack.Stack, id string, timeout time.Duration, on ...spec.Event) *stack.Job {
	job := s.Job(id)
	if job == nil {
		job = &stack.Job{ID: id, File: "jobs/" + id + ".nomad.hcl", API: newJob(id)}
		job.API.Type = ptr("batch")
		s.Jobs = append(s.Jobs, job)
	}
	h := stack.Hook{Name: id, Job: id, Timeout: timeout}
	for _, e := range on {
		h.On = append(h.On, stack.HookEvent{Event: e})
	}
	s.Hooks = append(s.Hooks, h)
	return job
}

func TestHooks(t *testing.T) {
	full := &api.AllocationMetric{DimensionExhausted: map[string]int{"memory": 1}, NodesExhausted: 1}
	unfit := &api.AllocationMetric{ConstraintFiltered: map[string]int{"${attr.kernel.name} = plan9": 1}}
	for name, c := range map[string]struct {
		hooks   func(*stack.Stack)
		before  func(*fake, *stack.Stack)
		opt     RunOptions
		outcome Outcome
		words   []string
		calls   []string
		ran     string
		took    time.Duration // at most
		least   time.Duration
	}{
		"an install has its own moments, in the order of the pack": {
			hooks: func(s *stack.Stack) {
				addHook(s, "z", 0, spec.PreInstall)
				addHook(s, "a", 0, spec.PreInstall, spec.PreUpgrade)
				addHook(s, "smoke", 0, spec.PostInstall)
				addHook(s, "other", 0, spec.PostUpgrade, spec.PreRollback, spec.PostRollback, spec.PreDelete, spec.Test)
			},
			outcome: Healthy, ran: "pre-install/z pre-install/a post-install/smoke",
			calls: []string{"register z", "register a", "register db", "register api", "register smoke", "unlock"}},
		"an upgrade has others": {
			hooks: func(s *stack.Stack) {
				addHook(s, "first", 0, spec.PreInstall, spec.PostInstall)
				addHook(s, "check", 0, spec.PreUpgrade)
				addHook(s, "smoke", 0, spec.PostUpgrade)
			},
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs...)
				s.Jobs[1].API.Name = ptr("changed")
			},
			outcome: Healthy, ran: "pre-upgrade/check post-upgrade/smoke",
			calls: []string{"register check", "register api", "register smoke", "unlock"}},
		"a run without a change runs none": {
			hooks:   func(s *stack.Stack) { addHook(s, "smoke", 0, spec.PreUpgrade, spec.PostUpgrade) },
			before:  func(f *fake, s *stack.Stack) { f.have(s.Jobs...) },
			outcome: Unchanged, calls: []string{"unlock"}},
		"a release that was stopped is installed again": {
			hooks: func(s *stack.Stack) { addHook(s, "first", 0, spec.PreInstall) },
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs[0], s.Jobs[1])
				for _, j := range f.jobs {
					j.Stop = ptr(true)
				}
				s.Jobs[0].API.Name, s.Jobs[1].API.Name = ptr("x"), ptr("y")
			},
			outcome: Healthy, ran: "pre-install/first", calls: []string{"register first", "register db", "register api", "unlock"}},
		"a failing hook before an upgrade changes nothing": {
			hooks: func(s *stack.Stack) { addHook(s, "check", 0, spec.PreUpgrade) },
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs...)
				s.Jobs[1].API.Name = ptr("changed")
				f.becomes = map[string]string{"check": "failed"}
			},
			outcome: Failed, words: []string{"hook check of pre-upgrade: tier check: task main failed: exit code 3", "nothing of the release was changed"},
			ran: "pre-upgrade/check", calls: []string{"register check", "unlock"}},
		"the first that fails is the last": {
			hooks: func(s *stack.Stack) {
				addHook(s, "one", 0, spec.PostInstall)
				addHook(s, "two", 0, spec.PostInstall)
			},
			before:  func(f *fake, _ *stack.Stack) { f.becomes = map[string]string{"one": "failed"} },
			outcome: Failed, words: []string{"hook one of post-install", "runs again then"},
			ran: "post-install/one", calls: []string{"register db", "register api", "register one", "unlock"}},
		"one that fits no node fails at once": {
			hooks:   func(s *stack.Stack) { addHook(s, "smoke", time.Hour, spec.PostInstall) },
			before:  func(f *fake, _ *stack.Stack) { f.unplaced = map[string]*api.AllocationMetric{"smoke": unfit} },
			outcome: Failed, words: []string{"hook smoke of post-install: tier smoke: no node can take it: constraint ${attr.kernel.name} = plan9"},
			ran: "post-install/smoke", calls: []string{"register db", "register api", "register smoke", "unlock"}, took: 2 * time.Second},
		"one for which the nodes are full gets a while": {
			hooks:   func(s *stack.Stack) { addHook(s, "smoke", time.Hour, spec.PostInstall) },
			before:  func(f *fake, _ *stack.Stack) { f.unplaced = map[string]*api.AllocationMetric{"smoke": full} },
			outcome: Failed, words: []string{"not enough memory"}, ran: "post-install/smoke",
			calls: []string{"register db", "register api", "register smoke", "unlock"}, least: 45 * time.Second, took: 47 * time.Second},
		"one whose node is lost, and that Nomad places nowhere else, fails at once": {
			hooks: func(s *stack.Stack) { addHook(s, "smoke", time.Hour, spec.PostInstall) },
			before: func(f *fake, _ *stack.Stack) {
				f.becomes = map[string]string{"smoke": "lost"}
				f.ended = map[string]bool{"smoke": true}
			},
			outcome: Failed, words: []string{"hook smoke of post-install: tier smoke: its node node1 was lost, and Nomad places it nowhere else"},
			ran: "post-install/smoke", calls: []string{"register db", "register api", "register smoke", "unlock"}, took: 2 * time.Second},
		"one whose node is lost, and for which there is no other, fails at once": {
			hooks: func(s *stack.Stack) { addHook(s, "smoke", time.Hour, spec.PostInstall) },
			before: func(f *fake, _ *stack.Stack) {
				f.becomes = map[string]string{"smoke": "lost"}
				f.unplaced = map[string]*api.AllocationMetric{"smoke": {NodesAvailable: map[string]int{"dc1": 0}}}
			},
			outcome: Failed, words: []string{"hook smoke of post-install: tier smoke: its node node1 was lost", "no ready node in datacenter dc1"},
			ran: "post-install/smoke", calls: []string{"register db", "register api", "register smoke", "unlock"}, took: 2 * time.Second},
		"one that takes too long is stopped": {
			hooks:   func(s *stack.Stack) { addHook(s, "smoke", 90*time.Second, spec.PostInstall) },
			before:  func(f *fake, _ *stack.Stack) { f.becomes = map[string]string{"smoke": ""} },
			outcome: Failed, words: []string{"had not ended after 1m30s and was stopped"}, ran: "post-install/smoke",
			calls: []string{"register db", "register api", "register smoke", "stop smoke", "unlock"}, took: 95 * time.Second},
		"the time of the whole run goes before": {
			hooks:   func(s *stack.Stack) { addHook(s, "smoke", time.Hour, spec.PostInstall) },
			before:  func(f *fake, _ *stack.Stack) { f.becomes = map[string]string{"smoke": ""} },
			opt:     RunOptions{Timeout: time.Minute},
			outcome: TimedOut, ran: "post-install/smoke", calls: []string{"register db", "register api", "register smoke", "unlock"}},
		"a hook's job that is somebody else's is refused before anything changes": {
			hooks: func(s *stack.Stack) { addHook(s, "smoke", 0, spec.PostInstall) },
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs[2])
				f.jobs["smoke"].Meta = map[string]string{MetaRelease: "other"}
			},
			outcome: Conflict, words: []string{"job smoke, which hook smoke runs, exists already and belongs to release other"}},
		"what was not watched has no moment after it": {
			hooks:   func(s *stack.Stack) { addHook(s, "smoke", 0, spec.PostInstall) },
			opt:     RunOptions{Detach: true},
			outcome: Healthy, calls: []string{"register db", "register api", "unlock"}},
		"a hook's job is no leftover of the pack": {
			hooks: func(s *stack.Stack) { addHook(s, "smoke", 0, spec.Test) },
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs...)
				f.state["smoke"] = "healthy"
			},
			opt: RunOptions{Prune: true}, outcome: Unchanged, calls: []string{"unlock"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"}, []string{"api"})
				c.hooks(s)
				if c.before != nil {
					c.before(f, s)
				}
				res, err, told := do(t, f, s, c.opt, nil)
				wantOutcome(t, res, err, c.outcome, c.words...)
				want(t, f, c.calls...)
				if got := ran(res); got != c.ran {
					t.Errorf("the hooks that ran: %q, want %q", got, c.ran)
				}
				if res.Elapsed < c.least || c.took > 0 && res.Elapsed > c.took {
					t.Errorf("it took %s, not between %s and %s", res.Elapsed, c.least, c.took)
				}
				if c.opt.Detach && !strings.Contains(told.text, "did not run") {
					t.Errorf("it does not say that no hook ran:\n%s", told.text)
				}
				if len(res.Submitted) > 2 {
					t.Errorf("hooks count among what was submitted: %v", res.Submitted)
				}
			})
		})
	}
}

func ran(res *Result) string {
	var out []string
	for _, h := range res.Hooks {
		out = append(out, string(h.Event)+"/"+h.Name)
	}
	return strings.Join(out, " ")
}

// TestAHookRunsAnew: its job is the same each time, and yet Nomad must see another.
func TestAHookRunsAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		addHook(s, "smoke", 0, spec.PostInstall, spec.PostUpgrade)
		var runs []string
		for i, name := range []string{"db", "changed", "changed again"} {
			s.Jobs[0].API.Name = ptr(name)
			res, err, _ := do(t, f, s, RunOptions{}, nil)
			wantOutcome(t, res, err, Healthy)
			job := f.jobs["smoke"]
			runs = append(runs, job.Meta[MetaRun])
			if got := *job.Version; got != uint64(i) {
				t.Errorf("run %d of the hook is version %d of its job", i, got)
			}
			if job.Meta[MetaHook] != "smoke" || job.Meta[MetaEvent] != string(res.Hooks[0].Event) || job.Meta[MetaRelease] != "shop" {
				t.Errorf("meta %v", job.Meta)
			}
			time.Sleep(time.Second) // false time: runs are told apart by when they are
		}
		if slices.Sort(runs); len(slices.Compact(runs)) != 3 {
			t.Errorf("the runs are not told apart: %v", runs)
		}
		if s.Jobs[1].API.Meta[MetaRun] != "" {
			t.Error("the stack's own job was changed")
		}
	})
}

// TestAFailedHookRunsAgain: the next run has nothing to submit, and must not call the release healthy unasked.
func TestAFailedHookRunsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		addHook(s, "first", 0, spec.PostInstall)
		addHook(s, "smoke", 0, spec.PostInstall)
		addHook(s, "last", 0, spec.PostInstall)
		f.becomes = map[string]string{"smoke": "failed"}
		for range 2 {
			res, err, _ := do(t, f, s, RunOptions{}, nil)
			wantOutcome(t, res, err, Failed, "hook smoke of post-install")
		}
		f.becomes = nil
		res, err, _ := do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		if got := ran(res); got != "post-install/first post-install/smoke post-install/last" {
			t.Errorf("the last run ran %q", got)
		}
		res, err, _ = do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Unchanged)
		want(t, f, "register db", "register first", "register smoke", "unlock", "register first", "register smoke", "unlock",
			"register first", "register smoke", "register last", "unlock", "unlock")
		if list := outcomes(kept(t, f)); list != "1 healthy" {
			t.Errorf("the history: %s", list)
		}
	})
}

// TestAHooksLogIsRedacted: it logs in with the release's own secrets.
func TestAHooksLogIsRedacted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		addHook(s, "smoke", 0, spec.PostInstall)
		s.Credentials = []stack.Credential{{Name: "login", Readers: []string{"db"}}}
		f.set("nomad/jobs/db", map[string]string{"login": "stderr line"})
		f.becomes = map[string]string{"smoke": "failed"}
		res, err, _ := do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Failed)
		if logs := strings.Join(res.Failures[0].Logs, "\n"); !strings.Contains(logs, redacted) || strings.Contains(logs, "stderr line") {
			t.Errorf("the log: %q", logs)
		}
	})
}

// TestHooksThatAreOwed: what kept them from running is over, and nothing else has changed.
func TestHooksThatAreOwed(t *testing.T) {
	for name, c := range map[string]struct {
		first   func(*testing.T, *fake, *stack.Stack)
		history string
	}{
		"nobody watched": {func(t *testing.T, f *fake, s *stack.Stack) {
			res, err, _ := do(t, f, s, RunOptions{Detach: true}, nil)
			wantOutcome(t, res, err, Healthy)
		}, "1 healthy"},
		"the hook was mended": {func(t *testing.T, f *fake, s *stack.Stack) {
			f.becomes = map[string]string{"smoke": "failed"}
			res, err, _ := do(t, f, s, RunOptions{}, nil)
			wantOutcome(t, res, err, Failed)
			f.becomes = nil
			s.Job("smoke").API.Name = ptr("mended")
		}, "1 failed, 2 healthy"},
		"packctl died while it ran": {func(t *testing.T, f *fake, s *stack.Stack) {
			res, err, _ := do(t, f, s, RunOptions{}, nil)
			wantOutcome(t, res, err, Healthy)
			records := recordsOf(f, "shop")
			rev, err := records.read(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			rev.Outcome, rev.Ended = Pending, time.Time{}
			if err := records.update(t.Context(), rev); err != nil {
				t.Fatal(err)
			}
		}, "1 healthy"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"})
				addHook(s, "smoke", 0, spec.PostInstall)
				c.first(t, f, s)
				res, err, _ := do(t, f, s, RunOptions{}, nil)
				wantOutcome(t, res, err, Healthy)
				if got := ran(res); got != "post-install/smoke" {
					t.Errorf("it ran %q", got)
				}
				if got := outcomes(kept(t, f)); got != c.history {
					t.Errorf("the history: %s, want %s", got, c.history)
				}
				res, err, _ = do(t, f, s, RunOptions{}, nil)
				wantOutcome(t, res, err, Unchanged)
			})
		})
	}
}

// TestARollbackHasHooksOfItsOwn: those of the revision that it brings back.
func TestARollbackHasHooksOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		f.moves = true
		migrating(s, "db")
		addHook(s, "stop-writes", 0, spec.PreRollback)
		addHook(s, "smoke", 0, spec.PostUpgrade, spec.PostRollback)
		for _, name := range []string{"one", "two"} {
			s.Jobs[0].API.Name = ptr(name)
			res, err, _ := do(t, f, s, RunOptions{}, nil)
			wantOutcome(t, res, err, Healthy)
		}
		f.mu.Lock()
		f.calls = nil
		f.mu.Unlock()
		res, err := New(Deps{Nomad: f}).Rollback(t.Context(), RollbackOptions{Release: "shop"}, &told{})
		wantOutcome(t, res, err, Healthy)
		if got := ran(res); got != "pre-rollback/stop-writes post-rollback/smoke" {
			t.Errorf("it ran %q", got)
		}
		want(t, f, "register stop-writes", "register db", "register smoke", "unlock")
	})
}
