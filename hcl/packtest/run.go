package packtest

import (
	"maps"
	"slices"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/vars"
)

// Execute does one run: the pack with the run's values and nothing else, neither the environment nor -var. An error of the
// pack that was not expected fails it, and its assertions are not looked at then: what they say would follow from the error.
func (s *Suite) Execute(r *Run, compile Compile) Result {
	rel := eval.Release{Name: r.release, Namespace: r.namespace}
	if rel.Name == "" {
		rel.Name = s.Pack.Name
	}
	if rel.Namespace == "" {
		rel.Namespace = "default"
	}
	c := compile(vars.Inputs{Files: r.values}, rel)
	out := Result{Run: r, Sources: s.Sources}
	out.Failures = r.unexpected(c.Diags)
	if len(out.Failures) > 0 {
		out.Failures.Sort()
		return out
	}
	f := newFacts(s, c, rel)
	for _, a := range r.asserts {
		out.Asserts++
		out.Failures = append(out.Failures, f.assert(a)...)
	}
	if r.golden {
		goldens, failures := s.goldens(r, c)
		out.Goldens = goldens
		out.Failures = append(out.Failures, failures...)
	}
	out.Failures.Sort()
	return out
}

// unexpected compares the errors that came with those of expect_errors, each of which may come any number of times.
func (r *Run) unexpected(found diag.Diagnostics) diag.Diagnostics {
	var out diag.Diagnostics
	came := map[string]bool{}
	for _, d := range found {
		if d.Severity != diag.Error {
			continue
		}
		came[d.ID] = true
		if !slices.ContainsFunc(r.expected, func(e expectation) bool { return e.id == d.ID }) {
			out = append(out, d)
		}
	}
	ids := slices.Sorted(maps.Keys(came))
	for _, e := range r.expected {
		if !came[e.id] {
			out.Add("expected-error", e.at, "Expected error did not come", "%s",
				"The pack has no error "+e.id+" with the values of this run."+diag.DidYouMean(e.id, ids, "")+" Errors that came: "+diag.List(ids, "none")+".")
		}
	}
	return out
}
