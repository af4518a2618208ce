package release

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/status"
)

// do runs a stack against a fake inside a bubble of false time.
func do(t *testing.T, f *fake, s *stack.Stack, opt RunOptions, on func(Event)) (*Result, error, *told) {
	t.Helper()
	o := &told{on: on}
	var res *Result
	var err error
	res, err = New(Deps{Nomad: f, Owner: "me"}).Run(t.Context(), s, opt, o)
	return res, err, o
}

func want(t *testing.T, f *fake, calls ...string) {
	t.Helper()
	if got := f.done(); !slices.Equal(got, calls) {
		t.Errorf("it did %q, want %q", got, calls)
	}
}

func wantOutcome(t *testing.T, res *Result, err error, o Outcome, words ...string) {
	t.Helper()
	var typed *Error
	if res.Outcome != o || (err != nil && (!errors.As(err, &typed) || typed.Outcome != o)) {
		t.Fatalf("outcome %q, error %v, want %q", res.Outcome, err, o)
	}
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error()+"\n"+typed.Hint, w) {
			t.Errorf("it does not say %q: %v", w, err)
		}
	}
}

func TestAWaveWaitsForTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.auto = false
		s := newStack([]string{"db"}, []string{"api", "worker"}, []string{"front"})
		order := map[string]status.State{}
		res, err, _ := do(t, f, s, RunOptions{}, func(e Event) {
			for _, tier := range e.Tiers {
				order[tier.Name] = tier.State
			}
			if id, ok := strings.CutPrefix(e.Message, "created job "); ok {
				time.AfterFunc(time.Minute, func() { f.be(id, "healthy") })
			}
			if strings.HasPrefix(e.Message, "created job api") && order["db"] != status.Healthy {
				t.Errorf("api was submitted while db was %s", order["db"])
			}
			if strings.HasPrefix(e.Message, "created job front") && (order["api"] != status.Healthy || order["worker"] != status.Healthy) {
				t.Errorf("front was submitted while api was %s and worker %s", order["api"], order["worker"])
			}
		})
		wantOutcome(t, res, err, Healthy)
		want(t, f, "register db", "register api", "register worker", "register front", "unlock")
		if res.Elapsed < 3*time.Minute {
			t.Errorf("it took %s, and each of three waves takes a minute", res.Elapsed)
		}
	})
}

func TestOutcomes(t *testing.T) {
	docker := func(s *stack.Stack) {
		s.Jobs[0].API.TaskGroups[0].Tasks[0].Driver = "docker"
	}
	for name, c := range map[string]struct {
		before  func(*fake, *stack.Stack)
		during  func(*fake, Event)
		opt     RunOptions
		outcome Outcome
		words   []string
		calls   []string
	}{
		"a new release is submitted in order": {
			outcome: Healthy, calls: []string{"register db", "register api", "unlock"}},
		"what did not change is not submitted": {
			before:  func(f *fake, s *stack.Stack) { f.have(s.Jobs...) },
			outcome: Unchanged, calls: []string{"unlock"}},
		"only what changed is submitted": {
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs...)
				s.Jobs[1].API.Name = ptr("changed")
			},
			outcome: Healthy, calls: []string{"register api", "unlock"}},
		"Docker that does not run is said before anything changes": {
			before: func(f *fake, s *stack.Stack) {
				docker(s)
				f.nodes[0].Drivers["docker"] = &api.DriverInfo{Detected: true, HealthDescription: "Failed to connect to docker daemon"}
			},
			outcome: Failed, words: []string{"driver docker", "db/main", "node1 says: Failed to connect", "systemctl start docker"}},
		"a driver that no node has is named": {
			before:  func(_ *fake, s *stack.Stack) { docker(s) },
			outcome: Failed, words: []string{"driver docker", "does not have it"}},
		"a cluster without a ready node is said": {
			before:  func(f *fake, _ *stack.Stack) { f.nodes[0].Status = "down" },
			outcome: Failed, words: []string{"none of them ready"}},
		"what has no place is refused with its file": {
			before: func(f *fake, _ *stack.Stack) {
				f.failed = map[string]*api.AllocationMetric{"api": {DimensionExhausted: map[string]int{"network: reserved port collision https=8443": 1}}}
			},
			outcome: Failed, words: []string{"jobs/api.nomad.hcl", "reserved port collision https=8443", "variable"}},
		"a volume that is still to be made does not count as no place": {
			before: func(_ *fake, s *stack.Stack) {
				s.Volumes = []stack.Volume{{Label: "data", Spec: &api.HostVolume{Name: "shop-data"}}}
				s.Jobs[0].API.TaskGroups[0].Volumes = map[string]*api.VolumeRequest{"data": {Source: "shop-data"}}
			},
			outcome: Healthy, calls: []string{"volume shop-data", "register db", "register api", "unlock"}},
		"a job of another release is refused": {
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs...)
				f.jobs["api"].Meta = map[string]string{MetaRelease: "other"}
			},
			outcome: Conflict, words: []string{"api exists already and belongs to release other", "--name"}},
		"a job that moved after the plan is a conflict, and what follows is not submitted": {
			before:  func(f *fake, _ *stack.Stack) { f.regFault = movedFault{} },
			outcome: Conflict, calls: []string{"unlock"}},
		"a failed wave ends the run": {
			before: func(f *fake, _ *stack.Stack) { f.auto = false },
			during: func(f *fake, e Event) {
				if e.Message == "created job db" {
					f.be("db", "failed")
				}
			},
			outcome: Failed, words: []string{"tier db: task main failed: exit code 3"}, calls: []string{"register db", "unlock"}},
		"a deployment whose instances fail one after the other is ended long before its deadline": {
			before: func(f *fake, _ *stack.Stack) { f.auto = false },
			during: func(f *fake, e Event) {
				if e.Message == "created job db" {
					f.be("db", "hopeless")
				}
			},
			outcome: Failed, words: []string{"tier db: task main failed: exit code 3"},
			calls: []string{"register db", "fail deployment of db", "unlock"}},
		"time that runs out says what is not healthy": {
			before:  func(f *fake, _ *stack.Stack) { f.auto = false },
			opt:     RunOptions{Timeout: time.Minute},
			outcome: TimedOut, words: []string{"tier db"}, calls: []string{"register db", "unlock"}},
		"a lost lock ends the run": {
			before: func(f *fake, _ *stack.Stack) {
				f.auto = false
				time.AfterFunc(time.Minute, func() { close(f.lost) })
			},
			outcome: Conflict, words: []string{"lock was lost"}, calls: []string{"register db", "unlock"}},
		"detached, it ends when all is submitted": {
			before:  func(f *fake, _ *stack.Stack) { f.auto = false },
			opt:     RunOptions{Detach: true},
			outcome: Healthy, calls: []string{"register db", "register api", "unlock"}},
		"a job that left the pack is stopped when asked": {
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs...)
				f.have(&stack.Job{API: newJob("gone")})
			},
			opt:     RunOptions{Prune: true},
			outcome: Healthy, calls: []string{"stop gone", "unlock"}},
		"an unchanged job that failed before is started again": {
			before: func(f *fake, s *stack.Stack) {
				f.have(s.Jobs...)
				f.state["api"] = "failed"
			},
			outcome: Healthy, calls: []string{"register api", "unlock"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"}, []string{"api"})
				if c.before != nil {
					c.before(f, s)
				}
				res, err, _ := do(t, f, s, c.opt, func(e Event) {
					if c.during != nil {
						c.during(f, e)
					}
				})
				wantOutcome(t, res, err, c.outcome, c.words...)
				want(t, f, c.calls...)
			})
		})
	}
}

// have registers jobs as an earlier run would have, healthy.
func (f *fake) have(jobs ...*stack.Job) {
	for _, j := range jobs {
		if _, err := f.Register(context.Background(), j.API, nil, 0); err != nil {
			panic(err)
		}
	}
	f.calls = nil
}

func TestAnInterruptedRunSaysSoAndGivesTheLockBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.auto = false
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		res, err := New(Deps{Nomad: f}).Run(ctx, newStack([]string{"db"}, []string{"api"}), RunOptions{}, &told{})
		wantOutcome(t, res, err, Interrupted, "going on in Nomad: db;", "packctl status shop --watch", "packctl rollback shop")
		want(t, f, "register db", "unlock")
	})
}

func TestASilentConsulIsSaidBeforeAnythingChanges(t *testing.T) {
	f := newFake()
	res, err := New(Deps{Nomad: f, Health: silent{}}).Run(t.Context(), newStack([]string{"db"}), RunOptions{}, &told{})
	wantOutcome(t, res, err, Unreachable, "Consul does not answer", "start it")
	want(t, f)
}

// What Nomad goes on to say does not make up for a Consul that has gone.
func TestARunEndsWhenConsulIsGoneForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		f.auto = false
		s.Tiers[0].Services = []string{"shop-db"}
		var news func()
		news = func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.wake()
			time.AfterFunc(5*time.Second, news)
		}
		time.AfterFunc(5*time.Second, news)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		heard := &told{}
		res, err := New(Deps{Nomad: f, Health: fading{}}).Run(ctx, s, RunOptions{}, heard)
		wantOutcome(t, res, err, Unreachable, "Consul does not answer", "start it")
		if n := strings.Count(heard.text, "still trying"); n != 1 {
			t.Errorf("it was told %d times:\n%s", n, heard.text)
		}
	})
}

func TestAScaledGroupKeepsItsCountWithinItsBounds(t *testing.T) {
	for name, c := range map[string]struct {
		scaling *api.ScalingPolicy
		want    int
	}{
		"no scaling block: the pack decides":       {nil, 1},
		"a scaling block: what was set stays":      {&api.ScalingPolicy{Min: ptr(int64(1)), Max: ptr(int64(9))}, 5},
		"a new upper bound holds":                  {&api.ScalingPolicy{Min: ptr(int64(1)), Max: ptr(int64(3))}, 3},
		"a disabled scaling block decides nothing": {&api.ScalingPolicy{Enabled: ptr(false), Max: ptr(int64(9))}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			next, before := newJob("w"), newJob("w")
			next.TaskGroups[0].Scaling, before.TaskGroups[0].Count = c.scaling, ptr(5)
			keepCounts(next, before)
			if got := *next.TaskGroups[0].Count; got != c.want {
				t.Errorf("count %d, want %d", got, c.want)
			}
		})
	}
}

func TestADiffIsAChangeOnlyWhereSomethingInsideChanged(t *testing.T) {
	scaling := &api.TaskGroupDiff{Type: "Edited", Name: "g", Objects: []*api.ObjectDiff{{Type: "Edited", Name: "Scaling"}}, Tasks: []*api.TaskDiff{{Type: "None"}}}
	for name, c := range map[string]struct {
		diff *api.JobDiff
		want bool
	}{
		"none":                           {&api.JobDiff{Type: "None"}, false},
		"a new job":                      {&api.JobDiff{Type: "Added"}, true},
		"an empty edit of scaling":       {&api.JobDiff{Type: "Edited", TaskGroups: []*api.TaskGroupDiff{scaling}}, false},
		"a field of the job":             {&api.JobDiff{Type: "Edited", Fields: []*api.FieldDiff{{Type: "Edited"}}}, true},
		"a new group":                    {&api.JobDiff{Type: "Edited", TaskGroups: []*api.TaskGroupDiff{{Type: "Added"}}}, true},
		"a field deep in a task's block": {&api.JobDiff{Type: "Edited", TaskGroups: []*api.TaskGroupDiff{{Type: "Edited", Tasks: []*api.TaskDiff{{Type: "Edited", Objects: []*api.ObjectDiff{{Type: "Edited", Objects: []*api.ObjectDiff{{Type: "Deleted"}}}}}}}}}, true},
	} {
		if got := differs(c.diff); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
