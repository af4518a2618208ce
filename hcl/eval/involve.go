package eval

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/vars"
)

// maxInvolved is how many values a diagnostic names.
const maxInvolved = 5

// Involve tells each diagnostic that stands in an expression which values that expression reads, and where each came from.
// A local brings the variables that it reads itself. One that names its values already is left alone.
func (r *Result) Involve(diags diag.Diagnostics) {
	for i := range diags {
		d := &diags[i]
		if d.Values != nil || !d.HasPlace() {
			continue
		}
		at := d.Subject
		in, known := r.read[at.Filename]
		for i := 0; i < len(d.Related) && !known; i++ {
			at = d.Related[i].Range // a fault in a template has the values of the call
			in, known = r.read[at.Filename]
		}
		if !known {
			continue
		}
		if e := expressionAt(in.body, at.Start.Byte); e != nil {
			v := involved{scope: in.scope, values: r.values}
			v.expr(e, at)
			d.Values = v.texts
		}
	}
}

// readFile is a file of the pack with what its expressions can read.
type readFile struct {
	body  *hclsyntax.Body
	scope *scope
}

// remember keeps what Involve needs of a file.
func (e *evaluator) remember(name string, body *hclsyntax.Body, s *scope) {
	e.result.read[name] = readFile{body, s}
}

// expressionAt is the expression of the attribute around a byte, or nil.
func expressionAt(body *hclsyntax.Body, at int) hclsyntax.Expression {
	around := func(r hcl.Range) bool { return r.Start.Byte <= at && at < r.End.Byte }
	for _, a := range body.Attributes {
		if around(a.SrcRange) {
			return a.Expr
		}
	}
	for _, b := range body.Blocks {
		if around(b.Range()) {
			return expressionAt(b.Body, at)
		}
	}
	return nil
}

// involved collects values with their origins, in the order in which an expression reads them.
type involved struct {
	scope  *scope
	values *vars.Values
	texts  []string
	seen   []string
}

// expr takes what an expression reads inside a range; where nothing of it is inside, all that it reads.
func (v *involved) expr(e hclsyntax.Expression, within hcl.Range) {
	all := e.Variables()
	inside := slices.DeleteFunc(slices.Clone(all), func(t hcl.Traversal) bool { return !within.Overlaps(t.SourceRange()) })
	if len(inside) == 0 {
		inside = all
	}
	for _, t := range inside {
		v.traversal(t)
	}
}

func (v *involved) traversal(t hcl.Traversal) {
	name, _, ok := second(t)
	key := t.RootName() + "." + name
	if !ok || len(v.texts) == maxInvolved || slices.Contains(v.seen, key) {
		return
	}
	v.seen = append(v.seen, key)
	switch t.RootName() {
	case "var":
		declared := v.scope.vars[name]
		for _, x := range v.values.List {
			if x.Variable == declared {
				v.texts = append(v.texts, x.Involved())
			}
		}
	case "local":
		l := v.scope.locals[name]
		if l == nil {
			return
		}
		text := vars.Brief(l.value)
		if l.sensitive != nil {
			text = redacted
		}
		v.texts = append(v.texts, key+" as "+text+", from "+place(l.at))
		for _, inner := range l.expr.Variables() {
			v.traversal(inner)
		}
	case "release", "pack":
		if root, ok := v.scope.root(t.RootName()); ok && root.Type().HasAttribute(name) {
			v.texts = append(v.texts, key+" as "+vars.Brief(root.GetAttr(name)))
		}
	}
}

// root is a value at the root of the pack's scope.
func (s *scope) root(name string) (cty.Value, bool) {
	for ctx := s.ctx; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[name]; ok {
			return v, true
		}
	}
	return cty.NilVal, false
}
