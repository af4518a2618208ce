package check

import (
	"regexp"

	"github.com/packctl/packctl/hcl/stack"
)

// invalidServiceName: Nomad's server refuses such a name, because it becomes a part of a DNS name.
func invalidServiceName() Rule {
	valid := regexp.MustCompile(`^(?i:[a-z0-9]|[a-z0-9][a-z0-9-]{0,61}[a-z0-9])$`)
	variable := regexp.MustCompile(`\$\{[^}]*\}`)
	return Rule{
		ID:    "invalid-service-name",
		Finds: "a service name that cannot be part of a DNS name",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, svc := range services(t) {
					if svc.Name == "" || valid.MatchString(variable.ReplaceAllString(svc.Name, "ENV-VAR")) {
						continue
					}
					f.error(t.Job.At(svc.at(stack.Attr("name"))...), "Name that a service cannot have",
						"%q is no service name: it has letters, digits and hyphens only, no hyphen at an end, and 63 characters at most.", svc.Name)
				}
			}
		},
	}
}
