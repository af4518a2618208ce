package check

import (
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/stack"
)

// serviceName: two releases of one pack would answer under one name.
func serviceName() Rule {
	return Rule{
		ID:    "service-name",
		Finds: "a Consul service whose name does not hold the release's name",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, svc := range services(t) {
					if !svc.consul() || svc.Name == "" || runtime(svc.Name) || holds(svc.Name, s.Release.Name) {
						continue
					}
					f.warn(t.Job.At(svc.at(stack.Attr("name"))...), "Service name without the release",
						"A second release of this pack would register the service %q too, and clients would be sent to either. Name it \"${release.name}-%s\".",
						svc.Name, svc.Name)
				}
			}
		},
	}
}

// holds reports whether the release's name stands in a name, as a part between hyphens.
func holds(name, release string) bool {
	parts, want := strings.Split(name, "-"), strings.Split(release, "-")
	for i := 0; i+len(want) <= len(parts); i++ {
		if slices.Equal(parts[i:i+len(want)], want) {
			return true
		}
	}
	return false
}
