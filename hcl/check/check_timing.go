package check

import (
	"time"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// checkTiming: a check that may still run when the next is due tells late that a tier is ill. A script check is left alone: Nomad runs
// one at a time, and the timeout of a script is the longest that the program may take on a busy machine.
func checkTiming() Rule {
	return Rule{
		ID:    "check-timing",
		Finds: "a health check whose timeout is longer than its interval, or a wait_for whose interval is longer than its timeout",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, svc := range services(t) {
					for i, c := range svc.Checks {
						if c.Type == "script" || c.Timeout <= c.Interval || c.Interval == 0 {
							continue
						}
						f.warn(t.Job.At(svc.at(stack.Nth("check", i), stack.Attr("timeout"))...), "Check longer than its interval",
							"The timeout of this check of service %q is %s, and it runs every %s: an answer that is missing is noticed late. Make the timeout shorter.",
							svc.Name, c.Timeout, c.Interval)
					}
				}
				if t.Prepare == nil {
					continue
				}
				for _, w := range t.Prepare.WaitFor {
					if w.Interval > w.Timeout {
						f.error(w.Range, "Check longer than its interval", "wait_for %q looks every %s and gives up after %s.", w.Name, time.Duration(w.Interval), time.Duration(w.Timeout))
					}
					if w.Kind == spec.KindService && w.Service.StableFor > w.Timeout {
						f.error(w.Range, "Check longer than its interval", "wait_for %q wants the service to be stable for %s and gives up after %s.", w.Name, time.Duration(w.Service.StableFor), time.Duration(w.Timeout))
					}
				}
			}
		},
	}
}
