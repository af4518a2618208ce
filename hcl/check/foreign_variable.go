package check

import "github.com/packctl/packctl/hcl/stack"

// foreignVariable: a workload identity reads its own job's variable and nothing else, unless an ACL policy says so.
func foreignVariable() Rule {
	return Rule{
		ID:    "foreign-variable",
		Finds: "a template that reads the Nomad Variable of another job of the stack",
		inspect: func(s *stack.Stack, f *findings) {
			for _, r := range s.Reads {
				if r.Owner() == r.Job.ID || s.Job(r.Owner()) == nil {
					continue
				}
				f.warn(r.Range, "Nomad Variable of another job",
					"Task %q of job %q reads %s. With ACLs on, a task may read only its own job's variable: read %q from %s%s, where packctl puts every credential that the job reads.",
					r.Task, r.Job.ID, r.Path, r.Item, stack.VariablePrefix, r.Job.ID)
			}
		},
	}
}
