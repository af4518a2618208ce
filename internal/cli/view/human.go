package view

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// Human speaks to people: the result as text on Out, diagnostics and progress on Err, coloured on a terminal.
type Human struct {
	streams *Streams
	out     style
	err     style
	live    *live             // on a terminal
	plain   *plain            // elsewhere
	tiers   map[string]string // the colours of log lines
	changes *plain            // of a status that is watched through a pipe
	painted int               // lines of a status that stand above the cursor
	width   int               // that they were painted for
}

var _ View = (*Human)(nil)

// NewHuman makes a view for people.
func NewHuman(s *Streams) *Human {
	h := &Human{
		streams: s,
		out:     style{on: s.OutTTY && s.Color},
		err:     style{on: s.ErrTTY && s.Color},
	}
	if s.ErrTTY {
		h.live = &live{out: s.Err, streams: s, style: h.err, seen: memory{}}
	} else {
		h.plain = &plain{out: s.Err, last: map[string]string{}}
	}
	return h
}

// Event shows progress: a tree that is repainted on a terminal, a line for each change elsewhere.
func (h *Human) Event(e release.Event) {
	if h.live != nil {
		h.live.event(e)
		return
	}
	h.plain.event(e)
}

// Diagnostics shows all of them on Err, and how many there are.
func (h *Human) Diagnostics(d Diagnosed) {
	if len(d.Diags) == 0 {
		return
	}
	h.end()
	w := diagnostics{style: h.err, width: h.streams.talkWidth(), sources: d.Sources}
	for _, x := range d.Diags {
		fmt.Fprintln(h.streams.Err, w.text(x))
	}
	fmt.Fprintln(h.streams.Err, d.count())
}

// Rendered writes the files to Out one after the other, or says where they were written.
func (h *Human) Rendered(files []File, dir string) {
	for i, f := range files {
		if dir != "" {
			fmt.Fprintln(h.streams.Err, f.Name)
			continue
		}
		if i > 0 {
			fmt.Fprintln(h.streams.Out)
		}
		fmt.Fprintf(h.streams.Out, "# %s\n", f.Name)
		_, _ = h.streams.Out.Write(bytes.TrimRight(f.Source, "\n"))
		fmt.Fprintln(h.streams.Out)
	}
}

// Validated shows what is wrong, and of a pack without errors what it consists of.
func (h *Human) Validated(v Validation) {
	h.Diagnostics(v.Diagnosed)
	if v.Diagnosed.HasErrors() {
		return
	}
	fmt.Fprintf(h.streams.Out, "%s %s is valid: %s, %s, submitted in %s\n", h.out.green("✓"), h.out.bold(v.Pack),
		plural(v.Jobs, "job"), plural(v.Tiers, "tier"), plural(len(v.Waves), "wave"))
	for i, wave := range v.Waves {
		fmt.Fprintf(h.streams.Out, "  %d. %s\n", i+1, strings.Join(wave, ", "))
	}
}

// Finished reports failures on Err, and of a verb that ended well the summary and the pack's outputs on Out.
func (h *Human) Finished(r *release.Result, outputs []stack.Output) {
	h.end()
	if !endedWell(r) {
		width := h.streams.talkWidth()
		for _, f := range r.Failures {
			fmt.Fprintf(h.streams.Err, "\n%s", failure(h.err, width, f))
		}
		if len(r.Failures) > 0 {
			fmt.Fprintln(h.streams.Err)
		}
		return
	}
	if r.Outcome == release.Awaiting {
		h.awaiting(r)
		return
	}
	fmt.Fprintf(h.streams.Out, "%s %s\n", h.out.green("✓"), h.summary(r))
	h.outputs(outputs)
}

// summary is one line: what was done, in which time.
func (h *Human) summary(r *release.Result) string {
	name := h.out.bold(r.Release)
	took := h.out.dim("(" + short(r.Elapsed) + ")")
	switch {
	case r.Destroyed != nil:
		return h.destroyed(r)
	case isStopped(r):
		return fmt.Sprintf("%s is stopped: %s %s", name, strings.Join(r.Stopped, ", "), took)
	case r.Outcome == release.Unchanged && len(r.Tiers) == 0:
		return fmt.Sprintf("%s: nothing had to change %s", name, took)
	case len(r.Restarted) > 0:
		return fmt.Sprintf("%s: restarted %s, healthy %s", name, strings.Join(r.Restarted, ", "), took)
	case len(r.Scaled) > 0:
		return fmt.Sprintf("%s: %s, healthy %s", name, scaled(r.Scaled), took)
	case r.Outcome == release.Unchanged:
		return fmt.Sprintf("%s is healthy, and nothing had to change: %s %s", name, plural(len(r.Tiers), "tier"), took)
	}
	done := plural(len(r.Submitted), "job") + " submitted"
	if len(r.Promoted) > 0 {
		done = plural(len(r.Promoted), "job") + " promoted, " + done
	}
	if len(r.Unchanged) > 0 {
		done += fmt.Sprintf(", %d unchanged", len(r.Unchanged))
	}
	if len(r.Stopped) > 0 {
		done += fmt.Sprintf(", %d stopped", len(r.Stopped))
	}
	if r.Revision > 0 {
		name += fmt.Sprintf(" revision %d", r.Revision)
	}
	return fmt.Sprintf("%s is healthy: %s, %s %s", name, plural(len(r.Tiers), "tier"), done, took)
}

// scaled says of each tier what became of its count.
func scaled(list []release.Scaled) string {
	var parts []string
	for _, t := range list {
		if t.From == t.To {
			parts = append(parts, fmt.Sprintf("%s stays at %d", t.Tier, t.To))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %d → %d", t.Tier, t.From, t.To))
	}
	return strings.Join(parts, ", ")
}

// endedWell reports whether a verb did what it was asked to.
func endedWell(r *release.Result) bool {
	return r.Outcome == release.Healthy || r.Outcome == release.Unchanged || r.Outcome == release.Awaiting
}

// isStopped reports whether the release was stopped, not run.
func isStopped(r *release.Result) bool {
	return len(r.Stopped) > 0 && len(r.Submitted)+len(r.Unchanged) == 0 &&
		!slices.ContainsFunc(r.Tiers, func(t status.Tier) bool { return t.State != status.Stopped })
}

func (h *Human) outputs(outputs []stack.Output) {
	names := 0
	for _, o := range outputs {
		names = max(names, ansi.StringWidth(o.Name))
	}
	if len(outputs) > 0 {
		fmt.Fprintln(h.streams.Out)
	}
	for _, o := range outputs {
		fmt.Fprintf(h.streams.Out, "  %s  %s\n", pad(o.Name, names), h.out.bold(o.Value))
		if o.Description != "" {
			fmt.Fprintf(h.streams.Out, "  %s  %s\n", strings.Repeat(" ", names), h.out.dim(o.Description))
		}
	}
}

// Version is one line for bug reports.
func (h *Human) Version(v Version) {
	text := "packctl " + v.Version
	if v.Revision != "" {
		text += " (" + v.Revision[:min(12, len(v.Revision))]
		if v.Modified {
			text += ", modified"
		}
		text += ")"
	}
	fmt.Fprintf(h.streams.Out, "%s %s\n", text, v.Go)
}

// Error says what went wrong and the way out.
func (h *Human) Error(err error, hint string) {
	h.end()
	width := h.streams.talkWidth()
	text := h.err.boldRed("error") + ": " + ansi.Strip(err.Error())
	fmt.Fprint(h.streams.Err, hang(strings.TrimRight(text, "\n"), 2, width, "\n"))
	for _, way := range strings.Split(strings.TrimSpace(ansi.Strip(hint)), "\n") {
		if way != "" {
			fmt.Fprint(h.streams.Err, hang("  "+h.err.dim("→")+" "+way, 4, width, "\n"))
		}
	}
}

func (h *Human) end() {
	if h.live != nil {
		h.live.end()
	}
}
