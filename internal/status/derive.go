package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
)

// Derive tells the state of every tier from one moment's facts: job by job in the observation's order, within a job in
// the order of its groups.
func Derive(o Observation) []Tier {
	var tiers []Tier
	for i := range o.Jobs {
		tiers = append(tiers, jobTiers(o.Time, &o.Jobs[i])...)
	}
	return tiers
}

func jobTiers(now time.Time, f *JobFacts) []Tier {
	var tiers []Tier
	known := map[string]bool{}
	if f.Job != nil {
		for _, tg := range f.Job.TaskGroups {
			known[value(tg.Name)] = true
			tiers = append(tiers, newGroup(now, f, tg).tier())
		}
	}
	for _, name := range f.Groups { // what the job does not have yet
		if !known[name] {
			tiers = append(tiers, Tier{Name: name, Job: f.ID, State: Unsubmitted})
		}
	}
	return tiers
}

// group is one group of one job with its own share of the facts.
type group struct {
	now       time.Time
	facts     *JobFacts
	tg        *api.TaskGroup
	batch     bool
	version   uint64
	instances []Instance // of any version, by index, newest version first
	previous  map[string]*api.AllocationListStub
	final     map[string]bool // allocations that failed and that Nomad will not replace
}

func newGroup(now time.Time, f *JobFacts, tg *api.TaskGroup) *group {
	g := &group{
		now:     now,
		facts:   f,
		tg:      tg,
		batch:   isBatch(f.Job),
		version: value(f.Job.Version),
		final:   map[string]bool{},
	}
	wanted, previous := g.choose()
	g.previous = previous
	for _, a := range wanted {
		if a.ClientStatus == api.AllocClientStatusFailed && !g.willReplace(a) {
			g.final[a.ID] = true
		}
		g.instances = append(g.instances, g.instance(a))
	}
	return g
}

func (g *group) tier() Tier {
	t := Tier{Name: value(g.tg.Name), Job: g.facts.ID, Desired: g.desired(), Instances: g.instances}
	for _, in := range g.current() {
		if in.State == Healthy || in.State == Complete {
			t.Healthy++
		}
	}
	switch job := g.facts.Job; {
	case value(job.Stop):
		t.State, t.Desired = Stopped, 0
		if launches(job) {
			t.Instances = shown(g.runs())
		}
		if n := g.live(); n > 0 {
			t.Reason = fmt.Sprintf("%s still running", count(n, "instance"))
		}
	case t.Desired == 0 && !perNode(job):
		t.State, t.Reason = Healthy, "scaled to 0"
	case launches(job):
		g.launched(&t)
	default:
		t.State, t.Reason = g.judge(t.Desired, t.Healthy)
	}
	return t
}

// judge is the state of a group that wants instances.
func (g *group) judge(desired, healthy int) (State, string) {
	dep := g.deployment()
	ds := g.deploymentState()
	old := g.old()
	if desired > 0 && healthy >= desired && len(old) == 0 {
		switch {
		case g.batch:
			return Complete, ""
		case ds != nil && dep.Status == api.DeploymentStatusFailed && ds.HealthyAllocs < ds.DesiredTotal:
			return Healthy, "runs, although its deployment failed: " + dep.StatusDescription
		}
		return Healthy, ""
	}
	worst := g.worst()
	if ds != nil && dep.Status == api.DeploymentStatusFailed && ds.HealthyAllocs < ds.DesiredTotal {
		if worst != nil && worst.Reason != "" && worst.State != Healthy {
			return Failed, worst.Reason + " (deployment failed: " + dep.StatusDescription + ")"
		}
		return Failed, "deployment failed: " + dep.StatusDescription
	}
	for _, in := range g.current() {
		if g.final[in.Alloc] {
			return Failed, in.Reason
		}
	}
	if reason := g.over(); reason != "" {
		return Failed, reason
	}
	if reason := g.unplaced(desired); reason != "" && (worst == nil || rank(worst.State) <= rank(Pending)) {
		return Pending, join(g.lost(), reason)
	}
	switch {
	case worst == nil && len(old) > 0:
		return Pending, rolling(desired, 0, old)
	case worst == nil:
		return Pending, "no instance is placed yet"
	case ds != nil && ds.DesiredCanaries > 0 && !ds.Promoted && worst.State == Healthy && len(old) > 0:
		return Checking, "its canaries are healthy and wait to be promoted"
	case worst.State == Failed: // it will be replaced
		return Unhealthy, worst.Reason
	case worst.State == Healthy || worst.State == Complete: // more are to come
		return Starting, rolling(desired, healthy, old)
	}
	if len(old) > 0 {
		return worst.State, join(worst.Reason, rolling(desired, healthy, old))
	}
	return worst.State, worst.Reason
}

// over is why batch work has ended without being done, although no instance of it failed for good: Nomad calls a job dead when
// nothing of it runs and nothing is to be placed, so nothing more will come. It is "" for all else.
func (g *group) over() string {
	if !g.batch || !g.facts.Evaluated || value(g.facts.Job.Status) != "dead" || g.live() > 0 {
		return ""
	}
	last, lost := g.last(), g.lost()
	switch {
	case last == nil:
		return "no instance was placed"
	case lost != "":
		return lost + ", and Nomad places it nowhere else"
	case last.ClientStatus == api.AllocClientStatusFailed:
		return failure(last, tasksOf(last, g.tg))
	}
	return "it was stopped before it had ended"
}

// lost names the node that was lost with the newest allocation of the current version, or is "".
func (g *group) lost() string {
	if last := g.last(); last != nil && last.ClientStatus == api.AllocClientStatusLost {
		return "its node " + last.NodeName + " was lost"
	}
	return ""
}

// last is the newest allocation of the current version, or nil.
func (g *group) last() *api.AllocationListStub {
	var last *api.AllocationListStub
	for _, a := range g.facts.Allocs {
		if a.TaskGroup == value(g.tg.Name) && a.JobVersion == g.version && (last == nil || a.CreateIndex > last.CreateIndex) {
			last = a
		}
	}
	return last
}

// live counts the allocations that have not ended, wanted or not.
func (g *group) live() int {
	n := 0
	count := func(allocs []*api.AllocationListStub) {
		for _, a := range allocs {
			if a.TaskGroup == value(g.tg.Name) && !terminal(a) {
				n++
			}
		}
	}
	count(g.facts.Allocs)
	for _, c := range g.facts.Children {
		count(c.Allocs)
	}
	return n
}

// worst is the instance of the current version that is furthest from healthy, or nil.
func (g *group) worst() *Instance {
	var worst *Instance
	for _, in := range g.current() {
		if worst == nil || rank(in.State) > rank(worst.State) {
			worst = &in
		}
	}
	return worst
}

// rank orders states by how much they want to be told.
func rank(s State) int {
	return slices.Index([]State{Complete, Healthy, Checking, Starting, Migrating, Waiting, Pending, Unhealthy, Failed}, s)
}

func rolling(desired, healthy int, old []Instance) string {
	if len(old) == 0 {
		return fmt.Sprintf("%d of %s healthy", healthy, count(desired, "instance"))
	}
	return fmt.Sprintf("%d of %s on the new version, %d still on the old", healthy, count(desired, "instance"), len(old))
}

// current are the instances of the job's current version, and what failed under an earlier one and is left as it is: Nomad
// updates what runs in place, but does not place again what had failed when nothing about its group changed.
func (g *group) current() []Instance {
	var out []Instance
	for _, in := range g.instances {
		if in.Version == g.version || g.leftFailed(in) {
			out = append(out, in)
		}
	}
	return out
}

// old are the instances of earlier versions that still run.
func (g *group) old() []Instance {
	var out []Instance
	for _, in := range g.instances {
		if in.Version != g.version && in.State != Failed && in.State != Complete {
			out = append(out, in)
		}
	}
	return out
}

func (g *group) leftFailed(in Instance) bool {
	d := g.deployment()
	return in.State == Failed && !g.batch && g.facts.Evaluated && (d == nil || !Active(d))
}

func (g *group) desired() int {
	if !perNode(g.facts.Job) {
		if g.tg.Count == nil {
			return 1
		}
		return *g.tg.Count
	}
	nodes := map[string]bool{} // a system job wants what its nodes allow, which only its allocations tell
	for _, in := range g.instances {
		nodes[in.Node] = true
	}
	n := len(nodes)
	if ds := g.deploymentState(); ds != nil && ds.DesiredTotal > n {
		n = ds.DesiredTotal
	}
	return n
}

func isBatch(j *api.Job) bool {
	return value(j.Type) == api.JobTypeBatch || value(j.Type) == api.JobTypeSysbatch
}

func perNode(j *api.Job) bool {
	return value(j.Type) == api.JobTypeSystem || value(j.Type) == api.JobTypeSysbatch
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func join(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
}
