package check

import (
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

const (
	nomadMinDelay           = 5 * time.Second
	nomadMinRescheduleCycle = 15 * time.Second
)

// rescheduleBlock: what the server says about reschedule blocks, without a place.
func rescheduleBlock() Rule {
	return Rule{
		ID:    "reschedule-block",
		Finds: "a reschedule block that Nomad's server refuses: attempts that do not fit the interval, delays out of order",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				at, own := ofTier(t).nth("reschedule", 0), t.Group.ReschedulePolicy
				switch kind := jobType(t); {
				case own == nil && t.Job.API.Reschedule == nil:
				case kind == api.JobTypeSystem || kind == api.JobTypeSysbatch:
					if own == nil {
						at = ofJob(t.Job).nth("reschedule", 0)
					}
					f.error(at.here(), "Reschedule policy that Nomad refuses", "A %s job runs on every node that fits and is not rescheduled: remove the block.", kind)
				default:
					p := api.NewDefaultReschedulePolicy(kind)
					if all := t.Job.API.Reschedule; all != nil {
						p.Merge(all)
						if own == nil {
							at = ofJob(t.Job).nth("reschedule", 0)
						}
					}
					if own != nil {
						p.Merge(own)
					}
					reschedule(f, at, p)
				}
			}
		},
	}
}

func reschedule(f *findings, at place, p *api.ReschedulePolicy) {
	const summary = "Reschedule policy that Nomad refuses"
	attempts, interval, delay, most, unlimited := *p.Attempts, *p.Interval, *p.Delay, *p.MaxDelay, *p.Unlimited
	if attempts <= 0 && !unlimited {
		return // switched off
	}
	function := *p.DelayFunction
	f.oneOf(at, "delay_function", function, summary, "constant", "exponential", "fibonacci")
	switch {
	case attempts > 0 && unlimited:
		f.error(at.attr("attempts", "unlimited"), summary, "attempts = %d and unlimited = true contradict each other: set unlimited = false, or attempts = 0.", attempts)
	case delay < nomadMinDelay:
		f.error(at.attr("delay"), summary, "delay is %s; the least is %s.", delay, nomadMinDelay)
	case function != "constant" && most < delay:
		f.error(at.attr("max_delay", "delay"), summary, "max_delay is %s and delay %s: the first delay is longer than the longest.", most, delay)
	case unlimited:
	case interval < nomadMinRescheduleCycle:
		f.error(at.attr("interval", "attempts"), summary, "interval is %s; the least is %s.", interval, nomadMinRescheduleCycle)
	default:
		if need := rescheduleNeed(function, attempts, delay, most); interval < need {
			f.error(at.attr("interval", "attempts"), summary, "%d attempts with delay %s and delay_function %q do not fit into an interval of %s: at least %s.",
				attempts, delay, function, interval, need)
		}
	}
}

// rescheduleNeed is the interval that Nomad's server asks for, by its own reckoning.
func rescheduleNeed(function string, attempts int, delay, most time.Duration) time.Duration {
	switch function {
	case "constant":
		return time.Duration(attempts) * delay
	case "exponential":
		var need time.Duration
		for i, next := 0, delay; i < attempts; i, next = i+1, min(next*2, 2*most) {
			if next > most {
				need += most
			} else {
				need = next
			}
		}
		return need + 1 // the server wants it to be longer, not as long
	case "fibonacci":
		slots := []time.Duration{delay, delay}
		ceiling := false
		for i := 2; i < attempts; i++ {
			next := slots[i-1] + slots[i-2]
			if ceiling {
				next = slots[i-1] + most
			} else if next > most {
				next, ceiling = most, true
			}
			slots = append(slots, next)
		}
		return slots[len(slots)-1]
	}
	return 0
}
