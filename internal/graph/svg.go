package graph

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Sizes of text, in pixels. No font can be measured here, so a character counts as a wide one.
const (
	nameChar  = 8.0
	lineChar  = 6.7
	lineStep  = 15.0
	headStep  = 22.0
	padX      = 14.0
	bandPad   = 24.0
	bandLabel = 62.0 // room for "wave 1" left of the nodes
	longest   = 40   // characters of a line
)

const svgStyle = `
  svg { font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; background: #fff; color-scheme: light dark }
  .title { font-size: 16px; font-weight: 600; fill: #1f2328 }
  .legend, .wave { font-size: 12px; fill: #59636e }
  .band { fill: #f6f8fa }
  .node { fill: #fff; stroke: #8b949e }
  .outside { stroke-dasharray: 4 3 }
  .name { font-size: 13px; font-weight: 600; fill: #1f2328 }
  .line { font-size: 11px; fill: #59636e }
  .migrates { font-size: 11px; fill: #9a6700 }
  .edge { fill: none; stroke: #59636e; stroke-width: 1.4 }
  .gate { stroke-dasharray: 4 3 }
  .tip { fill: #59636e }
  .j0 { fill: #0969da } .j1 { fill: #1a7f37 } .j2 { fill: #8250df } .j3 { fill: #bf3989 }
  .j4 { fill: #9a6700 } .j5 { fill: #cf222e } .j6 { fill: #1b7c83 } .j7 { fill: #57606a }
  @media (prefers-color-scheme: dark) {
    svg { background: #0d1117 }
    .title, .name { fill: #f0f6fc }
    .legend, .wave, .line { fill: #9198a1 }
    .band { fill: #151b23 }
    .node { fill: #0d1117; stroke: #656c76 }
    .migrates { fill: #d29922 }
    .edge { stroke: #9198a1 }
    .tip { fill: #9198a1 }
  }
`

// SVG is the graph as a picture that stands alone: no script, no font and no file from elsewhere, light or dark as the
// reader has it.
func SVG(g Graph) string {
	l := newLayout(g)
	for i := range l.items {
		l.size(&l.items[i])
	}
	inner, high := l.place()
	s := &svg{layout: l, left: bandLabel + bandPad, top: 64, width: inner + bandLabel + 2*bandPad, high: high}
	s.width = max(s.width, 480, float64(utf8.RuneCountInString(g.Title))*9.5+2*bandPad)
	s.left += max(0, (s.width-inner-bandLabel-2*bandPad)/2)
	total := s.top + high + bandPad + 40
	fmt.Fprintf(&s.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" aria-labelledby="t">`+"\n", s.width, total, s.width, total)
	fmt.Fprintf(&s.b, "<title id=\"t\">%s</title>\n<style>%s</style>\n", escape(g.Title), svgStyle)
	s.b.WriteString(`<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>` + "\n")
	fmt.Fprintf(&s.b, `<text class="title" x="%.0f" y="32">%s</text>`+"\n", bandPad, escape(g.Title))
	s.bands()
	s.lines()
	s.nodes()
	fmt.Fprintf(&s.b, `<text class="legend" x="%.0f" y="%.0f">An arrow leads from what is waited for to the tier that waits.</text>`+"\n", bandPad, total-14)
	s.b.WriteString("</svg>\n")
	return s.b.String()
}

// about are the lines below a node's name.
func (n Node) about() []string {
	if n.Outside {
		return []string{n.About}
	}
	out := append([]string{"job " + n.Job}, n.Services...)
	if n.Migrates != "" {
		out = append(out, "migrates "+n.Migrates)
	}
	return out
}

// head is a node's first line.
func (n Node) head() string {
	if n.Outside {
		return n.Name
	}
	return n.Name + " " + n.size()
}

func (l *layout) size(it *item) {
	if it.node < 0 {
		it.width = laneSize
		return
	}
	n := l.graph.Nodes[it.node]
	chars := float64(min(longest, utf8.RuneCountInString(n.head()))) * nameChar
	for _, line := range n.about() {
		chars = max(chars, float64(min(longest, utf8.RuneCountInString(line)))*lineChar)
	}
	it.width = max(96, chars+2*padX)
	it.height = headStep + lineStep*float64(len(n.about())) + 12
}

type svg struct {
	*layout
	b           strings.Builder
	left, top   float64
	width, high float64
}

// bands are the waves' backgrounds.
func (s *svg) bands() {
	for wave := 0; wave <= s.graph.waves(); wave++ {
		from, to := -1.0, 0.0
		for _, it := range s.items {
			if it.node < 0 || s.graph.Nodes[it.node].Wave != wave {
				continue
			}
			if from < 0 || it.y < from {
				from = it.y
			}
			to = max(to, it.y+it.height)
		}
		if from < 0 {
			continue
		}
		label := fmt.Sprintf("wave %d", wave)
		if wave == 0 {
			label = "outside"
		}
		fmt.Fprintf(&s.b, `<rect class="band" x="8" y="%.0f" width="%.0f" height="%.0f" rx="8"/>`+"\n", s.top+from-16, s.width-16, to-from+32)
		fmt.Fprintf(&s.b, `<text class="wave" x="%.0f" y="%.0f">%s</text>`+"\n", bandPad-4, s.top+from+4, label)
	}
}

func (s *svg) nodes() {
	var jobs []string
	for i, it := range s.items {
		if it.node < 0 {
			continue
		}
		n := s.graph.Nodes[it.node]
		x, y := s.left+it.x-it.width/2, s.top+s.items[i].y
		class := "node"
		if n.Outside {
			class = "node outside"
		}
		fmt.Fprintf(&s.b, `<g><title>%s</title><rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="6"/>`,
			escape(strings.Join(append([]string{n.head()}, n.about()...), ", ")), class, x, y, it.width, it.height)
		if !n.Outside {
			if !slices.Contains(jobs, n.Job) {
				jobs = append(jobs, n.Job)
			}
			fmt.Fprintf(&s.b, `<rect class="j%d" x="%.1f" y="%.1f" width="4" height="%.1f" rx="2"/>`, slices.Index(jobs, n.Job)%8, x, y+4, it.height-8)
		}
		fmt.Fprintf(&s.b, `<text class="name" x="%.1f" y="%.1f">%s</text>`, x+padX, y+headStep-3, escape(cut(n.head())))
		for k, line := range n.about() {
			class := "line"
			if n.Migrates != "" && k == len(n.about())-1 {
				class = "migrates"
			}
			fmt.Fprintf(&s.b, `<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x+padX, y+headStep+lineStep*float64(k+1)-2, escape(cut(line)))
		}
		s.b.WriteString("</g>\n")
	}
}

// lines are the edges, as curves that leave and arrive vertically. Those that arrive at one node are spread along its top.
func (s *svg) lines() {
	into := map[int][]int{} // by node: the items that edges come from, each once, from left to right
	for _, path := range s.paths {
		if len(path) > 0 {
			last := path[len(path)-1]
			if from := path[len(path)-2]; !slices.Contains(into[last], from) {
				into[last] = append(into[last], from)
			}
		}
	}
	for _, from := range into {
		slices.SortStableFunc(from, func(a, b int) int { return int(s.items[a].x - s.items[b].x) })
	}
	for i, path := range s.paths {
		if len(path) == 0 {
			continue
		}
		first, last := s.items[path[0]], path[len(path)-1]
		x, y := s.left+first.x, s.top+first.y+first.height
		d := fmt.Sprintf("M%.1f %.1f", x, y)
		for _, at := range path[1:] {
			it := s.items[at]
			toX, toY := s.left+it.x, s.top+it.y
			if at == last {
				ports := into[last]
				from := path[len(path)-2]
				toX += it.width * 0.6 * ((float64(slices.Index(ports, from))+1)/float64(len(ports)+1) - 0.5)
			}
			mid := (y + toY) / 2
			d += fmt.Sprintf("C%.1f %.1f %.1f %.1f %.1f %.1f", x, mid, toX, mid, toX, toY)
			x, y = toX, toY
			if it.node < 0 {
				y += it.height
				d += fmt.Sprintf("V%.1f", y)
			}
		}
		from, _ := s.graph.node(s.edges[i].From)
		to, _ := s.graph.node(s.edges[i].To)
		class := "edge"
		if from.Outside {
			class = "edge gate"
		}
		fmt.Fprintf(&s.b, `<path class="%s" d="%s" marker-end="url(#a)"><title>%s</title></path>`+"\n", class, d, escape(to.Name+" waits for "+from.Name))
	}
}

// cut shortens a line that is too long.
func cut(line string) string {
	runes := []rune(line)
	if len(runes) <= longest {
		return line
	}
	return string(runes[:longest-1]) + "…"
}

// escape makes a text one of XML.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(text)
}
