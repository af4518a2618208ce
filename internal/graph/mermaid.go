package graph

import (
	"fmt"
	"strings"
)

// Mermaid is the graph as a flowchart of Mermaid, which code hosts show in Markdown. Nodes get short IDs: Mermaid takes no
// slash in one, and some words are its own.
func Mermaid(g Graph) string {
	ids := map[string]string{}
	for i, n := range g.Nodes {
		ids[n.ID] = fmt.Sprintf("n%d", i)
	}
	var b strings.Builder
	b.WriteString("flowchart TB\n")
	for _, n := range g.Nodes {
		if n.Outside {
			fmt.Fprintf(&b, "  %s([%s])\n", ids[n.ID], mermaidText(n.lines()))
		}
	}
	jobs := 0
	for wave := 1; wave <= g.waves(); wave++ {
		for _, job := range g.jobs(wave) {
			jobs++
			fmt.Fprintf(&b, "  subgraph j%d [%s]\n", jobs, mermaidText([]string{fmt.Sprintf("%s (wave %d)", job, wave)}))
			for _, n := range g.tiers(job) {
				fmt.Fprintf(&b, "    %s[%s]\n", ids[n.ID], mermaidText(n.lines()))
			}
			b.WriteString("  end\n")
		}
	}
	for _, e := range g.edges() {
		arrow := "-->"
		if from, _ := g.node(e.From); from.Outside {
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", ids[e.From], arrow, ids[e.To])
	}
	return b.String()
}

// mermaidText is a quoted label. Mermaid has no escapes of its own, but reads entities.
func mermaidText(lines []string) string {
	escape := strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;")
	for i, l := range lines {
		lines[i] = escape.Replace(l)
	}
	return `"` + strings.Join(lines, "<br/>") + `"`
}
