package check

import (
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// Nomad's defaults of the update block.
const (
	nomadHealthyDeadline  = 5 * time.Minute
	nomadProgressDeadline = 10 * time.Minute
)

// gateBudget: time in the prestart task counts against the deployment's deadlines, and when one of them passes Nomad
// calls the deployment failed although the tier would come up later.
//
// The conditions of a group are awaited together, so their budget is the longest timeout; the migration's wait for its
// lock and its run come after.
func gateBudget() Rule {
	return Rule{
		ID:    "gate-budget",
		Finds: "wait_for and migration timeouts that do not fit into the update block's deadlines",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				need := budget(t)
				if need == 0 || !longRunning(t) {
					continue
				}
				for _, d := range []struct {
					name  string
					field func(*api.UpdateStrategy) *time.Duration
					value time.Duration
				}{
					{"healthy_deadline", func(u *api.UpdateStrategy) *time.Duration { return u.HealthyDeadline }, nomadHealthyDeadline},
					{"progress_deadline", func(u *api.UpdateStrategy) *time.Duration { return u.ProgressDeadline }, nomadProgressDeadline},
				} {
					steps := []stack.Step{stack.Block("group", t.Name)}
					origin := "Nomad's default"
					if own := deadline(t.Job.API.Update, d.field); own != nil {
						d.value, origin = *own, "the job's update block"
						steps = []stack.Step{stack.Nth("update", 0), stack.Attr(d.name)}
					}
					if own := deadline(t.Group.Update, d.field); own != nil {
						d.value, origin = *own, "the group's update block"
						steps = []stack.Step{stack.Block("group", t.Name), stack.Nth("update", 0), stack.Attr(d.name)}
					}
					if d.value >= need || d.name == "progress_deadline" && d.value == 0 {
						continue
					}
					f.error(t.Job.At(steps...), "Gate may outlast the deployment",
						"The gate of tier %q may take %s, but its %s is %s (%s): Nomad would call the deployment failed while the tier still waits. "+
							"Set healthy_deadline = %q and progress_deadline = %q in the group's update block, or shorten the timeouts.",
						t.Name, need, d.name, d.value, origin, (need + time.Minute).String(), (need + 2*time.Minute).String())
					break
				}
			}
		},
	}
}

// budget is the longest time that a tier's prestart task may take.
func budget(t *stack.Tier) time.Duration {
	if t.Prepare == nil {
		return 0
	}
	var gate time.Duration
	for _, w := range t.Prepare.WaitFor {
		gate = max(gate, time.Duration(w.Timeout))
	}
	if m := t.Prepare.Migration; m != nil {
		gate += time.Duration(m.LockTimeout) + time.Duration(m.Timeout)
	}
	return gate
}

func deadline(u *api.UpdateStrategy, field func(*api.UpdateStrategy) *time.Duration) *time.Duration {
	if u == nil {
		return nil
	}
	return field(u)
}
