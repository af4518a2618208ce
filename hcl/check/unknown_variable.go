package check

import (
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// unknownVariable: the template would block its task for ever. A path below a job that names a group and a task of it is one that
// a workload identity may read, so it is nobody's mistake.
func unknownVariable() Rule {
	return Rule{
		ID:    "unknown-variable",
		Finds: "a template that reads a Nomad Variable of no job, group and task of the stack, and of no external block",
		inspect: func(s *stack.Stack, f *findings) {
			var known []string
			for _, t := range s.Tiers {
				base := stack.VariablePrefix + t.JobID
				known = append(known, base, base+"/"+t.Name)
				for _, task := range t.Group.Tasks {
					known = append(known, base+"/"+t.Name+"/"+task.Name)
				}
			}
			known = append(known, "nomad/jobs")
			known = append(known, s.External.Variables...)
			slices.Sort(known)
			known = slices.Compact(known)
			for _, c := range calls(s, "nomadVar", "nomadVarExists", "nomadVarList", "nomadVarListSafe") {
				path, _, _ := strings.Cut(c.text, "@")
				if slices.Contains(known, path) || strings.HasPrefix(c.function, "nomadVarList") && slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, path) }) {
					continue
				}
				f.error(c.at, "Variable that nobody writes",
					"A template of task %q reads the Nomad Variable %q, which belongs to no job of this stack.%s If somebody else writes it, say so in pack.hcl: external { variables = [%q] }.",
					c.template.Task, path, diag.DidYouMean(path, known, ""), path)
			}
		},
	}
}
