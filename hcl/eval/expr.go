package eval

import (
	"bytes"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/diag"
)

func itoa(n int) string { return strconv.Itoa(n) }

// expr gives the edits that make one expression static: each maximal part that reads only the pack's scope becomes a
// literal, all else stays.
func (f *fileEval) expr(e hclsyntax.Expression, at slot, sc *scope) []edit {
	before := len(f.diags)
	c := f.classify(e, sc, false)
	if r := c.at[e]; !f.diags[before:].HasErrors() && (!r.pack || !r.alone()) { // else it is evaluated in whole
		f.afford(e, sc)
	}
	if !c.at[e].pack || f.diags[before:].HasErrors() {
		return nil
	}
	x := &exprEval{fileEval: f, scope: sc, at: c.at, room: f.file.room(e.Range().End.Byte)}
	edits, failed := x.edits(e, at)
	f.diags = append(f.diags, diag.FromHCL(failed)...)
	return edits
}

func (f *fileEval) classify(e hclsyntax.Expression, sc *scope, secretOK bool) *classifier {
	c := &classifier{scope: sc, at: map[hclsyntax.Node]reads{}, diags: &f.diags, functions: f.names, secretOK: secretOK}
	c.expr(e)
	return c
}

type exprEval struct {
	*fileEval
	scope *scope
	at    map[hclsyntax.Node]reads
	room  bool // a heredoc may stand in place of the whole expression
}

// edits makes one part static. When it fails, the diagnostics say why, and the caller may still succeed with a larger
// part: a branch that is not taken, or an argument of try, need not be evaluated.
func (x *exprEval) edits(e hclsyntax.Expression, at slot) ([]edit, hcl.Diagnostics) {
	r := x.at[e]
	if !r.pack {
		return nil, nil
	}
	switch e := e.(type) {
	case *hclsyntax.ObjectConsExpr, *hclsyntax.TupleConsExpr, *hclsyntax.TemplateJoinExpr, *hclsyntax.ObjectConsKeyExpr:
		return x.inside(e, at)
	case *hclsyntax.TemplateExpr:
		return x.inside(e, at)
	case *hclsyntax.TemplateWrapExpr:
		if !x.quoted(e) {
			return x.inside(e, at)
		}
	case *hclsyntax.ConditionalExpr:
		if x.directive(e.SrcRange) {
			return x.inside(e, at)
		}
	case *hclsyntax.ForExpr:
		if x.directive(e.SrcRange) {
			return x.inside(e, at)
		}
	case *hclsyntax.SplatExpr:
		r.whole = x.at[e.Each].pack
	}
	if r.alone() {
		return x.literal(e, at, x.scope.ctx)
	}
	if r.whole {
		if r.bound != 0 {
			return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Function of the pack on a loop variable",
				Detail:  "This function reads the pack's files, so its arguments must be known before deployment.",
				Subject: e.Range().Ptr()}}
		}
		return x.literal(e, at, x.scope.lenient())
	}
	return x.inside(e, at)
}

// inside edits the parts of an expression, and falls back to the whole of it.
func (x *exprEval) inside(e hclsyntax.Expression, at slot) ([]edit, hcl.Diagnostics) {
	var out []edit
	var failed hcl.Diagnostics
	for _, p := range x.parts(e) {
		var edits []edit
		var diags hcl.Diagnostics
		if p.template {
			edits, diags = x.interpolation(p.expr)
		} else {
			edits, diags = x.edits(p.expr, p.slot)
		}
		out = append(out, edits...)
		failed = append(failed, diags...)
	}
	if !failed.HasErrors() {
		return out, nil
	}
	if x.budget.Spent() || !x.replaceable(e, at) {
		return nil, failed
	}
	whole, diags := x.literal(e, at, x.scope.lenient())
	if diags.HasErrors() {
		return nil, failed
	}
	return whole, nil
}

type part struct {
	expr     hclsyntax.Expression
	slot     slot
	template bool // a part of a template
}

// parts are the children of an expression with the slots that they stand in.
func (x *exprEval) parts(e hclsyntax.Expression) []part {
	in := slotElement
	switch e := e.(type) {
	case *hclsyntax.TemplateExpr:
		out := make([]part, len(e.Parts))
		for i, p := range e.Parts {
			out[i] = part{expr: p, template: true}
		}
		return out
	case *hclsyntax.TemplateWrapExpr:
		in = slotTemplate
	case *hclsyntax.ObjectConsExpr:
		var out []part
		for _, item := range e.Items {
			out = append(out, part{expr: item.KeyExpr, slot: slotKey}, part{expr: item.ValueExpr, slot: slotElement})
		}
		return out
	case *hclsyntax.ObjectConsKeyExpr:
		in = slotKey
	case *hclsyntax.TemplateJoinExpr:
		in = slotBranch
	case *hclsyntax.ConditionalExpr:
		if x.directive(e.SrcRange) {
			return []part{{expr: e.Condition, slot: slotOperand}, {expr: e.TrueResult, slot: slotBranch}, {expr: e.FalseResult, slot: slotBranch}}
		}
		in = slotOperand
	case *hclsyntax.ForExpr:
		out := []part{{expr: e.CollExpr, slot: slotOperand}}
		inner := slotOperand
		if x.directive(e.SrcRange) {
			inner = slotBranch
		}
		for _, p := range []hclsyntax.Expression{e.KeyExpr, e.ValExpr, e.CondExpr} {
			if p != nil {
				out = append(out, part{expr: p, slot: inner})
			}
		}
		return out
	case *hclsyntax.SplatExpr:
		return []part{{expr: e.Source, slot: slotOperand}} // what follows the splat reads an element, which has no name
	case *hclsyntax.BinaryOpExpr, *hclsyntax.UnaryOpExpr, *hclsyntax.IndexExpr, *hclsyntax.RelativeTraversalExpr:
		in = slotOperand
	}
	var out []part
	for _, c := range children(e) {
		out = append(out, part{expr: c, slot: in})
	}
	return out
}

func (x *exprEval) quoted(e *hclsyntax.TemplateWrapExpr) bool {
	return bytes.HasPrefix(x.file.src[e.SrcRange.Start.Byte:], []byte(`"`))
}

// directive reports whether an expression is a %{ if } or %{ for } of a template.
func (x *exprEval) directive(r hcl.Range) bool {
	return bytes.HasPrefix(x.file.src[r.Start.Byte:], []byte("%{"))
}

// replaceable reports whether a literal may stand in place of the whole of an expression.
func (x *exprEval) replaceable(e hclsyntax.Expression, at slot) bool {
	if x.at[e].bound != 0 || at == slotBranch {
		return false
	}
	switch e := e.(type) {
	case *hclsyntax.ConditionalExpr:
		return !x.directive(e.SrcRange)
	case *hclsyntax.ForExpr:
		return !x.directive(e.SrcRange)
	case *hclsyntax.TemplateJoinExpr, *hclsyntax.ObjectConsKeyExpr:
		return false
	}
	return true
}

// literal evaluates an expression and puts its value in its place.
func (x *exprEval) literal(e hclsyntax.Expression, at slot, ctx *hcl.EvalContext) ([]edit, hcl.Diagnostics) {
	v, diags := x.budget.Value(e, ctx)
	if diags.HasErrors() {
		return nil, diags
	}
	if !v.IsWhollyKnown() {
		return nil, nil // something else is wrong and has been said
	}
	if at == slotKey {
		s, err := convert.Convert(v, cty.String)
		if err != nil || s.IsNull() {
			return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Invalid object key", Detail: "A key must be a text.", Subject: e.Range().Ptr()}}
		}
		v = s
	}
	r := e.Range()
	text, err := literal(v, at, x.room)
	if err != nil {
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Value cannot be written as HCL", Detail: "The value cannot be written into the rendered job: " + err.Error() + ".", Subject: r.Ptr()}}
	}
	end := r.End.Byte
	// A heredoc's range takes in the line's end; the literal must leave it to the next line.
	if end > r.Start.Byte && end <= len(x.file.src) && x.file.src[end-1] == '\n' {
		end--
	}
	return []edit{replace(r.Start.Byte, end, text)}, nil
}

// interpolation edits one part of a template.
func (x *exprEval) interpolation(e hclsyntax.Expression) ([]edit, hcl.Diagnostics) {
	r := x.at[e]
	if !r.pack {
		return nil, nil
	}
	rng := e.Range()
	if x.directive(rng) {
		return x.edits(e, slotBranch)
	}
	in, ok := x.file.interp(rng)
	if !ok || !r.alone() {
		return x.edits(e, slotTemplate)
	}
	v, diags := x.budget.Value(e, x.scope.ctx)
	if diags.HasErrors() {
		return nil, diags
	}
	if !v.IsWhollyKnown() {
		return nil, nil
	}
	s, err := convert.Convert(v, cty.String)
	if err != nil || s.IsNull() {
		detail := "null cannot stand in a text."
		if err != nil {
			detail = "This cannot stand in a text: " + err.Error() + "."
		}
		return nil, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Invalid template interpolation value", Detail: detail, Subject: rng.Ptr()}}
	}
	text := s.AsString()
	switch {
	case in.trims:
		return []edit{replace(in.open, in.close, " "+quote(text)+" ")}, nil
	case inlineable(text):
		return []edit{replace(in.start, in.end, text)}, nil
	default:
		return []edit{replace(in.start, in.end, "${"+quote(text)+"}")}, nil
	}
}
