package view

import (
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/rogpeppe/go-internal/diff"

	"github.com/packctl/packctl/internal/release"
)

// drift shows what somebody changed since the last revision.
func (w *planWriter) drift(j release.JobPlan) {
	if len(j.Drift) == 0 {
		return
	}
	w.line(6, "%s", w.style.yellow("changed by hand since the last revision:"))
	w.fields(10, j.Drift)
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

func (w *planWriter) kind(k string) string {
	switch k {
	case "added":
		return w.style.green("+")
	case "removed":
		return w.style.red("-")
	}
	return w.style.yellow("~")
}
