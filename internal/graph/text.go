package graph

import (
	"fmt"
	"strings"
)

// Text is the graph as an indented list, wave by wave. Lines are broken at width cells, 80 where it is less than 40.
func Text(g Graph, width int) string {
	if width < 40 {
		width = 80
	}
	t := &text{width: width}
	t.put(0, 2, g.Title)
	for wave := 1; wave <= g.waves(); wave++ {
		fmt.Fprintf(&t.b, "\nwave %d\n", wave)
		for _, job := range g.jobs(wave) {
			t.put(2, 4, "job "+job)
			for _, n := range g.tiers(job) {
				t.tier(g, n)
			}
		}
	}
	t.outside(g)
	return t.b.String()
}

type text struct {
	b     strings.Builder
	width int
}

func (t *text) tier(g Graph, n Node) {
	t.put(4, 6, n.Name+" "+n.size())
	if len(n.Services) > 0 {
		t.put(6, 8, "serves "+strings.Join(n.Services, ", "))
	}
	for _, e := range g.edges() {
		if e.To != n.ID {
			continue
		}
		from, _ := g.node(e.From)
		what := from.Name
		switch {
		case from.Outside:
			what = e.Label + ": " + from.About + ", outside"
		case from.Job != n.Job:
			what += " (job " + from.Job + ")"
		}
		t.put(6, 8, "waits for "+what)
	}
	if n.Migrates != "" {
		t.put(6, 8, "migrates "+n.Migrates)
	}
}

func (t *text) outside(g Graph) {
	head := false
	for _, n := range g.Nodes {
		if !n.Outside {
			continue
		}
		if !head {
			t.b.WriteString("\noutside, asked by gates\n")
			head = true
		}
		t.put(2, 4, n.About)
	}
}

// put writes a line, broken at spaces; what is longer than a line stays whole.
func (t *text) put(first, rest int, line string) {
	indent, used := first, 0
	for i, word := range strings.Fields(line) {
		size := len([]rune(word))
		switch {
		case i == 0:
			t.b.WriteString(strings.Repeat(" ", indent) + word)
			used = indent + size
		case used+1+size > t.width:
			indent = rest
			t.b.WriteString("\n" + strings.Repeat(" ", indent) + word)
			used = indent + size
		default:
			t.b.WriteString(" " + word)
			used += 1 + size
		}
	}
	t.b.WriteString("\n")
}
