package check

import (
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// updateBlock: what the server says about update blocks, without a place.
func updateBlock() Rule {
	return Rule{
		ID:    "update-block",
		Finds: "an update block that Nomad's server refuses: deadlines out of order, auto_promote without canaries",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				own, all := t.Group.Update, t.Job.API.Update
				at := ofTier(t).nth("update", 0)
				switch {
				case own == nil && all == nil:
					continue
				case own == nil:
					at = ofJob(t.Job).nth("update", 0)
				}
				if kind := jobType(t); kind != api.JobTypeService && kind != api.JobTypeSystem {
					if own != nil {
						f.error(at.here(), "Update policy that Nomad refuses", "A %s job has no deployments, so no update block: remove it.", kind)
					}
					continue
				}
				u := api.DefaultUpdateStrategy()
				u.Merge(all)
				u.Merge(own)
				update(f, at, u)
			}
		},
	}
}

func update(f *findings, at place, u *api.UpdateStrategy) {
	const summary = "Update policy that Nomad refuses"
	f.oneOf(at, "health_check", *u.HealthCheck, summary, "checks", "task_states", "manual")
	healthy, progress, least := *u.HealthyDeadline, *u.ProgressDeadline, *u.MinHealthyTime
	for _, n := range []struct {
		name  string
		below bool
	}{
		{"max_parallel", *u.MaxParallel < 0}, {"canary", *u.Canary < 0}, {"min_healthy_time", least < 0},
		{"healthy_deadline", healthy <= 0}, {"progress_deadline", progress < 0}, {"stagger", *u.Stagger <= 0},
	} {
		if n.below {
			f.error(at.attr(n.name), summary, "%s is below what can be.", n.name)
			return
		}
	}
	if *u.AutoPromote && *u.Canary == 0 {
		f.error(at.attr("auto_promote"), summary, "auto_promote is for canaries, and canary is 0: set canary = 1, or auto_promote = false.")
	}
	if least >= healthy {
		f.error(at.attr("min_healthy_time", "healthy_deadline"), summary, "min_healthy_time (%s) must be shorter than healthy_deadline (%s).", least, healthy)
	}
	if progress != 0 && healthy >= progress {
		f.error(at.attr("healthy_deadline", "progress_deadline"), summary,
			"healthy_deadline (%s) must be shorter than progress_deadline (%s): set progress_deadline = %q.", healthy, progress, (healthy + 5*time.Minute).String())
	}
}
