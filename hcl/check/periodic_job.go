package check

import (
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// periodicJob: Nomad refuses such a job, and says so without a place in the pack.
func periodicJob() Rule {
	return Rule{
		ID:    "periodic-job",
		Finds: "a periodic block in a job that is not of type batch, or without a time at which it is launched",
		inspect: func(s *stack.Stack, f *findings) {
			for _, j := range s.Jobs {
				p := j.API.Periodic
				if p == nil {
					continue
				}
				block := stack.Nth("periodic", 0)
				kind := deref(j.API.Type)
				if kind == "" {
					kind = api.JobTypeService
				}
				if kind != api.JobTypeBatch && kind != api.JobTypeSysbatch {
					f.error(j.At(block), "Periodic job of another type",
						"Nomad launches jobs of type batch or sysbatch periodically, and this one is of type %s: set type = \"batch\" in the job.", kind)
				}
				attr, specs := "crons", p.Specs
				if one := deref(p.Spec); one != "" {
					attr, specs = "cron", append([]string{one}, p.Specs...)
				}
				if len(specs) == 0 {
					f.error(j.At(block), "Periodic job without a time",
						"Nothing says when this job is launched: add crons = [\"* * * * *\"] for each minute.")
				}
				for _, spec := range specs {
					if !slices.Contains([]string{"", "cron"}, deref(p.SpecType)) || launched(spec) {
						continue
					}
					f.error(j.At(block, stack.Attr(attr)), "No cron expression",
						"%q is no cron expression that is ever due: it has the fields minute, hour, day of month, month, day of week, as in \"30 3 * * 1-5\".", spec)
				}
			}
		},
	}
}

// launched says whether a cron expression can be read and has a next time, seen from a fixed day.
func launched(spec string) bool {
	one := api.PeriodicConfig{Spec: &spec}
	one.Canonicalize()
	next, err := one.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	return err == nil && !next.IsZero()
}
