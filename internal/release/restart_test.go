package release

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// gatedBy makes a job's group wait for a service.
func gatedBy(job *api.Job, service string) *api.Job {
	prepare, err := json.Marshal(spec.Prepare{WaitFor: []spec.WaitFor{{Name: service, Service: &spec.Service{Name: service}}}})
	if err != nil {
		panic(err)
	}
	tg := job.TaskGroups[0]
	tg.Tasks = append(tg.Tasks, &api.Task{Name: spec.PrepareTask, Env: map[string]string{spec.PrepareEnv: string(prepare)}})
	return job
}

// twoTiers is a release whose tier api waits for its tier web, which has two instances.
func twoTiers() *fake {
	f := newFake()
	web := newJob("web")
	web.TaskGroups[0].Count = ptr(2)
	web.TaskGroups[0].Services = []*api.Service{{Name: "the-web"}}
	f.runs(web, gatedBy(newJob("api"), "the-web"))
	return f
}

func restartOf(ctx context.Context, f *fake, tiers ...string) (*Result, error, string) {
	obs := &told{}
	res, err := New(Deps{Nomad: f}).Restart(ctx, RestartOptions{Release: "shop", Tiers: tiers}, obs)
	return res, err, obs.text
}

func TestRestartGoesOneByOneFromTheBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := twoTiers()
		f.jobs["web"].TaskGroups[0].Update.MinHealthyTime = ptr(30 * time.Second)
		var at []time.Duration
		began := time.Now()
		f.restarting = func(string) { at = append(at, time.Since(began)) }
		res, err, _ := restartOf(t.Context(), f)
		if err != nil || res.Outcome != Healthy {
			t.Fatal(err)
		}
		if want := []string{"web[0]", "web[1]", "api[0]"}; !slices.Equal(res.Restarted, want) {
			t.Errorf("restarted %q, want %q", res.Restarted, want)
		}
		if len(at) != 3 || at[1]-at[0] < 30*time.Second || at[2]-at[1] < 30*time.Second {
			t.Errorf("restarted at %v: an instance is healthy only after min_healthy_time", at)
		}
		if got := f.done(); got[len(got)-1] != "unlock" {
			t.Errorf("calls: %q", got)
		}
		f = twoTiers()
		if res, err, _ = restartOf(t.Context(), f, "api"); err != nil || !slices.Equal(res.Restarted, []string{"api[0]"}) {
			t.Errorf("only api: %q, %v", res.Restarted, err)
		}
	})
}

func TestRestartEndsAtWhatDoesNotComeBack(t *testing.T) {
	f := twoTiers()
	f.restarting = func(string) { f.be("web", "failed") }
	res, err, _ := restartOf(t.Context(), f)
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Failed || !strings.Contains(e.Hint, "web[1], api[0]") || len(res.Failures) != 1 || res.Failures[0].ExitCode != 3 {
		t.Errorf("got %v, %+v", err, res.Failures)
	}
	if n := strings.Count(strings.Join(f.done(), ","), "restart "); n != 1 {
		t.Errorf("%d were restarted", n)
	}
}

func TestRestartWaitsNoLongerThanTheHealthyDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := twoTiers()
		f.jobs["web"].TaskGroups[0].Update.HealthyDeadline = ptr(time.Minute)
		f.restarting = func(string) { f.be("web", "") }
		began := time.Now()
		_, err, _ := restartOf(t.Context(), f, "web")
		var e *Error
		if took := time.Since(began); !errors.As(err, &e) || e.Outcome != Failed || took < time.Minute || took > 70*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
	})
}

func TestAnInterruptedRestartSaysWhatIsLeft(t *testing.T) {
	f := twoTiers()
	ctx, stop := context.WithCancel(t.Context())
	f.restarting = func(string) { f.be("web", ""); stop() }
	_, err, _ := restartOf(ctx, f)
	var e *Error
	if !errors.As(err, &e) || e.Outcome != Interrupted || !strings.Contains(e.Hint, "web[0] goes on by itself; not restarted: web[1], api[0]") {
		t.Errorf("got %+v", e)
	}
}

func TestWhatCannotBeRestarted(t *testing.T) {
	synctest.Test(t, whatCannotBeRestarted)
}

func whatCannotBeRestarted(t *testing.T) {
	f := twoTiers()
	f.jobs["api"].Type = ptr("batch")
	res, err, text := restartOf(t.Context(), f)
	if err != nil || !slices.Equal(res.Restarted, []string{"web[0]", "web[1]"}) || !strings.Contains(text, "tier api is not restarted") {
		t.Errorf("all: %v, %q\n%s", err, res.Restarted, text)
	}
	for _, words := range [][]string{{"api"}, {"wob"}, {"web", "other/web"}} {
		f := twoTiers()
		f.jobs["api"].Type = ptr("batch")
		var e *Error
		if _, err, _ := restartOf(t.Context(), f, words...); !errors.As(err, &e) || e.Outcome != Refused || len(f.done()) > 0 {
			t.Errorf("%q: %v, %q", words, err, f.done())
		}
	}
	f = twoTiers()
	f.be("web", "hopeless") // its deployment runs
	var e *Error
	if _, err, _ := restartOf(t.Context(), f, "web"); !errors.As(err, &e) || e.Outcome != Conflict {
		t.Errorf("during a deployment: %v", err)
	}
}

func TestWhereACommandRuns(t *testing.T) {
	running := func(id, name string, version uint64, change func(*api.AllocationListStub)) *api.AllocationListStub {
		a := &api.AllocationListStub{ID: id, Name: name, JobID: "web", TaskGroup: "web", JobVersion: version, ClientStatus: "running",
			TaskStates: map[string]*api.TaskState{"main": {State: "running"}, "log": {State: "running"}}}
		if change != nil {
			change(a)
		}
		return a
	}
	f := twoTiers()
	f.jobs["web"].TaskGroups[0].Tasks = append(f.jobs["web"].TaskGroups[0].Tasks, &api.Task{Name: "log", Lifecycle: &api.TaskLifecycle{Sidecar: true}})
	f.tiersOf = map[string][]string{"shop": {"web/web", "api/api"}, "blog": {"blog-app/api"}}
	f.allocs = []*api.AllocationListStub{
		running("old", "web.web[0]", 1, nil),
		running("ill", "web.web[0]", 3, func(a *api.AllocationListStub) { a.DeploymentStatus = &api.AllocDeploymentStatus{Healthy: ptr(false)} }),
		running("well", "web.web[1]", 3, nil),
		running("ended", "web.web[2]", 3, func(a *api.AllocationListStub) { a.ClientStatus = "complete" }),
		running("unready", "web.web[3]", 4, func(a *api.AllocationListStub) { a.TaskStates["main"].State = "pending" }),
	}
	for name, c := range map[string]struct {
		opt   ExecOptions
		alloc string
		task  string
		fault string
	}{
		"a tier that one release has":   {ExecOptions{Tier: "web", Index: -1}, "well", "main", ""},
		"a tier of a release":           {ExecOptions{Release: "shop", Tier: "web", Index: -1}, "well", "main", ""},
		"a tier with its job":           {ExecOptions{Release: "shop", Tier: "web/web", Index: -1}, "well", "main", ""},
		"an instance, healthy or not":   {ExecOptions{Tier: "web", Index: 0}, "ill", "main", ""},
		"another task":                  {ExecOptions{Tier: "web", Task: "log", Index: -1}, "unready", "log", ""},
		"a tier that two releases have": {ExecOptions{Tier: "api", Index: -1}, "", "", "2 releases have a tier \"api\": blog, shop"},
		"a tier that nobody has":        {ExecOptions{Tier: "wob", Index: -1}, "", "", "no release in this namespace"},
		"a tier that the release lacks": {ExecOptions{Release: "shop", Tier: "wob", Index: -1}, "", "", "release shop has no tier \"wob\""},
		"an instance that ended":        {ExecOptions{Tier: "web", Index: 2}, "", "", "no instance of tier web"},
		"a task that is not there":      {ExecOptions{Tier: "web", Task: "mian", Index: -1}, "", "", "no task \"mian\""},
	} {
		t.Run(name, func(t *testing.T) {
			f.execAt, f.execCode = Place{}, 7
			code, err := New(Deps{Nomad: f}).Exec(t.Context(), c.opt)
			if c.fault != "" {
				var e *Error
				if !errors.As(err, &e) || e.Outcome != Refused || !strings.Contains(err.Error(), c.fault) || e.Hint == "" {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil || code != 7 || f.execAt != (Place{Alloc: c.alloc, Task: c.task}) {
				t.Errorf("got %d, %v at %+v", code, err, f.execAt)
			}
		})
	}
	f.execFault = denied{}
	var e *Error
	if _, err := New(Deps{Nomad: f}).Exec(t.Context(), ExecOptions{Tier: "web", Index: -1}); !errors.As(err, &e) || e.Outcome != Denied {
		t.Errorf("got %v", err)
	}
}
