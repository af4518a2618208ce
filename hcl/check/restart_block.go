package check

import (
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// nomadMinInterval is the shortest interval of a restart or reschedule block.
const nomadMinInterval = 5 * time.Second

// restartBlock: what the server says about restart blocks, without a place.
func restartBlock() Rule {
	return Rule{
		ID:    "restart-block",
		Finds: "a restart block that Nomad's server refuses: attempts that do not fit the interval, an unknown mode",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				group := ofTier(t)
				base := restartDefault(jobType(t))
				if own := t.Group.RestartPolicy; own != nil {
					base.Merge(own)
					restart(f, group.nth("restart", 0), base)
				}
				for _, task := range t.Group.Tasks {
					if own := task.RestartPolicy; own != nil {
						merged := base
						merged.Merge(own)
						restart(f, group.labelled("task", task.Name).nth("restart", 0), merged)
					}
				}
			}
		},
	}
}

// restartDefault is Nomad's own policy for a type of job. Merge replaces its pointers, never what they point at.
func restartDefault(kind string) api.RestartPolicy {
	delay, attempts, interval, mode := 15*time.Second, 2, 30*time.Minute, api.RestartPolicyModeFail
	if kind == api.JobTypeBatch || kind == api.JobTypeSysbatch {
		attempts, interval = 3, 24*time.Hour
	}
	return api.RestartPolicy{Delay: &delay, Attempts: &attempts, Interval: &interval, Mode: &mode}
}

func restart(f *findings, at place, p api.RestartPolicy) {
	const summary = "Restart policy that Nomad refuses"
	attempts, interval, delay := *p.Attempts, *p.Interval, *p.Delay
	f.oneOf(at, "mode", *p.Mode, summary, api.RestartPolicyModeDelay, api.RestartPolicyModeFail)
	switch {
	case attempts == 0 && *p.Mode == api.RestartPolicyModeDelay:
		f.error(at.attr("attempts", "mode"), summary, "With attempts = 0 nothing is restarted, so there is no delay to wait for: set mode = \"fail\".")
	case interval < nomadMinInterval:
		f.error(at.attr("interval"), summary, "interval is %s; the least is %s.", interval, nomadMinInterval)
	case time.Duration(attempts)*delay > interval:
		f.error(at.attr("attempts", "interval", "delay"), summary,
			"%d attempts with a delay of %s do not fit into an interval of %s: at least %s, or %d attempts.",
			attempts, delay, interval, time.Duration(attempts)*delay, int(interval/delay))
	}
}
