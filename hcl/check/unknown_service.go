package check

import (
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// unknownService: a gate that could never open.
func unknownService() Rule {
	return Rule{
		ID:    "unknown-service",
		Finds: "a wait_for that names a service which no tier of the stack registers",
		inspect: func(s *stack.Stack, f *findings) {
			var known []string
			for _, t := range s.Tiers {
				known = append(known, t.Services...)
			}
			slices.Sort(known)
			for _, t := range s.Tiers {
				for _, n := range t.Needs {
					if n.Service == "" || n.Tier != "" || runtime(n.Service) {
						continue
					}
					if strings.HasPrefix(n.Service, s.Release.Name+"-") {
						f.error(n.Range, "Nobody registers this service",
							"Tier %q waits for the service %q, and no tier of this stack registers it.%s The services here: %s.",
							t.Name, n.Service, diag.DidYouMean(n.Service, known, ""), diag.List(known, "none"))
						continue
					}
					f.warn(n.Range, "Service of somebody else",
						"Tier %q waits for the service %q, which is not this release's: whether anybody registers it is known only in the cluster.%s",
						t.Name, n.Service, diag.DidYouMean(n.Service, known, ""))
				}
			}
		},
	}
}
