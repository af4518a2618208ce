package eval

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// local is one entry of a locals block.
type local struct {
	name      string
	expr      hclsyntax.Expression
	at        hcl.Range
	value     cty.Value
	sensitive *vars.Variable // the variable that makes it sensitive
	state     int            // 0 not begun, 1 on the way, 2 done
}

// locals evaluates the entries of some locals blocks in the order in which they need each other, and sets the scope's
// `local`. Entries that the scope already has are evaluated ones.
func (e *evaluator) locals(s *scope, blocks []*hclsyntax.Block) {
	var fresh []*local
	for _, b := range blocks {
		for _, a := range pack.Attributes(b.Body) {
			if prev, twice := s.locals[a.Name]; twice {
				e.diags.Add("duplicate-local", a.NameRange, "Duplicate local", "local.%s is already defined at %s.", a.Name, place(prev.at))
				continue
			}
			l := &local{name: a.Name, expr: a.Expr, at: a.NameRange, value: cty.DynamicVal}
			s.locals[a.Name] = l
			fresh = append(fresh, l)
		}
	}
	values := map[string]cty.Value{}
	for name, l := range s.locals {
		values[name] = l.value
	}
	s.ctx.Variables["local"] = cty.ObjectVal(values)
	for _, l := range fresh {
		e.local(s, l, values, nil)
	}
	s.ctx.Variables["local"] = cty.ObjectVal(values)
}

// need is a local that is on the way, and where it reads the next one.
type need struct {
	*local
	reads hcl.Range
}

// local evaluates an entry after those that it needs; path are those that wait for it.
func (e *evaluator) local(s *scope, l *local, values map[string]cty.Value, path []need) {
	if l.state == 2 {
		return
	}
	l.state = 1
	var told []*local
	for _, t := range l.expr.Variables() {
		if t.RootName() != "local" {
			continue
		}
		name, at, ok := second(t)
		if !ok {
			e.diags.Add("local-of-locals", t.SourceRange(), "Local reads all locals", "A local may read single locals, as in local.name, not all of them.")
			continue
		}
		needed, known := s.locals[name]
		if known && needed.state == 1 {
			if !slices.Contains(told, needed) {
				told = append(told, needed)
				e.localCycle(append(slices.Clone(path), need{l, at}), needed)
			}
			continue
		}
		if known {
			e.local(s, needed, values, append(path, need{l, at}))
		}
	}
	// Each local sees the ones before it; the object is small next to what its expression may be.
	s.ctx.Variables["local"] = cty.ObjectVal(values)
	before := len(e.diags)
	f := &fileEval{evaluator: e}
	r := f.classify(l.expr, s, true).at[l.expr]
	l.sensitive = r.sensitive
	l.state = 2
	if slices.ContainsFunc(e.diags[before:], func(d diag.Diagnostic) bool { return d.Severity == diag.Error }) {
		return
	}
	v, diags := e.budget.Value(l.expr, s.lenient())
	for _, d := range diag.FromHCL(diags) {
		if l.sensitive != nil {
			d.Detail = "The value cannot be computed; what went wrong is not shown, because variable " + quote(l.sensitive.Name) + " is sensitive."
		}
		e.diags = append(e.diags, d)
	}
	if !diags.HasErrors() {
		l.value = v
		values[l.name] = v
	}
}

// localCycle says a cycle as the whole path, at the place that closes it, with the place of each step.
func (e *evaluator) localCycle(path []need, first *local) {
	path = path[slices.IndexFunc(path, func(n need) bool { return n.local == first }):]
	var names strings.Builder
	for _, n := range path {
		names.WriteString("local." + n.name + " → ")
	}
	names.WriteString("local." + first.name)
	last := path[len(path)-1]
	if len(path) == 1 {
		e.diags.Add("local-cycle", last.reads, "Local needs itself", "%s: its value cannot be its own part. Read something else here.", names.String())
		return
	}
	e.diags.Add("local-cycle", last.reads, "Locals need each other",
		"%s: none of them can be computed before the others. Take one of these steps out.", names.String())
	for i, n := range path[:len(path)-1] {
		e.diags.Relate("local."+n.name+" needs local."+path[i+1].name+" here", n.reads)
	}
}
