package view

import (
	"fmt"
	"math"
	"strings"

	"github.com/packctl/packctl/internal/release"
)

// Compared writes the difference as one object.
func (j *JSON) Compared(d *release.Difference) { value(j.streams.Out, d) }

// Compared writes what differs: + is what the second state has, - what the first one has, ~ what changed.
func (h *Human) Compared(d *release.Difference) {
	w := planWriter{style: h.out, width: math.MaxInt16}
	if h.streams.OutTTY {
		w.width, _ = h.streams.size()
	}
	w.line(0, "Release %s in namespace %s, from %s to %s", w.style.bold(d.Release), d.Namespace, side(d.From), side(d.To))
	if len(d.Values) > 0 {
		w.line(0, "")
		w.line(0, "%s", w.style.dim("values that were given"))
		w.values(d.Values)
	}
	same := 0
	for i, j := range d.Jobs {
		if i == 0 {
			w.line(0, "")
		}
		if j.Kind == release.KindUnchanged {
			same++
			continue
		}
		w.jobDifference(d, j)
	}
	if same > 0 {
		w.line(2, "%s", w.style.dim(plural(same, "job")+" unchanged"))
	}
	if !d.Changes {
		w.line(0, "%s", w.style.green("No difference."))
	}
	fmt.Fprint(h.streams.Out, w.b.String())
}

func (w *planWriter) jobDifference(d *release.Difference, j release.JobDifference) {
	name := w.style.bold(j.ID)
	if j.Hook != "" {
		name += " of hook " + j.Hook
	}
	if j.Namespace != d.Namespace {
		name += " in namespace " + j.Namespace
	}
	sign, text := w.kind(j.Kind), j.Kind
	if j.Kind == release.KindStopped {
		sign = w.style.red("-")
	}
	if j.Note != "" {
		text += ": " + j.Note
	}
	w.line(2, "%s %s%s", sign, name, w.style.dim(", "+text))
	w.fields(6, j.Fields)
}

func (w *planWriter) values(list []release.ValueChange) {
	for _, v := range list {
		switch {
		case v.Sensitive:
			w.line(2, "%s %s%s", w.kind(v.Kind), w.style.bold(v.Name), w.style.dim(", "+v.Kind+"; it is sensitive"))
		case v.Kind == release.KindAdded:
			w.line(2, "%s %s = %s", w.kind(v.Kind), w.style.bold(v.Name), v.New)
		case v.Kind == release.KindRemoved:
			w.line(2, "%s %s = %s", w.kind(v.Kind), w.style.bold(v.Name), v.Old)
		default:
			w.line(2, "%s %s: %s → %s", w.kind(v.Kind), w.style.bold(v.Name), v.Old, v.New)
		}
	}
}

// side is one of the states for people.
func side(s release.Side) string {
	if s.Revision == 0 {
		return "what runs"
	}
	text := fmt.Sprintf("revision %d", s.Revision)
	if of := strings.TrimSpace(s.Pack + " " + s.PackVersion); of != "" {
		text += " (" + of + ", " + string(s.Outcome) + ")"
	}
	return text
}
