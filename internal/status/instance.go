package status

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
)

// choose picks the allocations that are instances of the group: what Nomad wants to run, and in each place where nothing
// runs the newest that ended. previous holds, by the ID of a running one, the failed one that it stands in for.
func (g *group) choose() (wanted []*api.AllocationListStub, previous map[string]*api.AllocationListStub) {
	places := map[string][]*api.AllocationListStub{}
	var names []string
	for _, a := range g.facts.Allocs {
		if a.TaskGroup != value(g.tg.Name) {
			continue
		}
		place := a.Name
		if perNode(g.facts.Job) {
			place = a.Name + "@" + a.NodeID
		}
		if places[place] == nil {
			names = append(names, place)
		}
		places[place] = append(places[place], a)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(Index(a), Index(b)), cmp.Compare(a, b))
	})
	previous = map[string]*api.AllocationListStub{}
	for _, name := range names {
		here := places[name]
		slices.SortFunc(here, func(a, b *api.AllocationListStub) int {
			return cmp.Or(cmp.Compare(b.CreateIndex, a.CreateIndex), cmp.Compare(a.ID, b.ID))
		})
		wanted = append(wanted, inPlace(here, previous)...)
	}
	return wanted, previous
}

// inPlace picks from the allocations of one place, newest first.
func inPlace(here []*api.AllocationListStub, previous map[string]*api.AllocationListStub) []*api.AllocationListStub {
	var live []*api.AllocationListStub
	for _, a := range here {
		if a.DesiredStatus == api.AllocDesiredStatusRun && !terminal(a) {
			live = append(live, a)
		}
	}
	if len(live) > 0 {
		for _, a := range here {
			if a.ClientStatus == api.AllocClientStatusFailed && a.JobVersion == live[0].JobVersion && a.CreateIndex < live[0].CreateIndex {
				previous[live[0].ID] = a
				break
			}
		}
		return live
	}
	for _, a := range here {
		if a.DesiredStatus == api.AllocDesiredStatusRun || a.ClientStatus == api.AllocClientStatusFailed {
			return []*api.AllocationListStub{a}
		}
	}
	return nil
}

func terminal(a *api.AllocationListStub) bool {
	switch a.ClientStatus {
	case api.AllocClientStatusComplete, api.AllocClientStatusFailed, api.AllocClientStatusLost:
		return true
	}
	return false
}

// Index is the number in an allocation's name, "job.group[3]", or -1.
func Index(name string) int {
	open, end := strings.LastIndexByte(name, '['), strings.LastIndexByte(name, ']')
	if open < 0 || end < open {
		return -1
	}
	n, err := strconv.Atoi(name[open+1 : end])
	if err != nil {
		return -1
	}
	return n
}

func (g *group) instance(a *api.AllocationListStub) Instance {
	in := Instance{
		Alloc:   a.ID,
		Index:   Index(a.Name),
		Node:    a.NodeName,
		Version: a.JobVersion,
		Since:   lastChange(a),
		Tasks:   tasksOf(a, g.tg),
		Checks:  g.facts.Checks[a.ID],
	}
	switch a.ClientStatus {
	case api.AllocClientStatusFailed:
		in.State, in.Reason = Failed, failure(a, in.Tasks)
		if g.willReplace(a) {
			in.Reason = join(in.Reason, g.replaceWhen(a))
		}
	case api.AllocClientStatusLost:
		in.State, in.Reason = Unhealthy, "its node "+a.NodeName+" is lost"
	case api.AllocClientStatusUnknown:
		in.State, in.Reason = Unhealthy, "its node "+a.NodeName+" does not answer"
	case api.AllocClientStatusComplete:
		in.State = Complete
		if !g.batch {
			in.State, in.Reason = Unhealthy, "all its tasks ended"
		}
	default:
		g.running(a, &in)
	}
	return in
}

// before tells of the failed allocation that this one stands in for.
func (g *group) before(a *api.AllocationListStub) string {
	p := g.previous[a.ID]
	if p == nil {
		return ""
	}
	return "the one before: " + failure(p, tasksOf(p, g.tg))
}

func healthyMark(a *api.AllocationListStub) *bool {
	if a.DeploymentStatus == nil {
		return nil
	}
	return a.DeploymentStatus.Healthy
}

// willReplace says whether Nomad is going to put another allocation in the place of a failed one. The tracker counts what
// was tried; a job without a policy (system, sysbatch) is not tried again.
func (g *group) willReplace(a *api.AllocationListStub) bool {
	if a.NextAllocation != "" || a.FollowupEvalID != "" {
		return true
	}
	p := g.tg.ReschedulePolicy
	if p == nil || perNode(g.facts.Job) {
		return false
	}
	if value(p.Unlimited) {
		return !g.deploymentOver()
	}
	used := 0
	if a.RescheduleTracker != nil {
		from := g.now.Add(-value(p.Interval))
		for _, e := range a.RescheduleTracker.Events {
			if time.Unix(0, e.RescheduleTime).After(from) {
				used++
			}
		}
	}
	return used < value(p.Attempts) && !g.deploymentOver()
}

// deploymentOver says that the current version's deployment failed: Nomad then replaces nothing by itself.
func (g *group) deploymentOver() bool {
	d := g.deployment()
	return d != nil && d.Status == api.DeploymentStatusFailed
}

func (g *group) replaceWhen(a *api.AllocationListStub) string {
	if p := g.tg.ReschedulePolicy; p != nil && p.Delay != nil && *p.Delay > 0 {
		return "Nomad places it again, " + p.Delay.String() + " later at the earliest"
	}
	return "Nomad places it again"
}

// lastChange is when the allocation last did something.
func lastChange(a *api.AllocationListStub) time.Time {
	last := a.CreateTime
	for _, st := range a.TaskStates {
		if st == nil {
			continue
		}
		if n := len(st.Events); n > 0 {
			last = max(last, st.Events[n-1].Time)
		}
	}
	if last == 0 {
		return time.Time{}
	}
	return time.Unix(0, last)
}
