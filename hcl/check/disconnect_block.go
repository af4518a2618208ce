package check

import (
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

func disconnectBlock() Rule {
	return Rule{
		ID:    "disconnect-block",
		Finds: "a disconnect block that Nomad's server refuses",
		inspect: func(s *stack.Stack, f *findings) {
			const summary = "Disconnect policy that Nomad refuses"
			for _, t := range s.Tiers {
				d := t.Group.Disconnect
				if d == nil {
					continue
				}
				at := ofTier(t).nth("disconnect", 0)
				if d.Reconcile != nil {
					f.oneOf(at, "reconcile", *d.Reconcile, summary, "keep_original", "keep_replacement", "best_score", "longest_running")
				}
				kind := jobType(t)
				switch {
				case d.StopOnClientAfter != nil && *d.StopOnClientAfter < 0:
					f.error(at.attr("stop_on_client_after"), summary, "stop_on_client_after is below zero.")
				case d.LostAfter != nil && *d.LostAfter < 0:
					f.error(at.attr("lost_after"), summary, "lost_after is below zero.")
				case d.StopOnClientAfter != nil && kind != api.JobTypeService && kind != api.JobTypeBatch:
					f.error(at.attr("stop_on_client_after"), summary, "stop_on_client_after is for jobs of type service and batch; this one is of type %s.", kind)
				case d.StopOnClientAfter != nil && deref(d.LostAfter) != 0:
					f.error(at.attr("lost_after"), summary, "lost_after and stop_on_client_after exclude each other.")
				}
			}
		},
	}
}
