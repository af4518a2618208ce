package release

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/status"
)

func ptr[T any](v T) *T { return &v }

// fake is a Nomad in memory. A registered job is pending until the test says how it is (be), except that auto makes every
// job healthy at once.
type fake struct {
	inspected
	operated
	examined
	canaried
	mu        sync.Mutex
	auto      bool
	jobs      map[string]*api.Job
	state     map[string]string // by job: "", healthy, failed
	variables map[string]*api.Variable
	volumes   map[string][]*api.HostVolume
	nodes     []*api.NodeListStub
	failed    map[string]*api.AllocationMetric // by group: what plan refuses
	addresses map[string][]string
	index     uint64
	calls     []string // what changed something, in order; the variables of records are in kept
	kept      []string
	changed   chan struct{}
	lost      chan struct{}
	putFault  func(path string) error
	keepFault func(path string) error // as putFault, of the variables of records
	regFault  error
	stopping  func(id string)                  // what happens while a job is being stopped
	blocker   map[string]*api.Deployment       // by job: what lets nothing be scaled
	scaled    string                           // the state of a job from the moment it is scaled; "": what it was
	ending    map[string]int                   // by job: instances that are no longer wanted and have not ended
	allocs    []*api.AllocationListStub        // that Allocs lists
	files     map[string][]fakeLog             // by allocation; none: collected
	reads     int                              // of log files
	listFault error                            // of Allocs
	logFaults map[string]error                 // by allocation
	diff      *api.JobDiff                     // what Plan answers; nil: it compares
	unplaced  map[string]*api.AllocationMetric // by job: why nothing of it has a place
	moves     bool                             // a change replaces allocations
	becomes   map[string]string                // by a job's ID or name: its state when it is registered, whatever auto says
	planning  func()                           // what happens before Plan answers
	ended     map[string]bool                  // by job: Nomad places nothing of it any more
}

func newFake() *fake {
	return &fake{
		auto: true, jobs: map[string]*api.Job{}, state: map[string]string{}, variables: map[string]*api.Variable{},
		volumes: map[string][]*api.HostVolume{}, changed: make(chan struct{}), lost: make(chan struct{}), index: 100,
		nodes: []*api.NodeListStub{{Name: "node1", Status: "ready", SchedulingEligibility: "eligible",
			Drivers: map[string]*api.DriverInfo{"raw_exec": {Detected: true, Healthy: true}}}},
	}
}

var _ Nomad = (*fake)(nil)

func (f *fake) In(string) Nomad { return f }

// did notes a change and wakes the observers. The caller holds mu.
func (f *fake) did(call string) {
	f.calls = append(f.calls, call)
	f.wake()
}

func (f *fake) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) be(job, state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state[job] = state
	f.wake()
}

func (f *fake) done() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

func (f *fake) Nodes(context.Context) ([]*api.NodeListStub, error)         { return f.nodes, nil }
func (f *fake) HostAddresses(context.Context) (map[string][]string, error) { return f.addresses, nil }
func (f *fake) LogTail(_ context.Context, _, _, s string, _ int64) (string, error) {
	return s + " line", nil
}

func (f *fake) Job(_ context.Context, id string) (*api.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.jobs[id], nil
}

func (f *fake) ReleaseJobs(_ context.Context, name string) ([]*api.JobListStub, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []*api.JobListStub
	for id, j := range f.jobs {
		if j.Meta[MetaRelease] == name {
			out = append(out, &api.JobListStub{ID: id, Meta: j.Meta, Stop: value(j.Stop), ParentID: value(j.ParentID), Status: value(j.Status)})
		}
	}
	return out, nil
}

// Plan compares the description, which stands for the whole specification.
func (f *fake) Plan(_ context.Context, job *api.Job) (*api.JobPlanResponse, error) {
	if f.planning != nil {
		f.planning()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.jobs[*job.ID]
	resp := &api.JobPlanResponse{Diff: addedDiff(job), FailedTGAllocs: map[string]*api.AllocationMetric{}}
	for _, tg := range job.TaskGroups {
		if m := f.failed[*tg.Name]; m != nil && len(tg.Volumes) == 0 {
			resp.FailedTGAllocs[*tg.Name] = m
		}
		for _, v := range tg.Volumes {
			if len(f.volumes[v.Source]) == 0 {
				resp.FailedTGAllocs[*tg.Name] = &api.AllocationMetric{ConstraintFiltered: map[string]int{"missing compatible host volumes": 1}}
			}
		}
	}
	if before != nil {
		resp.JobModifyIndex, resp.Diff = *before.JobModifyIndex, &api.JobDiff{Type: "None"}
		if value(before.Name) != value(job.Name) || value(before.Stop) {
			resp.Diff = &api.JobDiff{Type: "Edited", Fields: []*api.FieldDiff{{Type: "Edited", Name: "Name", Old: value(before.Name), New: value(job.Name)}}}
			if f.moves {
				resp.Annotations = &api.PlanAnnotations{DesiredTGUpdates: map[string]*api.DesiredUpdates{}}
				for _, tg := range job.TaskGroups {
					resp.Annotations.DesiredTGUpdates[*tg.Name] = &api.DesiredUpdates{DestructiveUpdate: 1}
				}
			}
		}
	}
	if f.diff != nil {
		resp.Diff = f.diff
	}
	return resp, nil
}

// addedDiff lists every field that the fake knows, as Nomad does of a job that there is not.
func addedDiff(job *api.Job) *api.JobDiff {
	added := func(name, text string) []*api.FieldDiff {
		return []*api.FieldDiff{{Type: "Added", Name: name, New: text}}
	}
	d := &api.JobDiff{Type: "Added", Fields: added("Name", value(job.Name))}
	for _, tg := range job.TaskGroups {
		g := &api.TaskGroupDiff{Type: "Added", Name: *tg.Name, Fields: added("Count", fmt.Sprint(countOf(tg)))}
		for _, task := range tg.Tasks {
			t := &api.TaskDiff{Type: "Added", Name: task.Name, Fields: added("Driver", task.Driver), Annotations: []string{"forces create"}}
			for _, tmpl := range task.Templates {
				t.Objects = append(t.Objects, &api.ObjectDiff{Type: "Added", Name: "Template", Fields: added("EmbeddedTmpl", value(tmpl.EmbeddedTmpl))})
			}
			g.Tasks = append(g.Tasks, t)
		}
		d.TaskGroups = append(d.TaskGroups, g)
	}
	return d
}

func (f *fake) Register(_ context.Context, job *api.Job, _ []byte, index uint64) (*api.JobRegisterResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.regFault != nil {
		return nil, f.regFault
	}
	id := *job.ID
	now := *job
	now.Version = ptr(uint64(0))
	if before := f.jobs[id]; before != nil {
		if *before.JobModifyIndex != index {
			return nil, movedFault{}
		}
		now.Version = ptr(*before.Version + 1)
	}
	f.index++
	now.JobModifyIndex, now.CreateIndex, now.Stop = ptr(f.index), ptr(uint64(1)), ptr(false)
	if f.ended[id] {
		now.Status = ptr("dead")
	}
	if value(now.Type) == "" {
		now.Type = ptr("service")
	}
	f.place(f.jobs[id], &now)
	f.jobs[id] = &now
	f.state[id] = ""
	if f.auto {
		f.state[id] = "healthy"
	}
	for _, key := range []string{id, value(job.Name)} {
		if state, ok := f.becomes[key]; ok {
			f.state[id] = state
		}
	}
	f.did("register " + id)
	return &api.JobRegisterResponse{JobModifyIndex: f.index}, nil
}

func (f *fake) Scale(_ context.Context, job, group string, count int, message string, index uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.blocker[job]; d != nil {
		return blockedFault{d}
	}
	if *f.jobs[job].JobModifyIndex != index {
		return movedFault{}
	}
	now, err := copyJob(f.jobs[job])
	if err != nil {
		return err
	}
	f.index++
	now.LookupTaskGroup(group).Count = &count
	now.Version, now.JobModifyIndex = ptr(*now.Version+1), ptr(f.index)
	f.jobs[job] = now
	if f.scaled != "" {
		f.state[job] = f.scaled
	}
	f.did(fmt.Sprintf("scale %s/%s=%d, %s", job, group, count, message))
	return nil
}

type blockedFault struct{ d *api.Deployment }

func (blockedFault) Error() string                 { return "blocked" }
func (b blockedFault) Deployment() *api.Deployment { return b.d }

func (f *fake) Retry(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.did("retry " + id)
	return nil
}

func (f *fake) FailDeployment(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	job := strings.TrimPrefix(id, "d-")
	f.did("fail deployment of " + job)
	f.state[job] = "failed"
	return nil
}

func (f *fake) Deregister(_ context.Context, id string, purge bool) error {
	if f.stopping != nil && !purge {
		f.stopping(id)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if purge {
		delete(f.jobs, id)
		f.did("purge " + id)
		return nil
	}
	now := *f.jobs[id]
	now.Stop = ptr(true)
	f.jobs[id] = &now
	f.did("stop " + id)
	return nil
}

func (f *fake) Variable(_ context.Context, path string) (*api.Variable, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v := f.variables[path]; v != nil {
		return v.Copy(), nil
	}
	return nil, nil
}

func (f *fake) PutVariable(_ context.Context, v *api.Variable) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault, ours := f.putFault, ofRecords(v.Path)
	if ours {
		fault = f.keepFault
	}
	if fault != nil {
		if err := fault(v.Path); err != nil {
			return err
		}
	}
	have := uint64(0)
	if old := f.variables[v.Path]; old != nil {
		have = old.ModifyIndex
	}
	if have != v.ModifyIndex {
		return movedFault{}
	}
	f.set(v.Path, v.Items)
	v.ModifyIndex = f.index
	if ours {
		f.kept = append(f.kept, fmt.Sprintf("put %s after %d", v.Path, len(f.calls)))
		return nil
	}
	f.did("put " + v.Path)
	return nil
}

// ofRecords says whether a variable belongs to the records of revisions.
func ofRecords(path string) bool {
	return strings.Contains(path, "/revisions/") || strings.HasSuffix(path, "/key")
}

func (f *fake) VariablePaths(_ context.Context, prefix string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(f.variables)), func(p string) bool { return !strings.HasPrefix(p, prefix) }), nil
}

func (f *fake) DeleteVariable(_ context.Context, path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.variables, path)
	f.kept = append(f.kept, "delete "+path)
	return nil
}

// set stores items as somebody else would. The caller holds mu, or is alone.
func (f *fake) set(path string, items map[string]string) {
	f.index++
	f.variables[path] = &api.Variable{Path: path, Items: maps.Clone(items), ModifyIndex: f.index}
}

func (f *fake) Lock(context.Context, string, string) (Lock, error) { return fakeLock{f}, nil }

type fakeLock struct{ f *fake }

func (l fakeLock) Lost() <-chan struct{} { return l.f.lost }

func (l fakeLock) Unlock(context.Context) error {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	l.f.did("unlock")
	return nil
}

func (f *fake) Volumes(_ context.Context, name string) ([]*api.HostVolume, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.volumes[name], nil
}

func (f *fake) CreateVolume(_ context.Context, v *api.HostVolume) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	made := *v
	if made.PluginID == "" {
		made.PluginID = "mkdir"
	}
	f.volumes[v.Name] = []*api.HostVolume{&made}
	f.did("volume " + v.Name)
	return nil
}

func (f *fake) Observe(ctx context.Context, ids []string) <-chan Facts {
	out := make(chan Facts)
	go func() {
		defer close(out)
		for {
			f.mu.Lock()
			facts, changed := f.facts(ids), f.changed
			f.mu.Unlock()
			select {
			case out <- Facts{Jobs: facts}:
			case <-ctx.Done():
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (f *fake) facts(ids []string) []status.JobFacts {
	var out []status.JobFacts
	for _, id := range ids {
		j := f.jobs[id]
		jf := status.JobFacts{ID: id, Job: j, Evaluated: true}
		if m := f.unplaced[id]; m != nil && j != nil {
			jf.Eval = &api.Evaluation{FailedTGAllocs: map[string]*api.AllocationMetric{*j.TaskGroups[0].Name: m}}
			if f.state[id] == "lost" {
				jf.Allocs = append(jf.Allocs, f.alloc(j, *j.TaskGroups[0].Name, 0))
			}
			out = append(out, jf)
			continue
		}
		if c := f.canaries[id]; c != nil && !value(j.Stop) {
			c.facts(f, j, &jf)
			out = append(out, jf)
			continue
		}
		if j != nil && !value(j.Stop) {
			for _, tg := range j.TaskGroups {
				for i := range *tg.Count {
					jf.Allocs = append(jf.Allocs, f.alloc(j, *tg.Name, i))
				}
			}
			for i := range f.ending[id] {
				a := f.alloc(j, *j.TaskGroups[0].Name, *j.TaskGroups[0].Count+i)
				a.DesiredStatus = "stop"
				jf.Allocs = append(jf.Allocs, a)
			}
			if f.state[id] == "hopeless" {
				jf.Deployment = &api.Deployment{ID: "d-" + id, JobVersion: *j.Version, Status: api.DeploymentStatusRunning,
					TaskGroups: map[string]*api.DeploymentState{*j.TaskGroups[0].Name: {DesiredTotal: 1, PlacedAllocs: 2, UnhealthyAllocs: 2}}}
			}
		}
		out = append(out, jf)
	}
	return out
}

// alloc is one instance as the state of its job is. The caller holds mu.
func (f *fake) alloc(j *api.Job, group string, i int) *api.AllocationListStub {
	id := *j.ID
	a := &api.AllocationListStub{ID: fmt.Sprintf("%s-%s-alloc-%d", id, group, i), Name: fmt.Sprintf("%s.%s[%d]", id, group, i), TaskGroup: group,
		JobVersion: *j.Version, DesiredStatus: "run", ClientStatus: "pending", NodeName: "node1"}
	switch f.state[id] {
	case "healthy":
		if value(j.Type) == "batch" {
			a.ClientStatus = "complete"
			return a
		}
		a.ClientStatus = "running"
		a.DeploymentStatus = &api.AllocDeploymentStatus{Healthy: ptr(true)}
		a.TaskStates = map[string]*api.TaskState{"main": {State: "running", StartedAt: f.started[a.ID], Restarts: f.restarts(a.ID)}}
	case "lost":
		a.ClientStatus, a.DesiredStatus = "lost", "stop"
		a.TaskStates = map[string]*api.TaskState{"main": {State: "running"}}
	case "failed", "hopeless":
		a.ClientStatus = "failed"
		a.TaskStates = map[string]*api.TaskState{"main": {State: "dead", Failed: true, Events: []*api.TaskEvent{
			{Type: "Terminated", DisplayMessage: "Exit Code: 3", Details: map[string]string{"exit_code": "3"}}}}}
	}
	if f.state[id] == "hopeless" { // Nomad would place it again and again
		a.FollowupEvalID = "later"
	}
	return a
}

type movedFault struct{}

func (movedFault) Error() string { return "it moved" }
func (movedFault) Moved() bool   { return true }

// silent is a Consul that does not answer.
type silent struct{}

func (silent) Error() string                                   { return "Consul does not answer" }
func (silent) Unreachable() bool                               { return true }
func (silent) Hint() string                                    { return "start it" }
func (s silent) Ping(context.Context) error                    { return s }
func (silent) Observe(context.Context, []string) <-chan Checks { return nil }

// fading is a Consul that answered once and no more.
type fading struct{ silent }

func (fading) Ping(context.Context) error { return nil }
func (f fading) Observe(ctx context.Context, _ []string) <-chan Checks {
	out := make(chan Checks)
	go func() {
		defer close(out)
		for message := (Checks{ByAlloc: map[string][]status.Check{}}); ; message = (Checks{Err: f.silent}) {
			select {
			case out <- message:
			case <-ctx.Done():
				return
			}
			time.Sleep(time.Second) // in the test's own time
		}
	}()
	return out
}

// told is an observer that keeps messages and calls on.
type told struct {
	text string
	on   func(Event)
}

func (o *told) Event(e Event) {
	o.text += e.Message + "\n"
	if o.on != nil {
		o.on(e)
	}
}

// newStack makes a stack of waves of jobs, each of one group of the job's name and one raw_exec task.
func newStack(waves ...[]string) *stack.Stack {
	s := &stack.Stack{Pack: stack.Pack{Name: "shop"}, Release: stack.Release{Name: "shop", Namespace: "default"}}
	for _, wave := range waves {
		var jobs []*stack.Job
		for _, id := range wave {
			jobs = append(jobs, &stack.Job{ID: id, File: "jobs/" + id + ".nomad.hcl", API: newJob(id)})
			s.Tiers = append(s.Tiers, &stack.Tier{Name: id, JobID: id})
		}
		s.Jobs, s.Waves = append(s.Jobs, jobs...), append(s.Waves, jobs)
	}
	return s
}

func newJob(id string) *api.Job {
	return &api.Job{ID: ptr(id), Name: ptr(id), Type: ptr("service"), Meta: map[string]string{MetaRelease: "shop"},
		TaskGroups: []*api.TaskGroup{{Name: ptr(id), Count: ptr(1), Tasks: []*api.Task{{Name: "main", Driver: "raw_exec"}},
			ReschedulePolicy: &api.ReschedulePolicy{Attempts: ptr(0), Unlimited: ptr(false), Interval: ptr(time.Hour)}}}}
}
