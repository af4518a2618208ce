package check

import (
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

const (
	// killTimeoutNote is the client setting that caps kill_timeout, and what the note about it names.
	killTimeoutNote = "max_kill_timeout"
	// nomadMaxKillTimeout is the setting's default.
	nomadMaxKillTimeout = 30 * time.Second
)

// killTimeout: a client silently cuts kill_timeout down to its max_kill_timeout.
func killTimeout() Rule {
	return Rule{
		ID:    "kill-timeout",
		Finds: "a kill_timeout above 30s without a note about the client's max_kill_timeout, or above the progress deadline",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				progress := progressDeadline(t)
				for _, task := range t.Group.Tasks {
					d := deref(task.KillTimeout)
					at := ofTier(t).labelled("task", task.Name).attr("kill_timeout")
					switch {
					case d < 0:
						f.error(at, "Time to stop that cannot be", "kill_timeout of task %q is below zero.", task.Name)
					case jobType(t) == api.JobTypeService && progress > 0 && d > progress:
						f.error(at, "Time to stop that cannot be", "kill_timeout of task %q is %s, longer than the group's progress_deadline (%s): Nomad refuses such a job.", task.Name, d, progress)
					case d > nomadMaxKillTimeout && !t.Job.Comment(at.Start.Line, killTimeoutNote):
						f.warn(at, "Time to stop that clients cut down",
							"kill_timeout of task %q is %s, and a Nomad client cuts it to its max_kill_timeout, 30s unless its configuration says more: the task would be killed early. "+
								"Set max_kill_timeout on the clients and say so in a comment here: # needs the client's max_kill_timeout = %q", task.Name, d, d.String())
					}
				}
			}
		},
	}
}

func progressDeadline(t *stack.Tier) time.Duration {
	if t.Group.Update == nil && t.Job.API.Update == nil {
		return 0
	}
	u := api.DefaultUpdateStrategy()
	u.Merge(t.Job.API.Update)
	u.Merge(t.Group.Update)
	return *u.ProgressDeadline
}
