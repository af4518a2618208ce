package release

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// MetaNamespace is the job meta key that says in which namespace a job's release is, where its file names one of its own.
const MetaNamespace = "packctl_namespace"

// BelongsTo says whether a job with this meta, registered in a namespace, is one of a release in another or the same.
func BelongsTo(meta map[string]string, in, release, home string) bool {
	return release != "" && meta[MetaRelease] == release && HomeOf(meta, in) == cmp.Or(home, api.DefaultNamespace)
}

// HomeOf is the namespace of the release that a job belongs to. Most jobs are in it themselves.
func HomeOf(meta map[string]string, in string) string {
	return cmp.Or(meta[MetaNamespace], in, api.DefaultNamespace)
}

// places knows in which namespaces the jobs and volumes of a release are: those of its manifest, and those that were
// listed. What it has not heard of is in the release's own. IDs are unique within a release.
type places struct {
	mu      sync.Mutex
	jobs    map[string]string
	volumes map[string]string
}

func newPlaces() *places { return &places{jobs: map[string]string{}, volumes: map[string]string{}} }

// job notes where a job is, or is to be.
func (p *places) job(id, namespace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jobs[id] = namespace
}

func (p *places) volume(name, namespace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.volumes[name] = namespace
}

// learn notes where the jobs and volumes of a recorded manifest are, except those that it has heard of.
func (p *places) learn(m *Manifest) {
	home := cmp.Or(m.Release.Namespace, api.DefaultNamespace)
	hooks := make([]Job, 0, len(m.Hooks))
	for _, h := range m.Hooks {
		hooks = append(hooks, h.Job)
	}
	for _, j := range slices.Concat(m.Jobs, hooks) {
		if p.of(j.ID) == "" {
			p.job(j.ID, cmp.Or(value(j.Spec.Namespace), home))
		}
	}
	for _, v := range m.Volumes {
		if p.ofVolume(v.Spec.Name) == "" {
			p.volume(v.Spec.Name, v.Spec.Namespace)
		}
	}
}

// of is where a job is, "" when it is in the release's own namespace. A child is where its parent is.
func (p *places) of(id string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ns, known := p.jobs[id]; known {
		return ns
	}
	parent, _, _ := strings.Cut(id, "/")
	return p.jobs[parent]
}

func (p *places) ofVolume(name string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.volumes[name]
}

// placed is a Nomad that asks for each job in the namespace where it is.
type placed struct {
	Nomad  // in the release's own namespace
	places *places
}

var _ Nomad = placed{}

// in is Nomad in a namespace.
func (n placed) in(namespace string) Nomad {
	if namespace == "" {
		return n.Nomad
	}
	return n.In(namespace)
}

func (n placed) at(job string) Nomad { return n.in(n.places.of(job)) }

// Job reads a job where it is.
func (n placed) Job(ctx context.Context, id string) (*api.Job, error) { return n.at(id).Job(ctx, id) }

// ReleaseJobs lists them and learns where they are. One that is to be elsewhere is known already.
func (n placed) ReleaseJobs(ctx context.Context, release string) ([]*api.JobListStub, error) {
	list, err := n.Nomad.ReleaseJobs(ctx, release)
	for _, j := range list {
		if j.ParentID == "" && n.places.of(j.ID) == "" {
			n.places.job(j.ID, j.Namespace)
		}
	}
	return list, err
}

// Plan asks about a job in its own namespace.
func (n placed) Plan(ctx context.Context, job *api.Job) (*api.JobPlanResponse, error) {
	return n.in(value(job.Namespace)).Plan(ctx, job)
}

// Register submits a job to its own namespace.
func (n placed) Register(ctx context.Context, job *api.Job, source []byte, index uint64) (*api.JobRegisterResponse, error) {
	return n.in(value(job.Namespace)).Register(ctx, job, source, index)
}

// Retry places a job's failed instances again.
func (n placed) Retry(ctx context.Context, id string) error { return n.at(id).Retry(ctx, id) }

// Deregister stops a job where it is.
func (n placed) Deregister(ctx context.Context, id string, purge bool) error {
	return n.at(id).Deregister(ctx, id, purge)
}

// Scale scales a job where it is.
func (n placed) Scale(ctx context.Context, job, group string, count int, message string, index uint64) error {
	return n.at(job).Scale(ctx, job, group, count, message, index)
}

// Scalings are a job's events.
func (n placed) Scalings(ctx context.Context, job string) (map[string][]api.ScalingEvent, error) {
	return n.at(job).Scalings(ctx, job)
}

// Variable reads that of a job in the job's namespace, where alone its workload identity may read it.
func (n placed) Variable(ctx context.Context, path string) (*api.Variable, error) {
	return n.in(n.variable(path)).Variable(ctx, path)
}

// PutVariable writes that of a job in the job's namespace.
func (n placed) PutVariable(ctx context.Context, v *api.Variable) error {
	return n.in(n.variable(v.Path)).PutVariable(ctx, v)
}

func (n placed) variable(path string) string {
	id, ofJob := strings.CutPrefix(path, variableOf(""))
	if !ofJob {
		return ""
	}
	return n.places.of(id)
}

// DeleteVariable removes that of a job in the job's namespace.
func (n placed) DeleteVariable(ctx context.Context, path string) error {
	return n.in(n.variable(path)).DeleteVariable(ctx, path)
}

// Volumes lists those of a name, in the namespace that the pack gives it.
func (n placed) Volumes(ctx context.Context, name string) ([]*api.HostVolume, error) {
	return n.in(n.places.ofVolume(name)).Volumes(ctx, name)
}

// CreateVolume makes one in its own namespace.
func (n placed) CreateVolume(ctx context.Context, v *api.HostVolume) error {
	return n.in(v.Namespace).CreateVolume(ctx, v)
}

// Allocs lists allocations in one query: of the one namespace that the jobs are in, or of all that the token can see.
func (n placed) Allocs(ctx context.Context, jobs []string, index uint64) ([]*api.AllocationListStub, uint64, error) {
	spaces := n.spaces(jobs)
	if len(spaces) <= 1 {
		return n.at(append(slices.Clone(jobs), "")[0]).Allocs(ctx, jobs, index)
	}
	list, next, err := n.Nomad.In(api.AllNamespacesNamespace).Allocs(ctx, jobs, index)
	return slices.DeleteFunc(list, func(a *api.AllocationListStub) bool {
		return a.Namespace != n.places.of(a.JobID)
	}), next, err
}

// spaces are the namespaces of jobs, sorted.
func (n placed) spaces(jobs []string) []string {
	var out []string
	for _, id := range jobs {
		out = append(out, n.places.of(id))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Observe watches jobs of several namespaces as if they were in one.
func (n placed) Observe(ctx context.Context, ids []string) <-chan Facts {
	spaces := n.spaces(ids)
	if len(spaces) <= 1 {
		return n.at(append(slices.Clone(ids), "")[0]).Observe(ctx, ids)
	}
	out := make(chan Facts)
	m := &merged{out: out, facts: make([]status.JobFacts, len(ids)), left: map[string]bool{}, failed: map[string]error{}}
	for i, id := range ids {
		m.facts[i].ID = id
	}
	for _, space := range spaces {
		m.left[space] = true
	}
	var ended sync.WaitGroup
	for _, space := range spaces {
		var own []string
		var at []int
		for i, id := range ids {
			if n.places.of(id) == space {
				own, at = append(own, id), append(at, i)
			}
		}
		in := n.in(space).Observe(ctx, own)
		ended.Go(func() {
			for f := range in {
				m.take(ctx, space, f, at)
			}
		})
	}
	go func() {
		ended.Wait()
		close(out)
	}()
	return out
}

// merged puts readings of several namespaces together.
type merged struct {
	out    chan<- Facts
	mu     sync.Mutex
	facts  []status.JobFacts
	left   map[string]bool  // namespaces that were not read yet
	failed map[string]error // namespaces that do not answer
}

// take sends the whole once each namespace was read, or the fault of one.
func (m *merged) take(ctx context.Context, space string, f Facts, at []int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.failed, space)
	if f.Err != nil {
		m.failed[space] = f.Err
	} else {
		delete(m.left, space)
		for i, where := range at {
			m.facts[where] = f.Jobs[i]
		}
	}
	next := Facts{Jobs: slices.Clone(m.facts), Err: f.Err}
	for _, other := range sorted(m.failed) {
		next.Err = cmp.Or(next.Err, m.failed[other])
	}
	if next.Err == nil && len(m.left) > 0 {
		return
	}
	select {
	case m.out <- next:
	case <-ctx.Done():
	}
}
