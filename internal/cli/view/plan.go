package view

import (
	"bufio"
	"fmt"
	"math"
	"strings"

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

// Approve is never asked: programs approve beforehand.
func (j *JSON) Approve(*release.Plan) bool { return false }

// Approve shows the plan and what of it must be approved, and waits for a line. Only "yes" is yes.
func (h *Human) Approve(p *release.Plan) bool {
	h.end()
	w := planWriter{style: h.err}
	w.width, _ = h.streams.size()
	w.plan(p)
	fmt.Fprintf(h.streams.Err, "\n%s\n%s ", w.b.String(), h.err.bold("Go on? Only yes goes on:"))
	line, err := bufio.NewReader(h.streams.In).ReadString('\n')
	if err != nil {
		fmt.Fprintln(h.streams.Err)
	}
	return strings.TrimSpace(line) == "yes"
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
	w.once(p)
	w.kept(p)
	w.approvals(p)
	w.line(0, "")
	w.line(0, "%s", w.summary(p))
}

// approvals says what a run asks about.
func (w *planWriter) approvals(p *release.Plan) {
	if len(p.Approvals) == 0 {
		return
	}
	w.line(0, "")
	w.line(0, "%s", w.style.dim("a run asks before it does this (-auto-approve says yes)"))
	for _, a := range p.Approvals {
		w.line(2, "%s it %s", w.style.boldRed("!"), a.Text)
	}
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
			if len(j.Drift) > 0 {
				w.line(2, "= %s%s", w.style.bold(j.ID), w.style.dim(", as the pack has it ("+j.File+")"))
				w.drift(j)
			}
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
	if j.Adopts != "" {
		w.line(6, "%s it %s, and is taken over", w.style.boldRed("!"), j.Adopts)
	}
	w.drift(j)
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

// once shows what runs for a moment, in its order.
func (w *planWriter) once(p *release.Plan) {
	if len(p.Hooks)+len(p.Migrations) == 0 {
		return
	}
	w.line(0, "")
	w.line(0, "%s", w.style.dim("hooks and migrations, in the order in which they run"))
	hooks := func(before bool) {
		for _, h := range p.Hooks {
			if strings.HasPrefix(string(h.Event), "pre-") == before {
				w.line(2, "> %s: hook %s, job %s", h.Event, w.style.bold(h.Name), h.Job)
			}
		}
	}
	hooks(true)
	for _, m := range p.Migrations {
		how := "job " + m.As + ", before anything is changed"
		if m.Later != "" {
			how = "when its new instances start: " + m.Later
		}
		w.line(2, "> migration %s of tier %s of %s: %s", w.style.bold(m.Name), m.Tier, m.Job, how)
	}
	hooks(false)
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

// line writes a line; what does not fit goes on below, two cells further in.
func (w *planWriter) line(indent int, format string, args ...any) {
	w.b.WriteString(strings.Repeat(" ", indent) + hang(fmt.Sprintf(format, args...), indent+2, w.width, "\n"))
}
