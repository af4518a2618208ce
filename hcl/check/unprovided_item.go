package check

import (
	"slices"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// unprovidedItem: the template would block its task for ever.
func unprovidedItem() Rule {
	return Rule{
		ID:    "unprovided-item",
		Finds: "a template that reads an item of a job's Nomad Variable which no credential provides",
		inspect: func(s *stack.Stack, f *findings) {
			var items []string
			for _, c := range s.Credentials {
				items = append(items, c.Items()...)
			}
			slices.Sort(items)
			for _, r := range s.Reads {
				if s.Job(r.Owner()) == nil || slices.Contains(items, r.Item) {
					continue
				}
				if r.Computed {
					f.warn(r.Range, "Item that no credential provides",
						"A template of task %q reads the item %q of a Nomad Variable whose path it computes. If that is %s, no credential of the pack provides it.%s",
						r.Task, r.Item, r.Path, diag.DidYouMean(r.Item, items, ""))
					continue
				}
				f.error(r.Range, "Item that no credential provides",
					"A template of task %q reads the item %q of %s, and no credential of the pack provides it: the task would wait for it for ever.%s The items there are: %s. "+
						"Declare it: credential %q { generate = false } when somebody else puts it there.",
					r.Task, r.Item, r.Path, diag.DidYouMean(r.Item, items, ""), diag.List(items, "none"), r.Item)
			}
		},
	}
}
