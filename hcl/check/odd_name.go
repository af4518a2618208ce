package check

import (
	"regexp"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/stack"
)

// oddName: Nomad's server takes nearly any text for a name, and the name becomes a part of paths, of environment variables, of
// Consul's IDs and of what people type.
func oddName() Rule {
	usual := regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$`)
	return Rule{
		ID:    "odd-name",
		Finds: "a job, group, task, port or volume whose name holds more than letters, digits, hyphens, underscores and dots",
		inspect: func(s *stack.Stack, f *findings) {
			look := func(what, name string, at hcl.Range) {
				if name != "" && !usual.MatchString(name) {
					f.warn(at, "Name with unusual characters", "The %s %q has a name that is hard to type, and that becomes part of paths and IDs: keep to letters, digits, hyphens, underscores and dots.", what, name)
				}
			}
			for _, j := range s.Jobs {
				look("job", deref(j.API.Name), ofJob(j).here())
			}
			for _, t := range s.Tiers {
				at := ofTier(t)
				look("group", t.Name, at.here())
				for _, task := range t.Group.Tasks {
					look("task", task.Name, at.labelled("task", task.Name).here())
				}
				for name := range t.Group.Volumes {
					look("volume", name, at.labelled("volume", name).here())
				}
				for i, n := range t.Group.Networks {
					for _, p := range append(n.ReservedPorts, n.DynamicPorts...) {
						look("port", p.Label, at.nth("network", i).labelled("port", p.Label).here())
					}
				}
			}
		},
	}
}
