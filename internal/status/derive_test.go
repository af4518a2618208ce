package status

import (
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// newJob is a service job of version 1 with one group "api" of one task "main", as a server gives it back.
func newJob(change ...func(*api.Job)) *api.Job {
	job := &api.Job{
		ID: ptr("shop-api"), Type: ptr("service"), Version: ptr(uint64(1)), Stop: ptr(false), CreateIndex: ptr(uint64(1)),
		TaskGroups: []*api.TaskGroup{{
			Name: ptr("api"), Count: ptr(1),
			Tasks:            []*api.Task{{Name: "main"}},
			ReschedulePolicy: &api.ReschedulePolicy{Unlimited: ptr(true), Attempts: ptr(0), Interval: ptr(time.Duration(0)), Delay: ptr(30 * time.Second)},
			Update:           &api.UpdateStrategy{MinHealthyTime: ptr(10 * time.Second)},
		}},
	}
	for _, c := range change {
		c(job)
	}
	return job
}

func withPrepare(j *api.Job) {
	j.TaskGroups[0].Tasks = append([]*api.Task{{Name: "prepare", Lifecycle: &api.TaskLifecycle{Hook: "prestart"}}}, j.TaskGroups[0].Tasks...)
}

func withCheck(j *api.Job) {
	j.TaskGroups[0].Services = []*api.Service{{Name: "shop-api", Provider: "consul", Checks: []api.ServiceCheck{{Name: "http"}}}}
}

func kind(t string) func(*api.Job) { return func(j *api.Job) { j.Type = &t } }

func noReschedule(j *api.Job) {
	j.TaskGroups[0].ReschedulePolicy = &api.ReschedulePolicy{Unlimited: ptr(false), Attempts: ptr(0), Interval: ptr(time.Hour)}
}

// alloc is a running allocation of version 1, started a minute ago.
func alloc(change ...func(*api.AllocationListStub)) *api.AllocationListStub {
	a := &api.AllocationListStub{
		ID: "a1", Name: "shop-api.api[0]", TaskGroup: "api", NodeID: "n1", NodeName: "node1", JobVersion: 1, CreateIndex: 10,
		DesiredStatus: "run", ClientStatus: "running", CreateTime: now.Add(-time.Minute).UnixNano(),
		TaskStates: map[string]*api.TaskState{"main": {State: "running", StartedAt: now.Add(-time.Minute)}},
	}
	for _, c := range change {
		c(a)
	}
	return a
}

type change = func(*api.AllocationListStub)

func named(id, name string, index uint64) change {
	return func(a *api.AllocationListStub) { a.ID, a.Name, a.CreateIndex = id, name, index }
}
func version(v uint64) change { return func(a *api.AllocationListStub) { a.JobVersion = v } }
func client(s string) change  { return func(a *api.AllocationListStub) { a.ClientStatus = s } }
func healthy(v bool) change {
	return func(a *api.AllocationListStub) { a.DeploymentStatus = &api.AllocDeploymentStatus{Healthy: &v} }
}
func task(name string, st api.TaskState) change {
	return func(a *api.AllocationListStub) { a.TaskStates[name] = &st }
}

func event(kind, text string, details ...string) *api.TaskEvent {
	e := &api.TaskEvent{Type: kind, DisplayMessage: text, Time: now.Add(-time.Second).UnixNano(), Details: map[string]string{}}
	for i := 0; i+1 < len(details); i += 2 {
		e.Details[details[i]] = details[i+1]
	}
	return e
}

func exited(code string) []*api.TaskEvent {
	return []*api.TaskEvent{
		event(api.TaskTerminated, "Exit Code: "+code, "exit_code", code),
		event(api.TaskNotRestarting, "Exceeded allowed attempts"),
		event("Alloc Unhealthy", "Unhealthy because of failed task"),
	}
}

var dead = func(a *api.AllocationListStub) {
	a.ClientStatus = "failed"
	a.TaskStates["main"] = &api.TaskState{State: "dead", Failed: true, Events: exited("3")}
}

func deployment(status string, healthy, desired int) *api.Deployment {
	return &api.Deployment{JobVersion: 1, Status: status, StatusDescription: "as Nomad says",
		TaskGroups: map[string]*api.DeploymentState{"api": {DesiredTotal: desired, HealthyAllocs: healthy}}}
}

func allocs(a ...*api.AllocationListStub) []*api.AllocationListStub { return a }

var gate = task("prepare", api.TaskState{State: "running", StartedAt: now.Add(-5 * time.Second)})

func progress(phase spec.Phase, reason string) map[string]*spec.Progress {
	return map[string]*spec.Progress{"a1": {Phase: phase, Reason: reason, Since: now.Add(-3 * time.Second)}}
}

func checks(status, output string) map[string][]Check {
	return map[string][]Check{"a1": {{Name: "http", Service: "shop-api", Status: status, Output: output}}}
}

func TestATierIsWhatItsFactsSay(t *testing.T) {
	for name, c := range map[string]struct {
		facts  JobFacts
		state  State
		reason string // part of it
	}{
		"a job that is not registered is unsubmitted": {
			JobFacts{Groups: []string{"api"}}, Unsubmitted, ""},
		"without an allocation it is pending": {
			JobFacts{Job: newJob()}, Pending, "no instance is placed yet"},
		"a constraint that rules out every node is named": {
			JobFacts{Job: newJob(), Eval: &api.Evaluation{FailedTGAllocs: map[string]*api.AllocationMetric{"api": {
				NodesEvaluated: 2, ConstraintFiltered: map[string]int{"${attr.kernel.name} = plan9": 2}}}}},
			Pending, "no node can take it: constraint ${attr.kernel.name} = plan9 rules out 2 nodes"},
		"what is exhausted is named, ports too": {
			JobFacts{Job: newJob(), Eval: &api.Evaluation{FailedTGAllocs: map[string]*api.AllocationMetric{"api": {
				NodesEvaluated: 2, DimensionExhausted: map[string]int{"memory": 1, "network: reserved port collision https=8443": 1}}}}},
			Pending, "no node can take it: not enough memory on 1 node, reserved port collision https=8443 on 1 node"},
		"an empty node pool is named": {
			JobFacts{Job: newJob(), Eval: &api.Evaluation{FailedTGAllocs: map[string]*api.AllocationMetric{"api": {NodePool: "gpu"}}}},
			Pending, `node pool "gpu" has no ready node`},
		"a node that was lost is named beside why there is no other": {
			JobFacts{Job: newJob(kind("batch")), Allocs: allocs(alloc(client("lost"), func(a *api.AllocationListStub) { a.DesiredStatus = "stop" })),
				Eval: &api.Evaluation{FailedTGAllocs: map[string]*api.AllocationMetric{"api": {NodesAvailable: map[string]int{"dc1": 0}}}}},
			Pending, "its node node1 was lost; no node can take it: no ready node in datacenter dc1"},
		"a prestart task that runs is named, and not the one that waits for it": {
			JobFacts{Job: newJob(func(j *api.Job) {
				j.TaskGroups[0].Tasks = append(j.TaskGroups[0].Tasks, &api.Task{Name: "first", Lifecycle: &api.TaskLifecycle{Hook: "prestart"}})
			}), Allocs: allocs(alloc(task("main", api.TaskState{State: "pending", Events: []*api.TaskEvent{event("Received", "Task received by client")}}),
				task("first", api.TaskState{State: "running"})))},
			Starting, "waits until its prestart task first has ended"},
		"a gate tells what it waits for": {
			JobFacts{Job: newJob(withPrepare), Allocs: allocs(alloc(gate, task("main", api.TaskState{State: "pending"}))),
				Progress: progress(spec.PhaseWaiting, "waiting for postgres: service shop-postgres has 0 passing instances")},
			Waiting, "waiting for postgres: service shop-postgres has 0 passing instances"},
		"a gate that has not written yet is waiting": {
			JobFacts{Job: newJob(withPrepare), Allocs: allocs(alloc(gate, task("main", api.TaskState{State: "pending"})))},
			Waiting, "its gate starts"},
		"a migration is shown": {
			JobFacts{Job: newJob(withPrepare), Allocs: allocs(alloc(gate, task("main", api.TaskState{State: "pending"}))),
				Progress: progress(spec.PhaseMigrating, "migrating schema")},
			Migrating, "migrating schema"},
		"a gate that failed and is tried again says both": {
			JobFacts{Job: newJob(withPrepare), Allocs: allocs(alloc(client("pending"),
				task("prepare", api.TaskState{State: "pending", Restarts: 1, Events: exited("1")}), task("main", api.TaskState{State: "pending"}))),
				Progress: progress(spec.PhaseFailed, "postgres was not ready in 5m0s")},
			Waiting, "task prepare: exit code 1; restart 1; postgres was not ready in 5m0s"},
		"an image that is being pulled is starting": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc(client("pending"), task("main", api.TaskState{State: "pending",
				Events: []*api.TaskEvent{event(api.TaskDriverMessage, "Downloading image")}})))},
			Starting, "task main: Driver: Downloading image"},
		"a task that exits before it was healthy is starting, with its exit code": {
			JobFacts{Job: newJob(), Deployment: deployment("running", 0, 1), Allocs: allocs(alloc(client("pending"),
				task("main", api.TaskState{State: "pending", Restarts: 2, Events: exited("7")})))},
			Starting, "task main: exit code 7; restart 2"},
		"a task that exits after it was healthy makes the tier unhealthy": {
			JobFacts{Job: newJob(), Deployment: deployment("successful", 1, 1), Allocs: allocs(alloc(client("pending"), healthy(true),
				task("main", api.TaskState{State: "pending", Restarts: 2, Events: exited("7")})))},
			Unhealthy, "task main: exit code 7; restart 2"},
		"a driver's complaint is told instead of the restart that follows it": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc(client("pending"), task("main", api.TaskState{State: "pending", Restarts: 1,
				Events: []*api.TaskEvent{event(api.TaskDriverFailure, "Failed to pull `nginx:9`"), event(api.TaskRestarting, "Task restarting in 15s")}})))},
			Starting, "Failed to pull `nginx:9`"},
		"a task that ran out of memory says so": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc(client("pending"), task("main", api.TaskState{State: "pending", Restarts: 1,
				Events: []*api.TaskEvent{event(api.TaskTerminated, "Exit Code: 137", "exit_code", "137", "oom_killed", "true")}})))},
			Starting, "out of memory"},
		"a failing check comes with its output": {
			JobFacts{Job: newJob(withCheck), Deployment: deployment("running", 0, 1), Allocs: allocs(alloc()), Checks: checks("critical", "dial tcp: refused\n")},
			Checking, `check "http" of service shop-api is critical: dial tcp: refused`},
		"a service that is not in Consul yet is being checked": {
			JobFacts{Job: newJob(withCheck), Deployment: deployment("running", 0, 1), Allocs: allocs(alloc()), Checks: map[string][]Check{}},
			Checking, "service shop-api is not in Consul yet"},
		"a check that fails later makes the tier unhealthy": {
			JobFacts{Job: newJob(withCheck), Deployment: deployment("successful", 1, 1), Allocs: allocs(alloc(healthy(true))), Checks: checks("critical", "timeout")},
			Unhealthy, "timeout"},
		"a warning does not count where the job says so": {
			JobFacts{Job: newJob(withCheck, func(j *api.Job) { j.TaskGroups[0].Services[0].OnUpdate = "ignore_warnings" }),
				Deployment: deployment("successful", 1, 1), Allocs: allocs(alloc(healthy(true))), Checks: checks("warning", "slow")},
			Healthy, ""},
		"passing checks wait for the deployment's word": {
			JobFacts{Job: newJob(withCheck), Deployment: deployment("running", 0, 1), Allocs: allocs(alloc()), Checks: checks("passing", "")},
			Checking, "min_healthy_time"},
		"all is well": {
			JobFacts{Job: newJob(withCheck), Deployment: deployment("successful", 1, 1), Allocs: allocs(alloc(healthy(true))), Checks: checks("passing", "")},
			Healthy, ""},
		"without a deployment an instance must have run for min_healthy_time": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc(task("main", api.TaskState{State: "running", StartedAt: now.Add(-2 * time.Second)})))},
			Checking, "running, not yet for 10s"},
		"without a deployment one that has run long enough is healthy": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc())}, Healthy, ""},
		"a task that was just restarted is not healthy again at once": {
			JobFacts{Job: newJob(), Deployment: deployment("successful", 1, 1), Allocs: allocs(alloc(healthy(true),
				task("main", api.TaskState{State: "running", Restarts: 4, StartedAt: now.Add(-time.Second), Events: exited("9")})))},
			Unhealthy, "restarted 4 times, exit code 9"},
		"a failed instance that will be replaced is unhealthy": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc(dead))}, Unhealthy, "task main failed: exit code 3; Nomad places it again, 30s later"},
		"a failed instance that will not be replaced has failed": {
			JobFacts{Job: newJob(noReschedule), Allocs: allocs(alloc(dead))}, Failed, "task main failed: exit code 3"},
		"a replacement tells what became of the one before": {
			JobFacts{Job: newJob(), Deployment: deployment("running", 0, 1), Allocs: allocs(
				alloc(dead, named("a0", "shop-api.api[0]", 5), func(a *api.AllocationListStub) { a.DesiredStatus, a.NextAllocation = "stop", "a1" }),
				alloc(client("pending"), task("main", api.TaskState{State: "pending"})))},
			Starting, "the one before: task main failed: exit code 3"},
		"a failed deployment fails the tier, with the instance's reason": {
			JobFacts{Job: newJob(), Deployment: deployment("failed", 0, 1), Allocs: allocs(alloc(dead))},
			Failed, "task main failed: exit code 3 (deployment failed: as Nomad says)"},
		"a tier that comes up after its deployment failed is healthy, and says so": {
			JobFacts{Job: newJob(), Deployment: deployment("failed", 0, 1), Allocs: allocs(alloc())},
			Healthy, "although its deployment failed"},
		"another group's failed deployment is not this one's": {
			JobFacts{Job: newJob(), Deployment: deployment("failed", 1, 1), Allocs: allocs(alloc(healthy(true)))}, Healthy, ""},
		"what had failed under the version before and is left so has failed": {
			JobFacts{Job: newJob(noReschedule), Evaluated: true, Allocs: allocs(alloc(dead, version(0)))}, Failed, "exit code 3"},
		"while a deployment runs it may yet be replaced": {
			JobFacts{Job: newJob(noReschedule), Evaluated: true, Deployment: deployment("running", 0, 1), Allocs: allocs(alloc(dead, version(0)))},
			Pending, "no instance is placed yet"},
		"only old instances: the roll has not begun": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc(version(0)))}, Pending, "0 of 1 instance on the new version, 1 still on the old"},
		"during a roll the new one's state is told, with what is still old": {
			JobFacts{Job: newJob(withCheck, func(j *api.Job) { j.TaskGroups[0].Count = ptr(2) }), Deployment: deployment("running", 0, 2),
				Allocs: allocs(alloc(), alloc(named("a2", "shop-api.api[1]", 4), version(0))), Checks: checks("critical", "")},
			Checking, "0 of 2 instances on the new version, 1 still on the old"},
		"a lost node is named": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc(client("unknown")))}, Unhealthy, "node1 does not answer"},
		"a service whose tasks all ended is unhealthy": {
			JobFacts{Job: newJob(), Allocs: allocs(alloc(client("complete"), task("main", api.TaskState{State: "dead"})))}, Unhealthy, "all its tasks ended"},
		"a batch job that runs is not done": {
			JobFacts{Job: newJob(kind("batch")), Allocs: allocs(alloc())}, Starting, "running"},
		"a batch job that ended well is complete": {
			JobFacts{Job: newJob(kind("batch")), Allocs: allocs(alloc(client("complete"), task("main", api.TaskState{State: "dead"})))}, Complete, ""},
		"a batch job's earlier end does not count for its new version": {
			JobFacts{Job: newJob(kind("batch")), Allocs: allocs(alloc(client("complete"), version(0), task("main", api.TaskState{State: "dead"})))},
			Pending, ""},
		"a batch job that failed for good has failed": {
			JobFacts{Job: newJob(kind("batch"), noReschedule), Allocs: allocs(alloc(dead))}, Failed, "exit code 3"},
		"a parameterized job waits to be dispatched": {
			JobFacts{Job: newJob(kind("batch"), func(j *api.Job) { j.ParameterizedJob = &api.ParameterizedJobConfig{} })}, Healthy, "dispatched"},
		"a group scaled to nothing is healthy": {
			JobFacts{Job: newJob(func(j *api.Job) { j.TaskGroups[0].Count = ptr(0) })}, Healthy, "scaled to 0"},
		"a stopped job whose instances still end says how many": {
			JobFacts{Job: newJob(func(j *api.Job) { j.Stop = ptr(true) }),
				Allocs: allocs(alloc(func(a *api.AllocationListStub) { a.DesiredStatus = "stop" }))},
			Stopped, "1 instance still running"},
		"a system job wants what its nodes allow": {
			JobFacts{Job: newJob(kind("system")), Allocs: allocs(alloc(), alloc(named("a2", "shop-api.api[0]", 11), func(a *api.AllocationListStub) { a.NodeID, a.NodeName = "n2", "node2" }))},
			Healthy, ""},
		"canaries that are healthy wait to be promoted": {
			JobFacts{Job: newJob(func(j *api.Job) { j.TaskGroups[0].Count = ptr(2) }),
				Deployment: func() *api.Deployment {
					d := deployment("running", 1, 2)
					d.TaskGroups["api"].DesiredCanaries = 1
					return d
				}(),
				Allocs: allocs(alloc(healthy(true)), alloc(named("b0", "shop-api.api[0]", 3), version(0)), alloc(named("b1", "shop-api.api[1]", 4), version(0)))},
			Checking, "wait to be promoted"},
	} {
		t.Run(name, func(t *testing.T) {
			c.facts.ID = "shop-api"
			tiers := Derive(Observation{Time: now, Jobs: []JobFacts{c.facts}})
			if len(tiers) != 1 {
				t.Fatalf("%d tiers: %+v", len(tiers), tiers)
			}
			got := tiers[0]
			if got.State != c.state || !strings.Contains(got.Reason, c.reason) || (c.reason == "" && c.state == Healthy && got.Reason != "") {
				t.Errorf("got %s %q, want %s %q", got.State, got.Reason, c.state, c.reason)
			}
			if got.Name != "api" || got.Job != "shop-api" {
				t.Errorf("tier %q of job %q", got.Name, got.Job)
			}
		})
	}
}

func TestInstancesStandInTheOrderOfTheirIndex(t *testing.T) {
	job := newJob(func(j *api.Job) { j.TaskGroups[0].Count = ptr(11) })
	var list []*api.AllocationListStub
	for _, name := range []string{"10", "2", "0", "1"} {
		list = append(list, alloc(named("a"+name, "shop-api.api["+name+"]", 10)))
	}
	tier := Derive(Observation{Time: now, Jobs: []JobFacts{{ID: "shop-api", Job: job, Allocs: list}}})[0]
	var got []int
	for _, in := range tier.Instances {
		got = append(got, in.Index)
	}
	if len(got) != 4 || got[0] != 0 || got[1] != 1 || got[2] != 2 || got[3] != 10 || tier.Healthy != 4 || tier.Desired != 11 {
		t.Errorf("indexes %v, %d of %d", got, tier.Healthy, tier.Desired)
	}
}
