package release

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// shop is a release of a job of two tiers, one with bounds, and one job of each kind that cannot be scaled.
func shop() *fake {
	f := newFake()
	app := newJob("shop-app")
	web, queue := *app.TaskGroups[0], *app.TaskGroups[0]
	web.Name, queue.Name = ptr("web"), ptr("queue")
	queue.Scaling = &api.ScalingPolicy{Min: ptr(int64(1)), Max: ptr(int64(4))}
	app.TaskGroups = []*api.TaskGroup{&web, &queue}
	f.have(&stack.Job{API: app}, &stack.Job{API: newJob("shop-batch")}, &stack.Job{API: newJob("shop-system")}, &stack.Job{API: newJob("shop-cron")},
		&stack.Job{API: newJob("shop-gone")})
	f.jobs["shop-batch"].Type, f.jobs["shop-system"].Type = ptr("batch"), ptr("system")
	f.jobs["shop-cron"].Periodic = &api.PeriodicConfig{Enabled: ptr(true)}
	f.jobs["shop-gone"].Stop = ptr(true)
	f.blocker, f.ending = map[string]*api.Deployment{}, map[string]int{}
	return f
}

func scaleTo(t *testing.T, ctx context.Context, f *fake, on func(Event), targets ...Target) (*Result, error, *told) {
	t.Helper()
	o := &told{on: on}
	res, err := New(Deps{Nomad: f, Owner: "ann@laptop, pid 7"}).Scale(ctx, ScaleOptions{Release: "shop", Targets: targets, Timeout: time.Hour}, o)
	return res, err, o
}

func TestScaleRefusesBeforeItChangesAnything(t *testing.T) {
	web := Target{"web", 2} // in each case what could be done is not done either
	for name, c := range map[string]struct {
		before  func(*fake)
		targets []Target
		outcome Outcome
		words   []string
	}{
		"a tier that there is not, with the one that was meant and all that there are": {
			targets: []Target{web, {"queu", 2}}, outcome: Refused,
			words: []string{`no tier "queu"`, "did you mean queue?", "queue, shop-batch, shop-cron, shop-gone, shop-system, web"}},
		"more than the scaling block allows": {targets: []Target{web, {"queue", 5}}, outcome: Refused, words: []string{"1 to 4", "5 instances"}},
		"less than the scaling block allows": {targets: []Target{web, {"queue", 0}}, outcome: Refused, words: []string{"1 to 4", "0 instances"}},
		"batch work":                         {targets: []Target{web, {"shop-batch", 2}}, outcome: Refused, words: []string{"batch"}},
		"a system job":                       {targets: []Target{web, {"shop-system", 2}}, outcome: Refused, words: []string{"every node"}},
		"a periodic job":                     {targets: []Target{web, {"shop-cron", 2}}, outcome: Refused, words: []string{"periodic"}},
		"a stopped job":                      {targets: []Target{web, {"shop-gone", 2}}, outcome: Refused, words: []string{"stopped", "packctl run"}},
		"a tier given twice":                 {targets: []Target{web, {"app/web", 3}}, outcome: Refused, words: []string{"named twice"}},
		"all faults in one go":               {targets: []Target{{"queue", 9}, {"nothing", 1}}, outcome: Refused, words: []string{"1 to 4", `no tier "nothing"`}},
		"a tier of two jobs": {
			before: func(f *fake) {
				other := newJob("shop-other")
				other.TaskGroups[0].Name = ptr("web")
				f.have(&stack.Job{API: other})
			},
			targets: []Target{web}, outcome: Refused, words: []string{"2 jobs", "shop-app/web or shop-other/web"}},
		"what has no place": {
			before: func(f *fake) {
				f.failed = map[string]*api.AllocationMetric{"queue": {DimensionExhausted: map[string]int{"memory": 1}, NodesEvaluated: 1, NodesExhausted: 1}}
			},
			targets: []Target{web, {"queue", 3}}, outcome: Failed, words: []string{"no place", "queue", "memory"}},
		"a release that there is not": {
			before: func(f *fake) { clear(f.jobs) }, targets: []Target{web}, outcome: Refused, words: []string{"has no jobs"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := shop()
			if c.before != nil {
				c.before(f)
			}
			res, err, _ := scaleTo(t, t.Context(), f, nil, c.targets...)
			wantOutcome(t, res, err, c.outcome, c.words...)
			want(t, f)
		})
	}
}

func TestScaleAsksForWhatDiffersAndSaysHowLongItLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := shop()
		res, err, o := scaleTo(t, t.Context(), f, nil, Target{"app/web", 3}, Target{"queue", 2})
		wantOutcome(t, res, err, Healthy)
		want(t, f, "scale shop-app/web=3, packctl scale by ann@laptop", "scale shop-app/queue=2, packctl scale by ann@laptop", "unlock")
		for _, words := range []string{"web goes from 1 to 3 instances; the next packctl run sets", "queue goes from 1 to 2 instances; packctl run keeps it"} {
			if !strings.Contains(o.text, words) {
				t.Errorf("it does not say %q:\n%s", words, o.text)
			}
		}
		if len(res.Tiers) != 2 || res.Tiers[0].Healthy != 3 || len(res.Scaled) != 2 || res.Scaled[0] != (Scaled{"web", "shop-app", 1, 3}) {
			t.Errorf("tiers %+v, scaled %+v", res.Tiers, res.Scaled)
		}
	})
}

func TestScaleToThePresentCountSubmitsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := shop()
		res, err, o := scaleTo(t, t.Context(), f, nil, Target{"web", 1})
		wantOutcome(t, res, err, Unchanged)
		want(t, f) // nor is the lock taken
		if !strings.Contains(o.text, "web has 1 instance already") {
			t.Errorf("it said\n%s", o.text)
		}
	})
}

func TestScaleWaitsForADeploymentToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := shop()
		f.blocker["shop-app"] = &api.Deployment{ID: "0123456789", StatusDescription: "Deployment is running"}
		time.AfterFunc(time.Minute, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			delete(f.blocker, "shop-app")
		})
		res, err, o := scaleTo(t, t.Context(), f, nil, Target{"web", 2})
		wantOutcome(t, res, err, Healthy)
		if res.Elapsed < time.Minute {
			t.Errorf("it took %s", res.Elapsed)
		}
		if n := strings.Count(o.text, "waits for deployment 01234567 of job shop-app"); n != 1 {
			t.Errorf("it said so %d times:\n%s", n, o.text)
		}
	})
}

func TestScalingInWaitsUntilTheSurplusHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := shop()
		f.jobs["shop-app"].TaskGroups[0].Count = ptr(3)
		f.ending["shop-app"] = 2
		time.AfterFunc(time.Minute, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.ending["shop-app"] = 0
			f.wake()
		})
		res, err, o := scaleTo(t, t.Context(), f, nil, Target{"web", 1})
		wantOutcome(t, res, err, Healthy)
		if res.Elapsed < time.Minute || !strings.Contains(o.text, "2 instances that it no longer wants") {
			t.Errorf("it took %s and said\n%s", res.Elapsed, o.text)
		}
	})
}

func TestAnInterruptedScaleSaysWhatGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		blocked bool
		words   string
	}{
		"after Nomad was asked":     {false, "Nomad goes on to scale web to 2 instances"},
		"while a deployment blocks": {true, "Nomad was not asked yet to scale web"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := shop()
				if c.blocked {
					f.blocker["shop-app"] = &api.Deployment{ID: "d"}
				}
				f.be("shop-app", "pending")
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Minute, cancel)
				res, err, _ := scaleTo(t, ctx, f, nil, Target{"web", 2})
				wantOutcome(t, res, err, Interrupted, c.words)
			})
		})
	}
}

func TestAScaledTierThatFailsIsToldWithItsEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := shop()
		f.scaled = "failed"
		res, err, _ := scaleTo(t, t.Context(), f, nil, Target{"web", 2})
		wantOutcome(t, res, err, Failed, "web", "the count stays")
		if len(res.Failures) != 1 || res.Failures[0].ExitCode != 3 {
			t.Errorf("failures %+v", res.Failures)
		}
	})
}

func TestAStoppedJobsTierDoesNotMakeANameAmbiguous(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := shop()
		f.jobs["shop-gone"].TaskGroups[0].Name = ptr("web")
		res, err, _ := scaleTo(t, t.Context(), f, nil, Target{"web", 2})
		wantOutcome(t, res, err, Healthy)
	})
}

func TestAScaleWithoutHopeEndsItsDeployment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := shop() // otherwise Nomad would let nothing be scaled back for as long as it tries
		f.scaled = "hopeless"
		res, err, _ := scaleTo(t, t.Context(), f, nil, Target{"web", 2})
		wantOutcome(t, res, err, Failed, "web")
		want(t, f, "scale shop-app/web=2, packctl scale by ann@laptop", "fail deployment of shop-app", "unlock")
	})
}
