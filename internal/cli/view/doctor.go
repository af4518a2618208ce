package view

import (
	"fmt"

	"github.com/packctl/packctl/internal/release"
)

// Checked shows a line for each finding, and the remedy of each that is not fine.
func (h *Human) Checked(c *release.Checkup) {
	area, width := "", h.streams.resultWidth()
	for _, f := range c.Findings {
		if f.Area != area {
			area = f.Area
			fmt.Fprintln(h.streams.Out, h.out.bold(area))
		}
		mark := h.out.green("✓")
		switch f.Level {
		case release.Worth:
			mark = h.out.yellow("!")
		case release.Bad:
			mark = h.out.red("✗")
		}
		fmt.Fprint(h.streams.Out, hang("  "+mark+" "+f.Text, 4, width, "\n"))
		if f.Remedy != "" {
			fmt.Fprint(h.streams.Out, hang("    "+h.out.dim("→ ")+oneLine(f.Remedy), 6, width, "\n"))
		}
	}
}

// Checked writes the checkup as one object.
func (j *JSON) Checked(c *release.Checkup) { value(j.streams.Out, c) }
