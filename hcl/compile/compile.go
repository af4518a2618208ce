// Package compile puts the language's pipeline together, in one place for everybody who runs it:
//
//	Pack → Values → static HCL → api.Jobs → Stack → checks
//
// In: a pack as it was loaded, what gives its variables values, the release's identity. Out: all that the steps made, as far
// as there were no errors, and the diagnostics of all of them, sorted. Sidecars must not import it.
package compile

import (
	"maps"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/check"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

// Compiled is a pack after the whole pipeline. With errors in Diags, what comes after them is nil.
type Compiled struct {
	Pack     *pack.Pack
	Values   *vars.Values // also with errors; what is missing or wrong is unknown
	Resolved bool         // the pack could be read and every variable has its value
	Release  eval.Release
	Result   *eval.Result
	Jobs     []*api.Job   // what Nomad's parser makes of the rendered files
	Stack    *stack.Stack // nil also when a check found an error
	Diags    diag.Diagnostics
	Sources  map[string][]byte // the files in which something may be wrong, by the name that ranges use
}

// Compile runs the pipeline. Its steps run in groups: a group runs to its end, so that everything it finds is told at once,
// and the next one runs only on what has no errors, so that nobody reads about faults that follow from others. loading is
// what pack.Load found, which is in the first group.
func Compile(p *pack.Pack, loading diag.Diagnostics, in vars.Inputs, rel eval.Release, opts eval.Options) *Compiled {
	c := &Compiled{Pack: p, Release: rel, Sources: maps.Clone(p.Sources)}
	values, found := vars.Resolve(p, in)
	c.Values = values
	maps.Copy(c.Sources, values.Sources)
	diags := slices.Concat(loading, found)
	if diags.HasErrors() {
		return c.with(diags, nil)
	}
	c.Resolved = true

	result, found := eval.Evaluate(p, values, rel, opts)
	maps.Copy(c.Sources, result.Texts)
	jobs, parsed := jobspec.Parse(result)
	diags = append(diags, found...)
	diags = append(diags, elsewhere(parsed, found)...)
	if diags.HasErrors() {
		return c.with(diags, result)
	}

	c.Result, c.Jobs = result, jobs
	s, found := stack.Assemble(result, jobs)
	diags = append(diags, found...)
	diags = append(diags, check.Check(s)...)
	if !diags.HasErrors() {
		c.Stack = s
	}
	return c.with(diags, result)
}

// elsewhere drops what Nomad's parser finds in files that could not be evaluated, or that call what could not: it follows
// from that.
func elsewhere(parsed, evaluated diag.Diagnostics) diag.Diagnostics {
	return slices.DeleteFunc(parsed, func(d diag.Diagnostic) bool {
		return slices.ContainsFunc(evaluated, func(e diag.Diagnostic) bool {
			return e.Severity == diag.Error && (e.Subject.Filename == d.Subject.Filename ||
				slices.ContainsFunc(e.Related, func(r diag.Related) bool { return r.Range.Filename == d.Subject.Filename }))
		})
	})
}

// with ends the pipeline: what the author silenced is left out, the rest is put in order, and each learns of the values
// that have a part in it, as far as there are values: result may be nil.
func (c *Compiled) with(diags diag.Diagnostics, result *eval.Result) *Compiled {
	c.Diags = check.Ignore(diags, c.Sources)
	c.Diags.Sort()
	if result != nil {
		result.Involve(c.Diags)
	}
	return c
}
