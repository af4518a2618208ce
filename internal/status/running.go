package status

import (
	"fmt"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// running tells how far an allocation that has not ended is.
func (g *group) running(a *api.AllocationListStub, in *Instance) {
	if state, reason := g.prestart(a, in.Tasks); state != "" {
		in.State, in.Reason = state, reason
		if p := g.facts.Progress[a.ID]; p != nil && !p.Since.IsZero() {
			in.Since = p.Since
		}
		return
	}
	was := value(healthyMark(a))
	down := Starting // where a fault leaves an instance that has never been healthy
	if was {
		down = Unhealthy
	}
	for _, t := range in.Tasks {
		st := a.TaskStates[t.Name]
		switch {
		case afterEnd(g.tg, t.Name):
		case t.State == "dead" && t.Failed:
			in.State, in.Reason = Unhealthy, fmt.Sprintf("task %s failed: %s", t.Name, ended(st))
			return
		case t.State == "pending" && t.Restarts > 0:
			in.State, in.Reason = down, restarting(t, st)
			return
		case t.State == "pending":
			reason := starting(t, st)
			if first := PrestartTask(a, g.tg); first != "" && first != t.Name {
				reason = "waits until its prestart task " + first + " has ended"
			}
			in.State, in.Reason = down, join(reason, g.before(a))
			return
		case st == nil:
			in.State, in.Reason = down, g.before(a)
			return
		}
	}
	if len(in.Tasks) == 0 {
		in.State, in.Reason = Starting, "placed on "+a.NodeName
		return
	}
	if g.batch {
		in.State, in.Reason = Starting, join("running", g.before(a))
		return
	}
	g.serving(a, in, was)
}

// serving tells about an instance all of whose tasks run.
func (g *group) serving(a *api.AllocationListStub, in *Instance, was bool) {
	healthy := healthyMark(a)
	reason := g.failingCheck(a.ID)
	switch {
	case reason != "" && was:
		in.State, in.Reason = Unhealthy, reason
	case reason != "":
		in.State, in.Reason = Checking, join(reason, g.restarts(a, in), g.before(a))
	case g.deploying() && healthy == nil:
		in.State, in.Reason = Checking, join("running, not yet for "+g.minHealthy().String()+" (min_healthy_time)", g.restarts(a, in), g.before(a))
	case g.deploying() && !*healthy:
		in.State, in.Reason = Unhealthy, "did not become healthy in time: "+healthEvent(a)
	case g.deploymentDecides(a) && !restarted(a):
		in.State = Healthy
	default:
		g.settling(a, in, was)
	}
}

// deploymentDecides says whether a deployment has judged the allocation.
func (g *group) deploymentDecides(a *api.AllocationListStub) bool { return value(healthyMark(a)) }

func restarted(a *api.AllocationListStub) bool {
	for _, st := range a.TaskStates {
		if st != nil && st.Restarts > 0 {
			return true
		}
	}
	return false
}

// settling holds an instance to min_healthy_time where no deployment does: one that has just started may be about to end.
func (g *group) settling(a *api.AllocationListStub, in *Instance, was bool) {
	in.State = Healthy
	var started time.Time
	for _, st := range a.TaskStates {
		if st != nil && st.State == "running" && st.StartedAt.After(started) {
			started = st.StartedAt
		}
	}
	need := g.minHealthy()
	if g.now.Sub(started) >= need {
		return
	}
	in.State, in.Reason = Checking, join("running, not yet for "+need.String(), g.restarts(a, in), g.before(a))
	if was {
		in.State = Unhealthy
	}
}

func (g *group) minHealthy() time.Duration {
	if u := g.tg.Update; u != nil && u.MinHealthyTime != nil {
		return *u.MinHealthyTime
	}
	return defaultMinHealthy
}

// defaultMinHealthy is Nomad's own default of update's min_healthy_time.
const defaultMinHealthy = 10 * time.Second

func (g *group) restarts(a *api.AllocationListStub, in *Instance) string {
	for _, t := range in.Tasks {
		if t.Restarts > 0 && t.Name != spec.PrepareTask {
			return fmt.Sprintf("task %s was restarted %s, %s", t.Name, count(int(t.Restarts), "time"), ended(a.TaskStates[t.Name]))
		}
	}
	return ""
}
