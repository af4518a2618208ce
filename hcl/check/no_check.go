package check

import "github.com/packctl/packctl/hcl/stack"

// noCheck: without a check, "running" is all that anybody knows of a tier.
func noCheck() Rule {
	return Rule{
		ID:    "no-check",
		Finds: "a tier that stays up and has no health check",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				if !longRunning(t) || checked(t) {
					continue
				}
				f.warn(t.Job.At(stack.Block("group", t.Name)), "Tier without a health check",
					"Nothing tells whether tier %q works: it counts as healthy as soon as its tasks run. Add a service with a check block (http, tcp, grpc or script).", t.Name)
			}
		},
	}
}

func checked(t *stack.Tier) bool {
	for _, svc := range services(t) {
		if len(svc.Checks) > 0 {
			return true
		}
	}
	return false
}
