package view

import (
	"fmt"
	"strings"

	"github.com/packctl/packctl/internal/release"
)

// awaiting says which canaries wait, what was left for that, and the two ways on.
func (h *Human) awaiting(r *release.Result) {
	name := r.Release
	if r.Revision > 0 {
		name += fmt.Sprintf(" revision %d", r.Revision)
	}
	fmt.Fprintf(h.streams.Out, "%s %s awaits promotion: %s submitted %s\n", h.out.yellow("…"), h.out.bold(name),
		plural(len(r.Submitted), "job"), h.out.dim("("+short(r.Elapsed)+")"))
	for _, w := range r.Waiting {
		var parts []string
		for _, c := range w.Tiers {
			what := fmt.Sprintf("%d canaries", c.Wanted)
			if c.Wanted == 1 {
				what = "1 canary"
			}
			parts = append(parts, fmt.Sprintf("tier %s, %s healthy", c.Tier, what))
		}
		fmt.Fprintf(h.streams.Out, "  %s: %s\n", w.Job, strings.Join(parts, "; "))
	}
	if len(r.Left) > 0 {
		fmt.Fprintf(h.streams.Out, "  not submitted before that: %s\n", strings.Join(r.Left, ", "))
	}
	fmt.Fprintf(h.streams.Out, "  %s packctl promote %s makes all instances like them, and goes on\n", h.out.dim("→"), r.Release)
	fmt.Fprintf(h.streams.Out, "  %s packctl rollback %s takes them back\n", h.out.dim("→"), r.Release)
}
