package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// DOT is the graph for Graphviz: a job is a cluster, tiers of one wave are not forced onto one rank.
func DOT(g Graph) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", dotText(g.Title))
	b.WriteString("  rankdir = TB\n  node [shape = box, style = rounded, fontname = \"sans-serif\"]\n  edge [fontname = \"sans-serif\", fontsize = 10]\n")
	for _, n := range g.Nodes {
		if n.Outside {
			fmt.Fprintf(&b, "  %s [label = %s, style = dashed]\n", dotText(n.ID), dotText(n.lines()...))
		}
	}
	for wave := 1; wave <= g.waves(); wave++ {
		for _, job := range g.jobs(wave) {
			fmt.Fprintf(&b, "  subgraph %s {\n", dotText("cluster_"+job))
			fmt.Fprintf(&b, "    label = %s\n", dotText(fmt.Sprintf("%s (wave %d)", job, wave)))
			for _, n := range g.tiers(job) {
				fmt.Fprintf(&b, "    %s [label = %s]\n", dotText(n.ID), dotText(n.lines()...))
			}
			b.WriteString("  }\n")
		}
	}
	for _, e := range g.edges() {
		from, _ := g.node(e.From)
		style := ""
		if from.Outside {
			style = " [style = dashed]"
		}
		fmt.Fprintf(&b, "  %s -> %s%s\n", dotText(e.From), dotText(e.To), style)
	}
	b.WriteString("}\n")
	return b.String()
}

// lines are what a node says of itself, its name first.
func (n Node) lines() []string {
	if n.Outside {
		return []string{n.Name, n.About}
	}
	out := []string{n.Name + " " + n.size()}
	out = append(out, n.Services...)
	if n.Migrates != "" {
		out = append(out, "migrates "+n.Migrates)
	}
	return out
}

// dotText is a quoted string of DOT, of several lines where there are several.
func dotText(lines ...string) string {
	for i, l := range lines {
		quoted := strconv.Quote(l)
		lines[i] = quoted[1 : len(quoted)-1]
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
