package view

import (
	"cmp"
	"fmt"
	"time"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/packtest"
)

// Tests is what became of the tests of some packs.
type Tests struct {
	Packs   []PackTests
	Elapsed time.Duration
}

// PackTests is what became of one pack's tests. Diagnosed is why its test files cannot be read; there are no runs then.
type PackTests struct {
	Pack      string // its folder, as people see it
	Runs      []TestRun
	Diagnosed Diagnosed
}

// TestRun is a run and how long it took.
type TestRun struct {
	packtest.Result
	Elapsed time.Duration
	Written []string // golden files that were written or removed
}

// Failed reports whether a run failed.
func (t TestRun) Failed() bool { return len(t.Failures) > 0 }

// Counts says how many runs passed and failed. A pack whose test files cannot be read counts as one that failed.
func (t Tests) Counts() (passed, failed int) {
	for _, p := range t.Packs {
		if p.Diagnosed.HasErrors() {
			failed++
		}
		for _, r := range p.Runs {
			if r.Failed() {
				failed++
			} else {
				passed++
			}
		}
	}
	return passed, failed
}

// asserts counts the assertions of all runs.
func (t Tests) asserts() int {
	n := 0
	for _, p := range t.Packs {
		for _, r := range p.Runs {
			n += r.Asserts
		}
	}
	return n
}

// Tested shows a line for each run on Out, what failed on Err below it, and how many there are.
func (h *Human) Tested(t Tests) {
	for _, p := range t.Packs {
		fmt.Fprintln(h.streams.Out, h.out.bold(p.Pack))
		h.failures(p.Diagnosed.Diags, p.Diagnosed.Sources)
		if len(p.Runs) == 0 && !p.Diagnosed.HasErrors() {
			fmt.Fprintf(h.streams.Out, "  no tests: they are run blocks in %s/%s/*.hcl\n", p.Pack, packtest.Folder)
		}
		for _, r := range p.Runs {
			mark := h.out.green("✓")
			if r.Failed() {
				mark = h.out.red("✗")
			}
			fmt.Fprintf(h.streams.Out, "  %s %s\n", mark, r.Run.ID())
			for _, name := range r.Written {
				fmt.Fprintf(h.streams.Out, "    %s\n", h.out.dim(name))
			}
			h.failures(r.Failures, r.Sources)
		}
	}
	passed, failed := t.Counts()
	line := h.out.green(fmt.Sprintf("%d passed", passed))
	if failed > 0 {
		line += ", " + h.out.red(fmt.Sprintf("%d failed", failed))
	}
	fmt.Fprintf(h.streams.Out, "%s; %s in %s\n", line, plural(t.asserts(), "assertion"), t.Elapsed.Round(time.Millisecond))
}

func (h *Human) failures(diags diag.Diagnostics, sources map[string][]byte) {
	w := diagnostics{style: h.err, width: h.streams.talkWidth(), sources: sources}
	for _, d := range diags {
		fmt.Fprintln(h.streams.Err, w.text(d))
	}
}

// Tested writes {"passed", "failed", "packs": [{"pack", "runs": [{"run", "file", "line", "outcome", …}]}]}.
func (j *JSON) Tested(t Tests) {
	type run struct {
		Run      string       `json:"run"`
		File     string       `json:"file"`
		Line     int          `json:"line"`
		Outcome  string       `json:"outcome"` // passed, failed
		Asserts  int          `json:"assertions"`
		Seconds  float64      `json:"elapsed_seconds"`
		Written  []string     `json:"written,omitempty"`
		Failures []Diagnostic `json:"failures"`
	}
	type tested struct {
		Pack        string       `json:"pack"`
		Runs        []run        `json:"runs"`
		Diagnostics []Diagnostic `json:"diagnostics"`
	}
	out := struct {
		Passed  int      `json:"passed"`
		Failed  int      `json:"failed"`
		Asserts int      `json:"assertions"`
		Seconds float64  `json:"elapsed_seconds"`
		Packs   []tested `json:"packs"`
	}{Asserts: t.asserts(), Seconds: t.Elapsed.Seconds(), Packs: []tested{}}
	out.Passed, out.Failed = t.Counts()
	for _, p := range t.Packs {
		n := tested{Pack: p.Pack, Runs: []run{}, Diagnostics: jsonDiagnostics(p.Diagnosed)}
		for _, r := range p.Runs {
			n.Runs = append(n.Runs, run{
				Run: r.Run.ID(), File: r.Run.Range.Filename, Line: r.Run.Range.Start.Line, Outcome: r.outcome(), Asserts: r.Asserts,
				Seconds: r.Elapsed.Seconds(), Written: r.Written, Failures: jsonDiagnostics(Diagnosed{Diags: r.Failures, Sources: r.Sources}),
			})
		}
		out.Packs = append(out.Packs, n)
	}
	value(j.streams.Out, out)
}

func (t TestRun) outcome() string {
	if t.Failed() {
		return "failed"
	}
	return "passed"
}

// place names the file and line of a diagnostic, or the run's where it has none.
func (t TestRun) place(d diag.Diagnostic) string {
	r := d.Subject
	if !d.HasPlace() {
		r = t.Run.Range
	}
	return fmt.Sprintf("%s:%d", r.Filename, cmp.Or(r.Start.Line, 1))
}
