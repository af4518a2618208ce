package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/status"
)

// t0 is the moment at which every fixture is observed.
var t0 = time.Date(2026, 11, 22, 12, 3, 41, 0, time.UTC)

// tierSpec describes one tier of a fixture.
type tierSpec struct {
	job, name string
	needs     []string
	services  []string
	volumes   []string
	n         int
	state     status.State
	reason    string
	edit      func(i int, in *status.Instance)
	gate      *spec.Progress
}

func appTiers() []tierSpec {
	return []tierSpec{
		{job: "appstack-app", name: "backend", needs: []string{"postgres", "redis"}, services: []string{"backend"}, volumes: []string{"uploads"}, n: 2},
		{job: "appstack-app", name: "celery-worker", needs: []string{"postgres", "redis", "backend"}, services: []string{"celery-worker"}, volumes: []string{"uploads"}, n: 2},
		{job: "appstack-app", name: "celery-beat", needs: []string{"postgres", "redis"}, services: []string{"celery-beat"}, n: 1},
		{job: "appstack-data", name: "postgres", services: []string{"postgres"}, volumes: []string{"pgdata"}, n: 1},
		{job: "appstack-data", name: "redis", services: []string{"redis"}, volumes: []string{"redisdata"}, n: 1},
		{job: "appstack-edge", name: "frontend", services: []string{"frontend"}, n: 1},
		{job: "appstack-edge", name: "nginx", needs: []string{"frontend", "backend"}, services: []string{"nginx"}, n: 1},
		{job: "appstack-mail", name: "mail", services: []string{"mail"}, n: 1},
		{job: "appstack-monitor", name: "monitor", services: []string{"monitor"}, n: 1},
	}
}

// build makes the sample that a real source would give for these tiers.
func build(specs []tierSpec) Sample {
	s := Sample{Time: t0}
	jobs := map[string]*status.JobFacts{}
	var ids []string
	for n, ts := range specs {
		if ts.state == "" {
			ts.state = status.Healthy
		}
		if jobs[ts.job] == nil {
			jobs[ts.job] = &status.JobFacts{ID: ts.job, Job: &api.Job{ID: &ts.job, Type: ptr("service")}, Progress: map[string]*spec.Progress{}}
			ids = append(ids, ts.job)
		}
		f := jobs[ts.job]
		f.Job.TaskGroups = append(f.Job.TaskGroups, groupOf(ts))
		tier := status.Tier{Name: ts.name, Job: ts.job, State: ts.state, Reason: ts.reason, Desired: ts.n}
		for i := range ts.n {
			in := instanceFixture(n, i, ts)
			if in.State == status.Healthy {
				tier.Healthy++
			}
			if ts.gate != nil && in.State != status.Healthy {
				p := *ts.gate
				p.Conditions = slices.Clone(p.Conditions)
				f.Progress[in.Alloc] = &p
			}
			tier.Instances = append(tier.Instances, in)
		}
		s.Tiers = append(s.Tiers, tier)
	}
	for _, id := range ids {
		s.Observation.Jobs = append(s.Observation.Jobs, *jobs[id])
	}
	s.Observation.Time = t0
	return s
}

func groupOf(ts tierSpec) *api.TaskGroup {
	g := &api.TaskGroup{Name: ptr(ts.name), Volumes: map[string]*api.VolumeRequest{}}
	for _, name := range ts.services {
		g.Services = append(g.Services, &api.Service{Name: "appstack-" + name})
	}
	for _, name := range ts.volumes {
		g.Volumes[name] = &api.VolumeRequest{Name: name, Type: "host", Source: "appstack-" + name}
	}
	if len(ts.needs) > 0 {
		p := spec.Prepare{Release: "appstack", Group: ts.name}
		for _, need := range ts.needs {
			p.WaitFor = append(p.WaitFor, spec.WaitFor{Name: need, Kind: spec.KindService, Service: &spec.Service{Name: "appstack-" + need, Min: 1}})
		}
		raw, err := json.Marshal(p)
		if err != nil {
			panic(err)
		}
		g.Tasks = append(g.Tasks, &api.Task{Name: spec.PrepareTask, Env: map[string]string{spec.PrepareEnv: string(raw)}})
	}
	return g
}

func instanceFixture(n, i int, ts tierSpec) status.Instance {
	in := status.Instance{
		Alloc: fmt.Sprintf("%08x-51c2-4e0a-9b7d-0d6a%08x", 0x3f2a91c2+n*0x1357a+i*0x9e3779, n*16+i), Index: i,
		Node: fmt.Sprintf("node-%d", 1+(n+i)%3), Version: uint64(n % 4), State: ts.state, Reason: ts.reason,
		Since: t0.Add(-time.Duration(40+n*977+i*61) * time.Second),
		Tasks: []status.Task{{Name: ts.name, State: "running", Event: "Started: Task started by client"}},
		Checks: []status.Check{{Name: checkName(ts.name), Service: "appstack-" + ts.name, Status: "passing",
			Output: checkOutput(ts.name)}},
	}
	if len(ts.needs) > 0 {
		in.Tasks = append([]status.Task{{Name: spec.PrepareTask, State: "dead", Event: "Terminated: Exit Code: 0"}}, in.Tasks...)
	}
	if ts.edit != nil {
		ts.edit(i, &in)
	}
	return in
}

func checkName(tier string) string {
	switch tier {
	case "postgres":
		return "pg_isready"
	case "redis":
		return "ping"
	}
	return "http"
}

func checkOutput(tier string) string {
	switch tier {
	case "postgres":
		return "/alloc/pgsock:5432 - accepting connections\n"
	case "redis":
		return "PONG"
	}
	return "HTTP GET http://172.17.0.1:24817/health: 200 OK Output: {\"status\":\"ok\",\"version\":\"1.4.0\"}"
}

func healthySample() Sample { return build(appTiers()) }

// waitingSample is a release on its way up: PostgreSQL runs, its check does not pass yet, three tiers are at their gates.
func waitingSample() Sample {
	ts := appTiers()
	for i := range ts {
		switch ts[i].name {
		case "postgres":
			ts[i].state, ts[i].reason = status.Checking, `check "pg_isready" of service appstack-postgres is critical: no response`
			ts[i].edit = func(_ int, in *status.Instance) {
				in.Since = t0.Add(-41 * time.Second)
				in.Checks[0].Status, in.Checks[0].Output = "critical", "/alloc/pgsock:5432 - no response\n"
			}
		case "backend", "celery-beat", "celery-worker":
			ts[i].state, ts[i].reason = status.Waiting, "waiting for postgres: service appstack-postgres has 0 of 1 passing instances"
			ts[i].gate = gateOn("postgres", "1 instance, 0 passing: pg_isready is critical", ts[i].needs)
			ts[i].edit = func(_ int, in *status.Instance) {
				in.Since = t0.Add(-39 * time.Second)
				in.Checks = nil
				in.Tasks = []status.Task{{Name: "prepare", State: "running", Event: "Started: Task started by client"}, {Name: in.Tasks[1].Name, State: "pending", Event: "Received: Task received by client"}}
			}
		case "nginx":
			ts[i].state, ts[i].reason = status.Waiting, "waiting for backend: service appstack-backend is not in Consul"
			ts[i].gate = gateOn("backend", "service appstack-backend is not in Consul", ts[i].needs)
			ts[i].edit = func(_ int, in *status.Instance) { in.Since, in.Checks = t0.Add(-35*time.Second), nil }
		}
	}
	return build(ts)
}

func gateOn(unmet, why string, needs []string) *spec.Progress {
	p := &spec.Progress{Phase: spec.PhaseWaiting, Since: t0.Add(-39 * time.Second), Reason: "waiting for " + unmet + ": " + why}
	for _, n := range needs {
		c := spec.Condition{Name: n, Ready: n != unmet, Reason: "1 of 1 passing", Since: t0.Add(-30 * time.Second)}
		if n == unmet {
			c.Reason, c.Since = why, t0.Add(-39*time.Second)
		}
		p.Conditions = append(p.Conditions, c)
	}
	return p
}

// failedSample is a bad release: the backend's new version exits, the worker waits for it, one worker still runs.
func failedSample() Sample {
	ts := appTiers()
	for i := range ts {
		switch ts[i].name {
		case "backend":
			ts[i].state, ts[i].reason = status.Failed, "task backend failed: exit code 1 (deployment failed: Failed due to progress deadline)"
			ts[i].edit = func(n int, in *status.Instance) {
				in.State, in.Reason, in.Version = status.Failed, "task backend failed: exit code 1", 4
				in.Tasks[1] = status.Task{Name: "backend", State: "dead", Failed: true, Restarts: 3, ExitCode: 1,
					Event: "Not Restarting: Exceeded allowed attempts 3 in interval 10m0s and mode is \"fail\""}
				in.Checks[0].Status = "critical"
				in.Checks[0].Output = "Get \"http://172.17.0.1:24817/api/health\": dial tcp 172.17.0.1:24817: connect: connection refused"
				if n == 1 {
					in.State, in.Reason, in.Version, in.Tasks[1].Failed = status.Healthy, "", 3, false
					in.Tasks[1] = status.Task{Name: "backend", State: "running", Event: "Started: Task started by client"}
					in.Checks[0].Status, in.Checks[0].Output = "passing", checkOutput("backend")
				}
			}
		case "celery-worker":
			ts[i].state, ts[i].reason = status.Waiting, "waiting for backend: 1 of 2 instances passing"
			ts[i].gate = gateOn("backend", "1 instance passing, 2 wanted", ts[i].needs)
			ts[i].edit = func(n int, in *status.Instance) {
				if n == 1 {
					in.State, in.Reason = status.Healthy, ""
				}
			}
		case "mail":
			ts[i].state, ts[i].n = status.Stopped, 0
		case "redis":
			ts[i].edit = func(_ int, in *status.Instance) { in.Tasks[0].Restarts = 2 }
		}
	}
	return build(ts)
}

func hostileSample() Sample {
	ts := appTiers()[:1]
	ts[0].state, ts[0].reason = status.Unhealthy, hostile
	ts[0].edit = func(_ int, in *status.Instance) {
		in.Checks[0] = status.Check{Name: hostile, Service: hostile, Status: "critical", Output: hostile + "\r\n\r\nevent: evil\ndata: x"}
		in.Node, in.Tasks[0].Event = hostile, hostile
	}
	return build(ts)
}

const hostile = `</pre></details><script>alert(1)</script><img src=x onerror=alert(2)>" onmouseover="alert(3)`

func nomadDown(s Sample, at time.Time) Sample {
	return Sample{Time: at, Faults: map[Part]error{Nomad: errors.New("list the jobs: dial unix /secrets/api.sock: connect: connection refused")}}
}

func consulDown(s Sample) Sample {
	s.Faults = map[Part]error{Consul: errors.New("list the checks: Get \"http://172.17.0.1:8500/v1/health/state/any\": dial tcp 172.17.0.1:8500: connect: connection refused")}
	return s
}

// fakeSource gives what set says, and wakes the monitor when that changes.
type fakeSource struct {
	mu   sync.Mutex
	now  Sample
	wake chan struct{}
}

func newFakeSource(s Sample) *fakeSource { return &fakeSource{now: s, wake: make(chan struct{}, 1)} }

var _ Source = (*fakeSource)(nil)

func (f *fakeSource) Read(context.Context) Sample {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fakeSource) Run(ctx context.Context) { <-ctx.Done() }

func (f *fakeSource) Changed() <-chan struct{} { return f.wake }

func (f *fakeSource) set(s Sample) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = s
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func ptr[T any](v T) *T { return &v }

func testConfig() Config {
	return Config{BasePath: "/monitor", Release: "appstack", Namespace: "default"}
}
