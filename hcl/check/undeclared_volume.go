package check

import (
	"maps"
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// undeclaredVolume: a group whose host volume nobody makes stays pending.
func undeclaredVolume() Rule {
	return Rule{
		ID:    "undeclared-volume",
		Finds: "a group's host volume whose source is no volume of the pack",
		inspect: func(s *stack.Stack, f *findings) {
			var known []string
			for _, v := range s.Volumes {
				known = append(known, v.Spec.Name)
			}
			slices.Sort(known)
			for _, t := range s.Tiers {
				for _, label := range slices.Sorted(maps.Keys(t.Group.Volumes)) {
					v := t.Group.Volumes[label]
					if v.Type != "host" || runtime(v.Source) || slices.Contains(known, v.Source) || slices.Contains(s.External.Volumes, v.Source) {
						continue
					}
					at := t.Job.At(stack.Block("group", t.Name), stack.Block("volume", label), stack.Attr("source"))
					if strings.HasPrefix(v.Source, s.Release.Name+"-") {
						f.error(at, "Nobody makes this volume",
							"Group %q wants the host volume %q, and pack.hcl has no volume block that makes it.%s The pack's volumes: %s.",
							t.Name, v.Source, diag.DidYouMean(v.Source, known, ""), diag.List(known, "none"))
						continue
					}
					f.warn(at, "Volume of somebody else",
						"Group %q wants the host volume %q, which is not this release's: it must exist on a client already.%s A volume block in pack.hcl, with source = \"${release.name}-%s\" here, would make one.",
						t.Name, v.Source, diag.DidYouMean(v.Source, known, ""), label)
				}
			}
		},
	}
}
