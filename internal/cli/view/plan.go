package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/rogpeppe/go-internal/diff"

	"github.com/packctl/packctl/internal/release"
)

// Planned writes the plan as one object.
func (j *JSON) Planned(p *release.Plan) { value(j.streams.Out, p) }

// Planned writes what a run would do: + is what comes, ~ what changes, - what goes. Problems are the error that follows.
func (h *Human) Planned(p *release.Plan) {
	h.end()
	w := planWriter{style: h.out, width: math.MaxInt16}
	if h.streams.OutTTY {
		w.width, _ = h.streams.size()
	}
	w.plan(p)
	fmt.Fprint(h.streams.Out, w.b.String())
}

// planWriter draws a plan for people. Nothing is wider than width.
type planWriter struct {
	b     strings.Builder
	style style
	width int
}

func (w *planWriter) plan(p *release.Plan) {
	from := p.Pack
	if p.PackVersion != "" {
		from += " " + p.PackVersion
	}
	w.line(0, "Release %s of pack %s in namespace %s", w.style.bold(p.Release), from, p.Namespace)
	for i, wave := range p.Waves {
		w.wave(p, i+1, wave)
	}
	w.pruned(p)
	w.made(p)
	w.kept(p)
	w.line(0, "")
	w.line(0, "%s", w.summary(p))
}

// wave shows the jobs of a wave that change, and names the others.
func (w *planWriter) wave(p *release.Plan, number int, ids []string) {
	w.line(0, "")
	w.line(0, "%s", w.style.dim(fmt.Sprintf("wave %d", number)))
	var same []string
	planned := map[string]bool{}
	for _, j := range p.Jobs {
		if j.Wave != number {
			continue
		}
		planned[j.ID] = true
		if j.Action == release.ActionUnchanged {
			same = append(same, j.ID)
			continue
		}
		w.job(p, j)
	}
	if len(same) > 0 {
		w.line(4, "%s", w.style.dim("unchanged: "+strings.Join(same, ", ")))
	}
	var unknown []string
	for _, id := range ids {
		if !planned[id] {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		w.line(2, "%s %s", w.style.boldRed("!"), "not planned: "+strings.Join(unknown, ", "))
	}
}

func (w *planWriter) job(p *release.Plan, j release.JobPlan) {
	name := w.style.bold(j.ID)
	if j.Namespace != p.Namespace {
		name += " in namespace " + j.Namespace
	}
	w.line(2, "%s %s%s", w.sign(j.Action), name, w.style.dim(", "+actionText(j.Action)+" ("+j.File+")"))
	w.fields(6, j.Fields)
	for _, t := range j.Tiers {
		if t.Action != release.ActionUnchanged {
			w.line(6, "%s tier %s%s", w.sign(t.Action), w.style.bold(t.Name), tierText(t))
			w.fields(10, t.Fields)
		}
	}
}

func actionText(a release.Action) string {
	switch a {
	case release.ActionStart:
		return "started again"
	case release.ActionCreate:
		return "created"
	case release.ActionUpdate:
		return "changed, with new allocations"
	case release.ActionInPlace:
		return "changed in place"
	}
	return string(a)
}

// tierText says what becomes of a tier's instances.
func tierText(t release.TierPlan) string {
	if t.Action == release.ActionCreate {
		return ": " + plural(t.Count, "instance")
	}
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{{t.Canary, "as canary"}, {t.Replace, "replaced"}, {t.Migrate, "moved"}, {t.Place, "more"}, {t.Stop, "stopped"}, {t.InPlace, "changed in place"}} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if t.Action == release.ActionRemove {
		parts = append([]string{"removed"}, parts...)
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

func (w *planWriter) fields(indent int, list []release.FieldChange) {
	for _, f := range list {
		switch {
		case strings.Contains(f.Old, "\n") || strings.Contains(f.New, "\n"):
			w.line(indent, "%s %s", w.kind(f.Kind), f.Path)
			w.lines(indent+4, f.Old, f.New)
		case f.Kind == "added":
			w.line(indent, "%s %s%s%s", w.kind(f.Kind), f.Path, assigned(f.New), w.why(f))
		case f.Kind == "removed":
			w.line(indent, "%s %s%s", w.kind(f.Kind), f.Path, assigned(f.Old))
		default:
			w.line(indent, "%s %s: %s → %s%s", w.kind(f.Kind), f.Path, quoted(f.Old), quoted(f.New), w.why(f))
		}
	}
}

func (w *planWriter) why(f release.FieldChange) string {
	if f.Why == "" {
		return ""
	}
	return w.style.dim(" (" + f.Why + ")")
}

func assigned(s string) string {
	if s == "" {
		return ""
	}
	return " = " + quoted(s)
}

// quoted is a value as a job file has it: numbers, booleans and durations bare.
func quoted(s string) string {
	if _, err := strconv.ParseFloat(s, 64); err == nil || s == "true" || s == "false" {
		return s
	}
	return strconv.Quote(s)
}

// lines shows what differs between two texts of several lines, with a little around it.
func (w *planWriter) lines(indent int, old, now string) {
	text := string(diff.Diff("old", []byte(ended(old)), "new", []byte(ended(now))))
	for i, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if i < 3 || strings.HasPrefix(l, "@@") { // the names of the files
			continue
		}
		l = ansi.Truncate(ansi.Strip(strings.ReplaceAll(l, "\t", "  ")), w.width-indent, "…")
		switch {
		case strings.HasPrefix(l, "+"):
			l = w.style.green(l)
		case strings.HasPrefix(l, "-"):
			l = w.style.red(l)
		}
		w.b.WriteString(strings.Repeat(" ", indent) + l + "\n")
	}
}

func ended(s string) string {
	if s != "" && !strings.HasSuffix(s, "\n") {
		return s + "\n"
	}
	return s
}

func (w *planWriter) pruned(p *release.Plan) {
	first := true
	for _, j := range p.Jobs {
		if j.Action != release.ActionPrune {
			continue
		}
		if first {
			w.line(0, "")
			w.line(0, "%s", w.style.dim("stopped, because the pack no longer has them"))
			first = false
		}
		w.line(2, "%s %s", w.sign(j.Action), w.style.bold(j.ID))
	}
}

func (w *planWriter) made(p *release.Plan) {
	if len(p.Credentials)+len(p.Volumes) == 0 {
		return
	}
	w.line(0, "")
	w.line(0, "%s", w.style.dim("before that"))
	for _, c := range p.Credentials {
		what := map[string]string{"generate": "generated, to", "write": "written as it was given, to", "copy": "copied to"}[c.Action]
		w.line(2, "%s credential %s: %s %s", w.style.green("+"), w.style.bold(c.Name), what, strings.Join(c.At, ", "))
	}
	for _, v := range p.Volumes {
		w.line(2, "%s volume %s: made by %s", w.style.green("+"), w.style.bold(v.Name), v.Type)
	}
}

func (w *planWriter) kept(p *release.Plan) {
	if len(p.Kept) == 0 {
		return
	}
	w.line(0, "")
	w.line(0, "%s", w.style.dim("counts that stay as they are, because a scaling block owns them"))
	for _, k := range p.Kept {
		w.line(2, "= %s of %s stays at %d; the pack says %d", w.style.bold(k.Tier), k.Job, k.Kept, k.Pack)
	}
}

// summary counts the jobs.
func (w *planWriter) summary(p *release.Plan) string {
	var parts []string
	for _, c := range []struct {
		n    int
		what string
	}{
		{p.Count(release.ActionCreate), "to create"}, {p.Count(release.ActionStart), "to start again"},
		{p.Count(release.ActionUpdate), "to change with new allocations"}, {p.Count(release.ActionInPlace), "to change in place"},
		{p.Count(release.ActionPrune), "to stop"}, {p.Count(release.ActionUnchanged), "unchanged"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	text := "Jobs: " + strings.Join(parts, ", ") + "."
	if !p.Changes && len(p.Problems) == 0 {
		return w.style.green("Nothing to change.") + " " + text
	}
	return text
}

func (w *planWriter) sign(a release.Action) string {
	switch a {
	case release.ActionCreate, release.ActionStart:
		return w.style.green("+")
	case release.ActionPrune, release.ActionRemove:
		return w.style.red("-")
	}
	return w.style.yellow("~")
}

func (w *planWriter) kind(k string) string {
	switch k {
	case "added":
		return w.style.green("+")
	case "removed":
		return w.style.red("-")
	}
	return w.style.yellow("~")
}

// line writes a line; what does not fit goes on below, two cells further in.
func (w *planWriter) line(indent int, format string, args ...any) {
	w.b.WriteString(strings.Repeat(" ", indent) + hang(fmt.Sprintf(format, args...), indent+2, w.width, "\n"))
}
