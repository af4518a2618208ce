// Package diag holds what is wrong with a pack, at the place in the author's file.
//
// In: a place, what is wrong, the way out. Out: a Diagnostic; many of them sort the same way each time. It prints nothing
// (internal/cli/view does) and imports nothing of this module.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Severity says whether a diagnostic stops the run.
type Severity int

// The severities.
const (
	Error Severity = iota
	Warning
)

// String is the severity as it is shown.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one fault of a pack. Summary is constant for an ID; Detail has the real names and the way out.
type Diagnostic struct {
	ID       string // stable, lower case with hyphens: what packctl:ignore names
	Severity Severity
	Summary  string
	Detail   string
	Subject  hcl.Range // the zero Range where there is no file, as for a -var
	Related  []Related

	// Values are those that have a part in it, each with where it came from: `var.env as "prod", from env/prod.hcl:3`.
	// Sensitive ones are not shown.
	Values []string

	// Hidden forbids to show the source line: it may hold a sensitive value.
	Hidden bool
}

// Related is another place that a diagnostic is about.
type Related struct {
	Text  string
	Range hcl.Range
}

// HasPlace reports whether the diagnostic points into a file.
func (d Diagnostic) HasPlace() bool { return d.Subject.Filename != "" }

// Error is the diagnostic on one line, so that it can travel as an error where it must.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if d.HasPlace() {
		fmt.Fprintf(&b, "%s:%d,%d: ", d.Subject.Filename, d.Subject.Start.Line, d.Subject.Start.Column)
	}
	b.WriteString(d.Summary)
	if d.Detail != "" {
		b.WriteString("; " + d.Detail)
	}
	return b.String()
}

// Diagnostics is any number of them.
type Diagnostics []Diagnostic

// HasErrors reports whether one of them is an error.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// Error joins all of them, a line each.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort orders by file, place, ID and text, and drops exact repetitions. The order depends on nothing but the content.
func (ds *Diagnostics) Sort() {
	slices.SortStableFunc(*ds, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Subject.Filename, b.Subject.Filename),
			cmp.Compare(a.Subject.Start.Line, b.Subject.Start.Line),
			cmp.Compare(a.Subject.Start.Column, b.Subject.Start.Column),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.ID, b.ID),
			cmp.Compare(a.Detail, b.Detail),
		)
	})
	*ds = slices.CompactFunc(*ds, func(a, b Diagnostic) bool {
		return a.ID == b.ID && a.Subject == b.Subject && a.Detail == b.Detail
	})
}

// Add appends one error.
func (ds *Diagnostics) Add(id string, at hcl.Range, summary, detail string, args ...any) {
	*ds = append(*ds, New(id, at, summary, detail, args...))
}

// Relate adds another place to the last diagnostic.
func (ds *Diagnostics) Relate(text string, at hcl.Range) {
	last := &(*ds)[len(*ds)-1]
	last.Related = append(last.Related, Related{Text: text, Range: at})
}

// New makes an error. With args, detail is a format.
func New(id string, at hcl.Range, summary, detail string, args ...any) Diagnostic {
	if len(args) > 0 {
		detail = fmt.Sprintf(detail, args...)
	}
	return Diagnostic{ID: id, Summary: summary, Detail: detail, Subject: at}
}

// FromHCL takes over what the HCL library found. Its summaries are constant, so they make the IDs. What a function found in a
// file of its own, as templatefile does, stands there, and the call is a related place.
func FromHCL(in hcl.Diagnostics) Diagnostics {
	var out Diagnostics
	for _, d := range in {
		n := fromHCL(d)
		if inner := inCall(d); len(inner) > 0 {
			for i := range inner {
				inner[i].Related = append(inner[i].Related, Related{Text: "called here", Range: n.Subject})
			}
			out = append(out, inner...)
			continue
		}
		out = append(out, n)
	}
	return out
}

func fromHCL(d *hcl.Diagnostic) Diagnostic {
	n := Diagnostic{ID: Slug(d.Summary), Summary: d.Summary, Detail: d.Detail}
	if d.Severity == hcl.DiagWarning {
		n.Severity = Warning
	}
	switch {
	case d.Subject != nil:
		n.Subject = *d.Subject
	case d.Context != nil:
		n.Subject = *d.Context
	}
	return n
}

// inCall is what the function whose call failed found in a file; nil where it failed otherwise.
func inCall(d *hcl.Diagnostic) Diagnostics {
	extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok {
		return nil
	}
	var found hcl.Diagnostics
	if !errors.As(extra.FunctionCallError(), &found) {
		return nil
	}
	found = slices.DeleteFunc(slices.Clone(found), func(d *hcl.Diagnostic) bool { return d.Subject == nil || d.Subject.Filename == "" })
	return FromHCL(found)
}

// Slug turns a constant summary into an ID.
func Slug(summary string) string {
	fields := strings.FieldsFunc(strings.ToLower(summary), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return strings.Join(fields, "-")
}
