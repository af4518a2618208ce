// Package jobspec turns rendered job files into api.Jobs with Nomad's own parser.
//
// In: an eval.Result. Out: one api.Job a file, in the same order, and what the parser found wrong, at the place in the
// author's file. It adds no meaning of its own; only this package may import Nomad's decoder.
package jobspec

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/nomad/api"
	"github.com/hashicorp/nomad/jobspec2"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
)

// Parse gives the job of each file; nil where there is an error.
func Parse(r *eval.Result) ([]*api.Job, diag.Diagnostics) {
	jobs := make([]*api.Job, len(r.Files))
	found := make([]diag.Diagnostics, len(r.Files)+len(r.Removed))
	pack.Each(len(found), func(i int) {
		if i < len(r.Files) {
			jobs[i], found[i] = parse(&r.Files[i])
			return
		}
		x := r.Removed[i-len(r.Files)]
		_, found[i] = parse(&eval.File{Name: x.Name, Source: x.Source, Map: x.Map})
		found[i] = slices.DeleteFunc(found[i], func(d diag.Diagnostic) bool {
			return !structural(d.ID) || !slices.ContainsFunc(x.Ranges, func(r hcl.Range) bool { return contains(r, d.Subject) })
		})
	})
	diags := slices.Concat(found...)
	diags.Sort()
	return jobs, diags
}

// structural reports whether a fault is one of form, which does not depend on values: of a block that is switched off
// nothing else is known to be wrong.
func structural(id string) bool {
	return id == "unsupported-argument" || id == "unsupported-block-type" || id == "missing-required-argument" ||
		strings.HasPrefix(id, "extraneous-label") || strings.HasPrefix(id, "missing-name")
}

func contains(outer, inner hcl.Range) bool {
	return outer.Filename == inner.Filename && outer.Start.Byte <= inner.Start.Byte && inner.End.Byte <= outer.End.Byte
}

// marker is the path under which the parser knows a file. It cannot occur in a job, so ranges in the parser's plain
// text errors can be found.
const marker = "\x01rendered\x01"

func parse(f *eval.File) (job *api.Job, diags diag.Diagnostics) {
	// Some driver configurations make the parser panic; that is the pack's fault, and must not end packctl.
	defer func() {
		if p := recover(); p != nil {
			job = nil
			diags = diag.Diagnostics{diag.New("parser-panic", f.Map.Range(1, 1, 1, 1), "Nomad's parser gave up",
				"Nomad's own parser panics on this file (%v); a convert() in a config block is the usual cause.", p)}
		}
	}()
	job, err := jobspec2.ParseWithConfig(&jobspec2.ParseConfig{Path: marker, BaseDir: ".", Body: f.Source, Strict: true})
	if err != nil {
		return nil, explain(f, err)
	}
	return job, nil
}

// explain finds the diagnostics in an error of the parser: some are HCL's own, some are only text.
func explain(f *eval.File, err error) diag.Diagnostics {
	var found hcl.Diagnostics
	var out diag.Diagnostics
	if errors.As(err, &found) {
		for _, d := range diag.FromHCL(found) {
			if d.Subject.Filename == marker {
				s := d.Subject
				d.Subject = f.Map.Range(s.Start.Line, s.Start.Column, s.End.Line, s.End.Column)
			}
			d.Detail = rewrite(f, d.Detail)
			out = append(out, d)
		}
		return out
	}
	for _, m := range split(err.Error()) {
		out = append(out, fromText(f, m))
	}
	return out
}

var (
	start = regexp.MustCompile(`(?m)^(` + marker + `:\d+,\d+-(?:\d+,)?\d+|<nil>|` + marker + `): `)
	place = regexp.MustCompile(marker + `:(\d+),(\d+)-(?:(\d+),)?(\d+)`)
)

// split cuts the parser's text into its diagnostics. It joins them by newlines, and a detail may hold newlines itself,
// so each begins where a place does.
func split(text string) []string {
	at := start.FindAllStringIndex(text, -1)
	if len(at) == 0 {
		return []string{text}
	}
	var out []string
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		out = append(out, strings.TrimSpace(text[m[0]:end]))
	}
	return out
}

// fromText reads "PATH:l,c-c: Summary; Detail".
func fromText(f *eval.File, text string) diag.Diagnostic {
	d := diag.Diagnostic{Subject: f.Map.Range(1, 1, 1, 1)}
	if m := start.FindStringIndex(text); m != nil {
		if p := place.FindStringSubmatch(text[:m[1]]); p != nil {
			d.Subject = mapped(f, p)
		}
		text = text[m[1]:]
	}
	summary, detail, _ := strings.Cut(text, "; ")
	d.Summary, d.Detail = summary, rewrite(f, detail)
	d.ID = diag.Slug(summary)
	return d
}

func mapped(f *eval.File, p []string) hcl.Range {
	number := func(s string) int {
		n, _ := strconv.Atoi(s) // the expression lets only digits through
		return n
	}
	endLine := number(p[1])
	if p[3] != "" {
		endLine = number(p[3])
	}
	return f.Map.Range(number(p[1]), number(p[2]), endLine, number(p[4]))
}

// rewrite puts the author's places where a text names rendered ones.
func rewrite(f *eval.File, text string) string {
	text = place.ReplaceAllStringFunc(text, func(s string) string {
		r := mapped(f, place.FindStringSubmatch(s))
		return fmt.Sprintf("%s:%d,%d", r.Filename, r.Start.Line, r.Start.Column)
	})
	return strings.ReplaceAll(text, marker, f.Name)
}
