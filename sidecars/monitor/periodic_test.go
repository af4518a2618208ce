package monitor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// periodicSample is a release with a job that is launched each minute, observed at a moment. Its runs, newest first, took
// four seconds each and ended with these exit codes; the newest was launched in the minute of t0.
func periodicSample(at time.Time, codes ...int) Sample {
	name, id := "scheduler", "appstack-scheduler"
	job := &api.Job{ID: &id, Type: ptr("batch"), Version: ptr(uint64(0)), JobModifyIndex: ptr(uint64(1)), SubmitTime: ptr(t0.Add(-time.Hour).UnixNano()),
		Periodic: &api.PeriodicConfig{Specs: []string{"* * * * *"}, SpecType: ptr("cron"), TimeZone: ptr("UTC")},
		TaskGroups: []*api.TaskGroup{{Name: &name, Count: ptr(1), Tasks: []*api.Task{{Name: "artisan"}},
			ReschedulePolicy: &api.ReschedulePolicy{Attempts: ptr(0), Unlimited: ptr(false), Interval: ptr(time.Hour)}}}}
	f := status.JobFacts{ID: id, Job: job, Evaluated: true}
	for i, code := range codes {
		launch := t0.Truncate(time.Minute).Add(-time.Duration(i) * time.Minute)
		c := status.Child{ID: fmt.Sprintf("%s/periodic-%d", id, launch.Unix()), Launched: launch, Index: 9, Dead: true}
		a := &api.AllocationListStub{ID: fmt.Sprintf("%08x-51c2-4e0a-9b7d-0d6a00000000", i+1), Name: c.ID + ".scheduler[0]", TaskGroup: name, NodeName: "node-1",
			DesiredStatus: "run", ClientStatus: "complete", TaskStates: map[string]*api.TaskState{"artisan": {State: "dead", Failed: code != 0,
				Events: []*api.TaskEvent{{Type: api.TaskTerminated, DisplayMessage: fmt.Sprintf("Exit Code: %d", code),
					Time: launch.Add(4 * time.Second).UnixNano(), Details: map[string]string{"exit_code": fmt.Sprint(code)}}}}}}
		if code != 0 {
			a.ClientStatus = "failed"
		}
		c.Allocs = []*api.AllocationListStub{a}
		f.Children = append(f.Children, c)
	}
	s := healthySample()
	s.Time, s.Observation.Time = at, at
	s.Observation.Jobs = append(s.Observation.Jobs, f)
	s.Tiers = append(s.Tiers, status.Derive(status.Observation{Time: at, Jobs: []status.JobFacts{f}})...)
	return s
}

func TestAPeriodicTierOnThePage(t *testing.T) {
	for name, c := range map[string]struct {
		sample Sample
		level  Level
		title  string
		html   []string
	}{
		"before its first launch": {periodicSample(t0.Add(-59*time.Minute - 50*time.Second)), LevelOK, "All 10 tiers healthy",
			[]string{`<span class="pill l-ok">scheduled</span>`, "first launch at 2026-11-22 11:04:00 UTC", "No run is known."}},
		"its last runs": {periodicSample(t0, 0, 0, 3, 0), LevelOK, "All 10 tiers healthy",
			[]string{"scheduler</b><small>appstack-scheduler · periodic", "* * * * * (UTC)", "12:03:00 UTC</time>", "12:02:00 UTC</time>",
				"12:01:00 UTC</time>", "the run of 12:03:00 UTC succeeded in 4s; next launch at 2026-11-22 12:04:00 UTC", "exit code 3", "–</span>"}},
		"a run that failed": {periodicSample(t0, 3, 0), LevelBad, "scheduler is unhealthy",
			[]string{"the run of 12:03:00 UTC failed: task artisan failed: exit code 3"}},
		"two periods without one": {periodicSample(t0.Add(3*time.Minute), 0), LevelBad, "scheduler is unhealthy",
			[]string{"no run has succeeded for two periods"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMonitor(t, nil)
			d := decide(me, nil, c.sample, c.sample.Time)
			if d.Page.Banner.Level != c.level || d.Page.Banner.Title != c.title {
				t.Errorf("banner %s %q", d.Page.Banner.Level, d.Page.Banner.Title)
			}
			html, err := m.view.board(d.Page)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range c.html {
				if !strings.Contains(string(html), part) {
					t.Errorf("the page lacks %q", part)
				}
			}
			if strings.Contains(string(html), "12:00:00 UTC</time>") {
				t.Error("more than the last three runs are shown")
			}
		})
	}
}

// clockSource derives the state of one success anew at each read, as the cluster's source does, and never has news.
type clockSource struct {
	*fakeSource
	reads int
}

func (c *clockSource) Read(context.Context) Sample {
	c.reads++
	return periodicSample(time.Now().UTC(), 0)
}

func TestTimeAloneMakesAPeriodicTierUnhealthyAndTheMonitorNotices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &clockSource{fakeSource: newFakeSource(Sample{})}
		m := newMonitor(t, src)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		time.AfterFunc(time.Until(t0), func() { defer close(ended); m.Watch(ctx) }) // a bubble's clock begins in 2000
		pages, leave := m.hub.subscribe()
		defer leave()
		for s := range pages {
			if tier := find(s.page.Tiers, "appstack-scheduler/scheduler"); tier.State == status.Unhealthy {
				break
			}
		}
		cancel()
		<-ended
		// The run of 12:03:00 took four seconds: that and two launches later is 12:05:04.
		if late := time.Since(time.Date(2026, 11, 22, 12, 5, 4, 0, time.UTC)); late < 0 || late > settle {
			t.Errorf("noticed %s after the two periods were over", late)
		}
		if src.reads > 15 {
			t.Errorf("%d reads in 83 seconds", src.reads)
		}
	})
}
