package budget

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// meter is an expression that means the same and counts what it costs; the expression itself where nothing in it can
// cost much. The parts that it does not replace are shared with the original, which stays as it is.
func (b *Budget) meter(e hclsyntax.Expression) hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.ForExpr:
		c := *e
		c.CollExpr = &turns{Expression: b.meter(e.CollExpr), budget: b, at: e.SrcRange}
		c.ValExpr, c.CondExpr = b.meter(e.ValExpr), b.optional(e.CondExpr)
		if e.KeyExpr != nil {
			c.KeyExpr = &made{Expression: b.meter(e.KeyExpr), budget: b}
		}
		return &c
	case *hclsyntax.SplatExpr:
		c := *e
		c.Source, c.Each = &turns{Expression: b.meter(e.Source), budget: b, at: e.SrcRange}, b.meter(e.Each)
		return &c
	case *hclsyntax.FunctionCallExpr:
		c := *e
		c.Args = b.all(e.Args)
		if e.Name == "convert" && len(e.Args) == 2 {
			c.Args[1] = e.Args[1] // a type, which is read and not evaluated
		}
		return &call{Expression: e, call: &c, budget: b}
	case *hclsyntax.TemplateExpr:
		c := *e
		c.Parts = b.all(e.Parts)
		for i, p := range c.Parts {
			if l, ok := p.(*hclsyntax.LiteralValueExpr); !ok || l.Val.Type() != cty.String {
				c.Parts[i] = &made{Expression: p, budget: b}
			}
		}
		return &c
	case *hclsyntax.TemplateJoinExpr:
		return &hclsyntax.TemplateJoinExpr{Tuple: &made{Expression: b.meter(e.Tuple), budget: b}}
	case *hclsyntax.BinaryOpExpr:
		c := *e
		c.LHS, c.RHS = b.meter(e.LHS), b.meter(e.RHS)
		return &made{Expression: &c, budget: b}
	}
	return b.parts(e)
}

// parts is an expression that itself costs nothing, with its parts metered.
func (b *Budget) parts(e hclsyntax.Expression) hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		c := *e
		c.Expression = b.meter(e.Expression)
		return &c
	case *hclsyntax.TemplateWrapExpr:
		c := *e
		c.Wrapped = b.meter(e.Wrapped)
		return &c
	case *hclsyntax.ConditionalExpr:
		c := *e
		c.Condition, c.TrueResult, c.FalseResult = b.meter(e.Condition), b.meter(e.TrueResult), b.meter(e.FalseResult)
		return &c
	case *hclsyntax.IndexExpr:
		c := *e
		c.Collection, c.Key = b.meter(e.Collection), b.meter(e.Key)
		return &c
	case *hclsyntax.RelativeTraversalExpr:
		c := *e
		c.Source = b.meter(e.Source)
		return &c
	case *hclsyntax.UnaryOpExpr:
		c := *e
		c.Val = b.meter(e.Val)
		return &c
	case *hclsyntax.TupleConsExpr:
		c := *e
		c.Exprs = b.all(e.Exprs)
		return &c
	case *hclsyntax.ObjectConsExpr:
		c := *e
		c.Items = make([]hclsyntax.ObjectConsItem, len(e.Items))
		for i, item := range e.Items {
			c.Items[i] = hclsyntax.ObjectConsItem{KeyExpr: b.meter(item.KeyExpr), ValueExpr: b.meter(item.ValueExpr)}
		}
		return &c
	case *hclsyntax.ObjectConsKeyExpr:
		if !e.ForceNonLiteral && hcl.ExprAsKeyword(e.Wrapped) != "" {
			return e
		}
		c := *e
		c.Wrapped = &made{Expression: b.meter(e.Wrapped), budget: b}
		return &c
	}
	return e // a literal or a name
}

func (b *Budget) all(in []hclsyntax.Expression) []hclsyntax.Expression {
	out := make([]hclsyntax.Expression, len(in))
	for i, e := range in {
		out[i] = b.meter(e)
	}
	return out
}

func (b *Budget) optional(e hclsyntax.Expression) hclsyntax.Expression {
	if e == nil {
		return nil
	}
	return b.meter(e)
}

// turns is the collection of a loop: its elements are paid for before the loop begins.
type turns struct {
	hclsyntax.Expression
	budget *Budget
	at     hcl.Range
}

func (t *turns) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if t.budget.Spent() {
		return cty.DynamicVal, nil
	}
	v, diags := t.Expression.Value(ctx)
	bare, _ := v.Unmark()
	if n := elements(bare); !t.budget.Spend(n+1, t.at) {
		return cty.DynamicVal, nil
	}
	return v, diags
}

// made is a value that becomes part of a text, or the result of a calculation.
type made struct {
	hclsyntax.Expression
	budget *Budget
}

func (m *made) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if m.budget.Spent() {
		return cty.DynamicVal, nil
	}
	v, diags := m.Expression.Value(ctx)
	if !m.budget.made(v, m.Range()) {
		return cty.DynamicVal, nil
	}
	return v, diags
}

// call is a call of a function: what it reads and what it may make is paid for before it is called.
type call struct {
	hclsyntax.Expression
	call   *hclsyntax.FunctionCallExpr // with its arguments metered
	budget *Budget
}

func (c *call) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	f, known := lookup(ctx, c.call.Name)
	if !c.budget.spend(perCall, c.Range()) {
		return cty.DynamicVal, nil
	}
	if !known {
		return c.call.Value(ctx) // says so
	}
	ready := *c.call
	ready.Args = make([]hclsyntax.Expression, len(c.call.Args))
	values := make([]cty.Value, len(ready.Args))
	for i, arg := range c.call.Args {
		ready.Args[i], values[i] = arg, cty.DynamicVal
		if takesExpression(f, i) {
			continue // such as try, which evaluates its arguments itself
		}
		v, diags := arg.Value(ctx)
		if !c.budget.size(v, arg.Range()) {
			return cty.DynamicVal, nil
		}
		ready.Args[i], values[i] = &given{arg, v, diags}, v
	}
	if c.call.ExpandFinal {
		values = expand(values)
	}
	if !c.budget.spend(bound(c.call.Name, values), c.Range()) {
		return cty.DynamicVal, nil
	}
	v, diags := ready.Value(ctx)
	if !c.budget.made(v, c.Range()) {
		return cty.DynamicVal, nil
	}
	return v, diags
}

func lookup(ctx *hcl.EvalContext, name string) (function.Function, bool) {
	for ; ctx != nil; ctx = ctx.Parent() {
		if f, ok := ctx.Functions[name]; ok {
			return f, true
		}
	}
	return function.Function{}, false
}

func takesExpression(f function.Function, i int) bool {
	var p *function.Parameter
	if params := f.Params(); i < len(params) {
		p = &params[i]
	} else {
		p = f.VarParam()
	}
	return p != nil && customdecode.CustomExpressionDecoderForType(p.Type) != nil
}

// given is an argument that has its value already.
type given struct {
	hclsyntax.Expression
	value cty.Value
	diags hcl.Diagnostics
}

func (g *given) Value(*hcl.EvalContext) (cty.Value, hcl.Diagnostics) { return g.value, g.diags }
