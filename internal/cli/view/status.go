package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// Status shows a release on Out.
func (h *Human) Status(o *release.Overview) {
	width := h.streams.resultWidth()
	for _, text := range h.picture(o).lines(o) {
		if indent := len(text) - len(strings.TrimLeft(text, " ")); ansi.StringWidth(text) > width {
			text = strings.TrimRight(hang(text, min(indent+2, width/3), width, "\n"), "\n")
		}
		fmt.Fprintln(h.streams.Out, text)
	}
}

// StatusAgain repaints the picture in place on a terminal; elsewhere it writes a line for each tier that changed.
func (h *Human) StatusAgain(o *release.Overview) {
	if !h.streams.OutTTY {
		if h.changes == nil {
			h.changes = &plain{out: h.streams.Out, last: map[string]string{}}
		}
		h.changes.event(release.Event{Time: o.Time.Local(), Tiers: o.Tiers})
		return
	}
	width, height := h.streams.size()
	lines := h.picture(o).lines(o)
	if room := height - 1; len(lines) > room {
		more := len(lines) - room + 1
		lines = append(lines[:room-1], h.out.dim(fmt.Sprintf("… and %d more lines", more)))
	}
	var frame strings.Builder
	switch {
	case h.painted > 0 && width != h.width: // the terminal has wrapped the old lines anew, nobody knows how
		frame.WriteString("\x1b[H\x1b[2J")
	case h.painted > 0:
		fmt.Fprintf(&frame, "\x1b[%dA\r", h.painted)
	}
	for _, text := range lines {
		frame.WriteString(ansi.Truncate(text, width, "…") + "\x1b[K\n")
	}
	frame.WriteString("\x1b[J")
	h.painted, h.width = len(lines), width
	_, _ = io.WriteString(h.streams.Out, frame.String())
}

// StatusEnd leaves the last picture where it stands.
func (h *Human) StatusEnd() {
	if h.painted > 0 {
		_, _ = io.WriteString(h.streams.Out, "\r\x1b[K") // a ^C that the terminal echoed
	}
}

func (h *Human) picture(o *release.Overview) picture {
	return picture{tree: tree{style: h.out, now: o.Time}}
}

// picture draws an overview as lines that nobody has cut yet.
type picture struct{ tree }

func (p picture) lines(o *release.Overview) []string {
	out := []string{p.head(o)}
	for _, j := range o.Jobs {
		out = append(out, "", p.job(j, o.Time))
		names := 0
		for _, t := range o.Tiers {
			if t.Job == j.ID {
				names = max(names, ansi.StringWidth(t.Name))
			}
		}
		for _, t := range o.Tiers {
			if t.Job == j.ID {
				out = append(out, p.tierLines(t, min(names, 24), o)...)
			}
		}
	}
	return append(out, p.rest(o)...)
}

func (p picture) head(o *release.Overview) string {
	state := p.style.red("✗ not healthy")
	if o.Healthy {
		state = p.style.green("✓ healthy")
	}
	about := "namespace " + o.Namespace
	if o.Pack != "" {
		about = strings.TrimSuffix("pack "+o.Pack+" "+o.Version, " ") + ", " + about
	}
	if o.Revision > 0 {
		about += fmt.Sprintf(", revision %d", o.Revision)
	}
	return fmt.Sprintf("%s  %s  %s", p.style.bold(o.Release), state, p.style.dim(about))
}

func (p picture) job(j release.JobOverview, now time.Time) string {
	about := fmt.Sprintf("%s, version %d, submitted %s", j.Type, j.Version, ago(now, j.Submitted))
	if j.Stopped {
		about += ", stopped"
	}
	if j.Deployment != "" && j.Deployment != "successful" {
		about += ", deployment " + j.Deployment
	}
	return p.style.bold(j.ID) + "  " + p.style.dim(about)
}

// tierLines are a tier, its closed gates, and its instances with what is wrong about each.
func (p picture) tierLines(t status.Tier, names int, o *release.Overview) []string {
	mark, paint := p.look(t.State)
	head := fmt.Sprintf("  %s %s  %s %s", paint(mark), pad(t.Name, names), paint(pad(string(t.State), 11)), instances(t))
	out := []string{strings.TrimRight(head, " ")}
	if t.Reason != "" {
		out = append(out, "      "+oneLine(t.Reason))
	}
	if !t.Next.IsZero() {
		out = append(out, p.style.dim("      next launch "+t.Next.Local().Format("2006-01-02 15:04:05")))
	}
	for _, g := range o.Gates {
		switch {
		case g.Tier != t.Name || g.Job != t.Job:
		case g.Open:
			out = append(out, p.style.dim("      gate "+g.Name+" is open"))
		default:
			out = append(out, strings.TrimSuffix("      "+p.style.yellow("gate "+g.Name)+": "+oneLine(g.Reason), ": "))
		}
	}
	for _, in := range t.Instances {
		out = append(out, p.instance(t, in, o.Time)...)
	}
	return out
}

func (p picture) instance(t status.Tier, in status.Instance, now time.Time) []string {
	mark, paint := p.look(in.State)
	head := fmt.Sprintf("      %s [%d] %s on %s, version %d, %s", paint(mark), in.Index, shortID(in.Alloc), cmp.Or(in.Node, "no node"), in.Version, in.State)
	if lasting(in.State) && !in.Since.IsZero() && now.After(in.Since) {
		head += p.style.dim(" for " + short(now.Sub(in.Since)))
	}
	out := []string{head}
	if in.Reason != "" && in.Reason != t.Reason {
		out = append(out, "          "+oneLine(in.Reason))
	}
	for _, task := range in.Tasks {
		if task.Restarts > 0 {
			out = append(out, p.style.dim(fmt.Sprintf("          task %s was restarted %d×, last exit code %d", task.Name, task.Restarts, task.ExitCode)))
		}
	}
	passing := 0
	for _, c := range in.Checks {
		if c.Status == "passing" {
			passing++
			continue
		}
		text := p.style.red("check " + c.Name + " is " + c.Status)
		if said := oneLine(c.Output); said != "" && !strings.Contains(oneLine(t.Reason), said) {
			text += ": " + said
		}
		out = append(out, "          "+text)
	}
	if len(in.Checks) > 0 && passing == len(in.Checks) {
		out[0] += p.style.dim(", " + plural(passing, "check") + " passing")
	}
	return out
}

// lasting says whether an instance's last event tells since when it is in a state: a check that turns is none.
func lasting(s status.State) bool {
	return s == status.Healthy || s == status.Waiting || s == status.Migrating || s == status.Failed || s == status.Complete
}

// rest is what belongs to no tier.
func (p picture) rest(o *release.Overview) []string {
	var out []string
	for i, s := range o.Scalings {
		if i == 0 {
			out = append(out, "", p.style.bold("last scalings"))
		}
		text := fmt.Sprintf("  %s  %s", s.Time.Local().Format("2006-01-02 15:04:05"), s.Tier)
		if s.To != nil {
			text += fmt.Sprintf("  %d → %d", s.From, *s.To)
		}
		if s.Error {
			text += "  " + p.style.red("error")
		}
		out = append(out, strings.TrimRight(text+"  "+p.style.dim(oneLine(s.Message)), " "))
	}
	for i, v := range o.Volumes {
		if i == 0 {
			out = append(out, "", p.style.bold("volumes"))
		}
		mark, paint := "✓", p.style.green
		if v.State != "ready" {
			mark, paint = "✗", p.style.red
		}
		text := fmt.Sprintf("  %s %s  %s", paint(mark), v.Name, v.State)
		if v.Node != "" {
			text += " on " + v.Node
		}
		out = append(out, strings.TrimRight(text+"  "+p.style.dim(strings.Join(v.Tiers, ", ")), " "))
	}
	for i, n := range o.Notes {
		if i == 0 {
			out = append(out, "")
		}
		out = append(out, p.style.yellow("! ")+oneLine(n))
	}
	return out
}

// ago is a point in time as people say it.
func ago(now, t time.Time) string {
	if now.Before(t) {
		return "now"
	}
	if d := now.Sub(t); d < 48*time.Hour {
		return short(d) + " ago"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// Releases is a table.
func (h *Human) Releases(list []release.Entry) {
	if len(list) == 0 {
		fmt.Fprintln(h.streams.Err, "there is no release")
		return
	}
	rows := [][]string{{"RELEASE", "NAMESPACE", "PACK", "REVISION", "JOBS", "STATE", "SUBMITTED"}}
	for _, e := range list {
		pack := cmp.Or(e.Pack, "-")
		if e.Version != "" {
			pack += " " + e.Version
		}
		revision := "-"
		if e.Revision > 0 {
			revision = fmt.Sprint(e.Revision)
		}
		rows = append(rows, []string{e.Release, e.Namespace, pack, revision, fmt.Sprint(e.Jobs), string(e.State), e.Submitted.Local().Format("2006-01-02 15:04")})
	}
	table(h.streams.Out, h.streams.resultWidth(), h.out, rows)
}

// table writes rows, the first of them as heads, in columns. A column may take what its longest cell needs.
func table(w io.Writer, width int, s style, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	for n, row := range rows {
		var text strings.Builder
		for i, cell := range row {
			text.WriteString(pad(cell, widths[i]) + "  ")
		}
		out := ansi.Truncate(strings.TrimRight(text.String(), " "), width, "…")
		if n == 0 {
			out = s.dim(out)
		}
		fmt.Fprintln(w, out)
	}
}
