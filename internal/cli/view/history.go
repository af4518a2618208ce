package view

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/packctl/packctl/internal/release"
)

// History writes a line a revision, the newest last: number, start, who, pack, what was given otherwise, how it ended.
func (h *Human) History(name string, list []*release.Revision) {
	if len(list) == 0 {
		fmt.Fprintf(h.streams.Err, "release %s has no revisions in this namespace\n", name)
		return
	}
	rows := [][]string{{"REVISION", "WHEN", "WHO", "PACK", "CHANGED", "OUTCOME"}}
	for _, r := range list {
		rows = append(rows, []string{strconv.Itoa(r.Number), r.Started.Local().Format("2006-01-02 15:04:05"), r.Who,
			strings.TrimSpace(r.Pack + " " + r.PackVersion), strings.Join(r.Changed, ", "), howItEnded(r)})
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	for i, row := range rows {
		var line strings.Builder
		for c, cell := range row {
			line.WriteString(pad(cell, widths[c]) + "  ")
		}
		text := strings.TrimRight(line.String(), " ")
		if i == 0 {
			text = h.out.dim(text)
		}
		fmt.Fprintln(h.streams.Out, text)
	}
}

// howItEnded is how a revision ended, and why, on one line.
func howItEnded(r *release.Revision) string {
	text := string(r.Outcome)
	if r.Restores > 0 {
		text += fmt.Sprintf(" (rollback to %d)", r.Restores)
	}
	if r.Back > 0 {
		text += fmt.Sprintf(" (to %d)", r.Back)
	}
	if r.Note != "" {
		text += ": " + oneLine(r.Note)
	}
	return text
}

// History writes {"release", "revisions": […]}, the newest last.
func (j *JSON) History(name string, list []*release.Revision) {
	value(j.streams.Out, struct {
		Release   string              `json:"release"`
		Revisions []*release.Revision `json:"revisions"`
	}{name, append([]*release.Revision{}, list...)})
}

// Given writes the values as a -var-file; of a sensitive one there is a comment.
func (h *Human) Given(r *release.Revision) {
	fmt.Fprintf(h.streams.Out, "# revision %d of pack %s\n", r.Number, strings.TrimSpace(r.Pack+" "+r.PackVersion))
	names := 0
	for _, g := range r.Given {
		names = max(names, len(g.Name))
	}
	for _, g := range r.Given {
		if g.HMAC != "" {
			fmt.Fprintf(h.streams.Out, "# %s was given, and is sensitive\n", g.Name)
			continue
		}
		fmt.Fprintf(h.streams.Out, "%s = %s\n", pad(g.Name, names), g.Value)
	}
}

// Given writes {"revision", "env", "values": [{"name", "value" as HCL, or "sensitive"}]}.
func (j *JSON) Given(r *release.Revision) {
	type given struct {
		Name      string `json:"name"`
		Value     string `json:"value,omitempty"`
		Sensitive bool   `json:"sensitive,omitempty"`
	}
	out := struct {
		Revision int     `json:"revision"`
		Env      string  `json:"env,omitempty"`
		Values   []given `json:"values"`
	}{r.Number, r.Env, []given{}}
	for _, g := range r.Given {
		out.Values = append(out.Values, given{g.Name, g.Value, g.HMAC != ""})
	}
	value(j.streams.Out, out)
}

// Manifest writes the job files one after the other.
func (h *Human) Manifest(_ *release.Revision, m *release.Manifest) { h.Rendered(filesOf(m), "") }

// Manifest writes {"files": […]} as render does.
func (j *JSON) Manifest(_ *release.Revision, m *release.Manifest) { j.Rendered(filesOf(m), "") }

func filesOf(m *release.Manifest) []File {
	var out []File
	for _, job := range m.Jobs {
		out = append(out, File{Name: job.File, Job: job.ID, Source: job.Source, Spec: job.Spec})
	}
	return out
}
