package check

import (
	"maps"
	"slices"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// unknownMount: the server refuses such a job, at a place in the rendered text.
func unknownMount() Rule {
	return Rule{
		ID:    "unknown-mount",
		Finds: "a volume_mount that names a volume which its group does not declare",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				declared := slices.Sorted(maps.Keys(t.Group.Volumes))
				for _, task := range t.Group.Tasks {
					for i, m := range task.VolumeMounts {
						name := deref(m.Volume)
						if slices.Contains(declared, name) {
							continue
						}
						at := t.Job.At(stack.Block("group", t.Name), stack.Block("task", task.Name), stack.Nth("volume_mount", i), stack.Attr("volume"))
						f.error(at, "Mount of an undeclared volume",
							"Task %q mounts the volume %q, and group %q declares no volume of that name.%s Its volumes: %s.",
							task.Name, name, t.Name, diag.DidYouMean(name, declared, ""), diag.List(quoted(declared), "none"))
						for _, near := range diag.Near(name, declared) {
							f.diags.Relate("the volume "+quote(near)+" is declared here", ofTier(t).labelled("volume", near).here())
						}
					}
				}
			}
		},
	}
}
