package check

import (
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// migrateBlock: Nomad's own migrate block, which moves allocations off draining nodes; not a migration of the toolkit's.
func migrateBlock() Rule {
	return Rule{
		ID:    "migrate-block",
		Finds: "a migrate block that Nomad's server refuses",
		inspect: func(s *stack.Stack, f *findings) {
			const summary = "Migrate policy that Nomad refuses"
			for _, t := range s.Tiers {
				own, all := t.Group.Migrate, t.Job.API.Migrate
				at := ofTier(t).nth("migrate", 0)
				switch {
				case own == nil && all == nil:
					continue
				case own == nil:
					at = ofJob(t.Job).nth("migrate", 0)
				}
				if kind := jobType(t); kind != api.JobTypeService {
					f.error(at.here(), summary, "A %s job has no migrate block: remove it. A database migration is written migration \"name\" { … }.", kind)
					continue
				}
				m := api.DefaultMigrateStrategy()
				if all != nil {
					m.Merge(all)
				}
				if own != nil {
					m.Merge(own)
				}
				f.oneOf(at, "health_check", *m.HealthCheck, summary, "checks", "task_states")
				switch {
				case *m.MaxParallel < 0:
					f.error(at.attr("max_parallel"), summary, "max_parallel is %d; the least is 0.", *m.MaxParallel)
				case *m.MinHealthyTime < 0 || *m.HealthyDeadline < 0:
					f.error(at.attr("min_healthy_time", "healthy_deadline"), summary, "A time below zero.")
				case *m.MinHealthyTime > *m.HealthyDeadline:
					f.error(at.attr("min_healthy_time", "healthy_deadline"), summary, "min_healthy_time (%s) must not be longer than healthy_deadline (%s).", *m.MinHealthyTime, *m.HealthyDeadline)
				}
			}
		},
	}
}
