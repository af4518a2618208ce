package release

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/status"
)

// overviewOf looks once at the release shop.
func overviewOf(t *testing.T, f *fake, health Health) (*Overview, error) {
	t.Helper()
	var got *Overview
	err := New(Deps{Nomad: f, Health: health}).Status(t.Context(), StatusOptions{Release: "shop", Namespace: "default"}, func(o *Overview) { got = o })
	return got, err
}

// runs registers jobs of the release shop as they would be after a while.
func (f *fake) runs(jobs ...*api.Job) {
	for _, j := range jobs {
		j.Version, j.JobModifyIndex, j.CreateIndex, j.Stop = ptr(uint64(3)), ptr(uint64(50)), ptr(uint64(1)), ptr(false)
		j.SubmitTime = ptr(time.Now().Add(-time.Hour).UnixNano())
		for _, tg := range j.TaskGroups {
			tg.Update = &api.UpdateStrategy{MinHealthyTime: ptr(time.Duration(0))}
		}
		f.jobs[*j.ID] = j
		f.state[*j.ID] = "healthy"
	}
}

func TestStatusTellsWhatThereIs(t *testing.T) {
	f := newFake()
	web := newJob("web")
	web.Meta[MetaPack] = "shop"
	web.TaskGroups[0].Volumes = map[string]*api.VolumeRequest{"data": {Type: "host", Source: "shop-data"}, "other": {Type: "host", Source: "shop-gone"}}
	prepare, err := json.Marshal(spec.Prepare{WaitFor: []spec.WaitFor{{Name: "postgres"}}})
	if err != nil {
		t.Fatal(err)
	}
	web.TaskGroups[0].Tasks = append(web.TaskGroups[0].Tasks, &api.Task{Name: spec.PrepareTask, Env: map[string]string{spec.PrepareEnv: string(prepare)}})
	f.runs(web, newJob("api"))
	f.volumes["shop-data"] = []*api.HostVolume{{ID: "v1", Name: "shop-data", NodeID: "n1", PluginID: "mkdir", State: "ready"}}
	f.nodes[0].ID = "n1"
	f.scalings = map[string]map[string][]api.ScalingEvent{
		"api": {"api": {{Time: 20, PreviousCount: 2, Count: ptr(int64(3)), Message: "more"}}},
		"web": {"web": {{Time: 30, PreviousCount: 1, Count: ptr(int64(2))}, {Time: 10, PreviousCount: 3, Count: ptr(int64(1))}}},
	}
	o, err := overviewOf(t, f, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Healthy || o.Pack != "shop" || len(o.Jobs) != 2 || o.Jobs[0].ID != "api" || o.Jobs[1].Version != 3 || len(o.Tiers) != 2 {
		t.Errorf("got %+v", o)
	}
	if len(o.Scalings) != 3 || o.Scalings[0].Tier != "web" || o.Scalings[1].Message != "more" || *o.Scalings[1].To != 3 {
		t.Errorf("scalings, newest first: %+v", o.Scalings)
	}
	if len(o.Volumes) != 2 || o.Volumes[0].Node != "node1" || o.Volumes[0].State != "ready" || o.Volumes[1].State != "missing" {
		t.Errorf("volumes: %+v", o.Volumes)
	}
	if len(o.Gates) != 1 || o.Gates[0].Name != "postgres" || !o.Gates[0].Open {
		t.Errorf("gates: %+v", o.Gates)
	}
}

func TestAClosedGateSaysWhy(t *testing.T) {
	prepare, err := json.Marshal(spec.Prepare{WaitFor: []spec.WaitFor{{Name: "postgres"}, {Name: "redis"}}})
	if err != nil {
		t.Fatal(err)
	}
	job := newJob("web")
	job.TaskGroups[0].Tasks = append(job.TaskGroups[0].Tasks, &api.Task{Name: spec.PrepareTask, Env: map[string]string{spec.PrepareEnv: string(prepare)}})
	alloc := &api.AllocationListStub{ID: "a", TaskGroup: "web", DesiredStatus: "run", ClientStatus: "pending",
		TaskStates: map[string]*api.TaskState{spec.PrepareTask: {State: "running"}}}
	f := status.JobFacts{ID: "web", Job: job, Allocs: []*api.AllocationListStub{alloc}, Progress: map[string]*spec.Progress{"a": {Phase: spec.PhaseWaiting,
		Conditions: []spec.Condition{{Name: "postgres", Ready: true}, {Name: "redis", Reason: "nobody is there"}}}}}
	gates := gatesOf(&f)
	if len(gates) != 2 || !gates[0].Open || gates[1].Open || gates[1].Reason != "nobody is there" {
		t.Errorf("got %+v", gates)
	}
	alloc.TaskStates[spec.PrepareTask].State = "dead"
	if gates := gatesOf(&f); !gates[1].Open {
		t.Errorf("after the prestart task: %+v", gates)
	}
}

func TestWhatIsHealthy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fake)
		want   bool
	}{
		"all runs":               {func(*fake) {}, true},
		"one fails":              {func(f *fake) { f.state["api"] = "failed" }, false},
		"one is pending":         {func(f *fake) { f.state["api"] = "" }, false},
		"one has left the pack":  {func(f *fake) { f.jobs["api"].Stop = ptr(true) }, true},
		"the release is stopped": {func(f *fake) { f.jobs["api"].Stop, f.jobs["web"].Stop = ptr(true), ptr(true) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.runs(newJob("web"), newJob("api"))
			c.change(f)
			o, err := overviewOf(t, f, nil)
			if err != nil {
				t.Fatal(err)
			}
			if o.Healthy != c.want {
				t.Errorf("got %v of %+v", o.Healthy, o.Tiers)
			}
		})
	}
}

func TestStatusDoesWithoutWhatItMayNotSee(t *testing.T) {
	f := newFake()
	f.runs(newJob("web"))
	f.blind = denied{}
	o, err := overviewOf(t, f, silent{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(o.Notes, "\n"); !o.Healthy || !strings.Contains(notes, "scaling events are not shown") || !strings.Contains(notes, "checks are not shown") {
		t.Errorf("healthy %v, notes %q", o.Healthy, notes)
	}
	f.blind = errors.New("broken")
	if _, err := overviewOf(t, f, nil); err == nil {
		t.Error("another fault was swallowed")
	}
}

func TestStatusOfNoRelease(t *testing.T) {
	_, err := overviewOf(t, newFake(), nil)
	var got *Error
	if !errors.As(err, &got) || got.Outcome != Refused {
		t.Errorf("got %v", err)
	}
}

func TestWatchedStatusEndsWellWhenInterrupted(t *testing.T) {
	f := newFake()
	f.runs(newJob("web"))
	ctx, stop := context.WithCancel(t.Context())
	seen := 0
	err := New(Deps{Nomad: f}).Status(ctx, StatusOptions{Release: "shop", Watch: true}, func(o *Overview) {
		switch seen++; {
		case seen == 1:
			go f.be("web", "failed")
		case !o.Healthy:
			stop()
		}
	})
	if err != nil || ctx.Err() == nil {
		t.Errorf("got %v after %d looks", err, seen)
	}
}

func TestReleasesOfAllNamespaces(t *testing.T) {
	f := newFake()
	stub := func(namespace, release, id string, change func(*api.JobListStub)) *api.JobListStub {
		j := &api.JobListStub{ID: id, Namespace: namespace, Type: "service", Status: "running", Meta: map[string]string{MetaRelease: release, MetaPack: "p"},
			JobSummary: &api.JobSummary{Summary: map[string]api.TaskGroupSummary{"g": {Running: 1, Failed: 2}}}}
		if change != nil {
			change(j)
		}
		return j
	}
	summary := func(g api.TaskGroupSummary) func(*api.JobListStub) {
		return func(j *api.JobListStub) { j.JobSummary.Summary["g"], j.Status = g, "dead" }
	}
	f.everything = []*api.JobListStub{
		stub("web", "shop", "b", nil),
		stub("", "shop", "a", nil),
		stub("web", "shop", "a", summary(api.TaskGroupSummary{Failed: 1})),
		stub("web", "gone", "x", func(j *api.JobListStub) { j.Stop, j.Status = true, "dead" }),
		stub("web", "done", "x", summary(api.TaskGroupSummary{Complete: 1})),
		stub("web", "early", "x", func(j *api.JobListStub) { j.JobSummary.Summary["g"] = api.TaskGroupSummary{Running: 1, Starting: 1} }),
		stub("web", "early", "old", func(j *api.JobListStub) { j.Stop = true }),
		stub("web", "", "nobodys", nil),
		stub("web", "early", "x/periodic-1", func(j *api.JobListStub) { j.ParentID = "x" }),
	}
	f.records = []*api.Variable{{Namespace: "web", Path: "packctl/releases/shop/revisions/000007", Items: api.VariableItems{recordItem: `{"revision": 7, "pack_version": "1.2"}`}}}
	got, err := New(Deps{Nomad: f}).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if e := got[len(got)-1]; e.Revision != 7 || e.Version != "1.2" || got[0].Revision != 0 {
		t.Errorf("records: %+v", got)
	}
	var text []string
	for _, e := range got {
		text = append(text, e.Namespace+"/"+e.Release+" "+string(e.State)+" "+strings.Repeat("j", e.Jobs))
	}
	want := "default/shop running j, web/done running j, web/early starting jj, web/gone stopped j, web/shop failing jj"
	if strings.Join(text, ", ") != want {
		t.Errorf("got %q\nwant %q", text, want)
	}
	f.blind = denied{}
	var e *Error
	if _, err := New(Deps{Nomad: f}).List(t.Context()); !errors.As(err, &e) || e.Outcome != Denied {
		t.Errorf("got %v", err)
	}
}

func TestStatusWarnsOfCertificatesThatEndSoon(t *testing.T) {
	o, err := overviewOf(t, withData(t), nil)
	if err != nil || o.Revision != 1 || !strings.Contains(strings.Join(o.Notes, "\n"), "certificate tls ends on ") {
		t.Errorf("%v, %+v", err, o)
	}
}
