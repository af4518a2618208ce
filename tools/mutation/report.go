package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// goal is the part, in percent, that must be reported at the mutated line.
const goal = 99.0

// report is what became of all mutants.
type report struct {
	sites    int // that there are
	verdicts []verdict
}

// counts are the mutants of a kind by what became of them.
type counts struct{ unchanged, free, line, elsewhere, survived int }

func (c counts) real() int { return c.line + c.elsewhere + c.survived }

// share is the part of the changed or broken mutants that is reported at its line, in percent.
func (c counts) share() float64 {
	if c.real() == 0 {
		return 100
	}
	return 100 * float64(c.line) / float64(c.real())
}

func (c *counts) add(v verdict) {
	switch {
	case v.class == unchanged:
		c.unchanged++
	case v.class == free:
		c.free++
	case v.class == survived:
		c.survived++
	case v.line:
		c.line++
	default:
		c.elsewhere++
	}
}

func (r report) count() (total counts, by map[kind]counts) {
	by = map[kind]counts{}
	for _, v := range r.verdicts {
		c := by[v.kind]
		c.add(v)
		by[v.kind] = c
		total.add(v)
	}
	return total, by
}

// print shows the counts and every mutant that was not reported at its line, and says whether the goal is reached.
func (r report) print(w io.Writer, withFree bool) bool {
	total, by := r.count()
	line := func(name string, c counts) {
		fmt.Fprintf(w, "%-20s %6d %10d %6d %10d %10d %10d   %5.1f %%\n", name, c.real()+c.unchanged+c.free, c.unchanged, c.free, c.line, c.elsewhere, c.survived, c.share())
	}
	fmt.Fprintf(w, "%-20s %6s %10s %6s %10s %10s %10s   %s\n", "", "all", "no effect", "free", "at line", "elsewhere", "survived", "reported at the line")
	for _, k := range kinds() {
		line(string(k), by[k])
	}
	line("total", total)
	fmt.Fprintf(w, "of %d characters that there are\n", r.sites)
	r.list(w, "survived", func(v verdict) bool { return v.class == survived })
	r.list(w, "reported, but not at the mutated line", func(v verdict) bool { return v.class == reported && !v.line })
	if withFree {
		r.list(w, "free", func(v verdict) bool { return v.class == free })
	}
	return total.share() >= goal
}

func (r report) list(w io.Writer, title string, which func(verdict) bool) {
	var out []verdict
	for _, v := range r.verdicts {
		if which(v) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b verdict) int {
		return cmp.Or(cmp.Compare(a.pack.name, b.pack.name), cmp.Compare(a.file, b.file), cmp.Compare(a.at, b.at))
	})
	if len(out) > 0 {
		fmt.Fprintf(w, "\n%s:\n", title)
	}
	for _, v := range out {
		fmt.Fprintf(w, "packs/%s/%s:%d: %s: %s\n    %s\n", v.pack.name, v.file, v.mutant.line, v.kind, v.what, v.why)
		if v.reason != "" {
			fmt.Fprintf(w, "    reason: %s\n", v.reason)
		}
	}
}
