package packtest

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// explanation collects the parts of a condition with their values: both sides of a comparison, and what a function was given.
type explanation struct {
	*facts
	ctx    *hcl.EvalContext // the facts', or of one step of a loop
	prefix string           // which step
	source []byte
	seen   map[string]bool
	lines  []string
}

// condition goes down to what is compared.
func (x *explanation) condition(e hclsyntax.Expression) {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		x.condition(e.Expression)
	case *hclsyntax.UnaryOpExpr:
		x.condition(e.Val)
	case *hclsyntax.ConditionalExpr:
		x.condition(e.Condition)
		x.condition(e.TrueResult)
		x.condition(e.FalseResult)
	case *hclsyntax.BinaryOpExpr:
		if e.Op == hclsyntax.OpLogicalAnd || e.Op == hclsyntax.OpLogicalOr {
			x.condition(e.LHS)
			x.condition(e.RHS)
			return
		}
		x.operand(e.LHS)
		x.operand(e.RHS)
		x.types(e)
	case *hclsyntax.FunctionCallExpr:
		for _, arg := range e.Args {
			if loop, ok := arg.(*hclsyntax.ForExpr); ok && e.Name == "alltrue" && loop.KeyExpr == nil {
				x.loop(loop)
				continue
			}
			x.operand(arg)
		}
	default:
		x.operand(e)
	}
}

// maxSteps is how many steps of a loop are explained.
const maxSteps = 5

// loop explains alltrue([for …]) by the steps that are false.
func (x *explanation) loop(e *hclsyntax.ForExpr) {
	over, found := e.CollExpr.Value(x.ctx)
	if found.HasErrors() || !over.CanIterateElements() {
		return
	}
	steps := 0
	for it := over.ElementIterator(); it.Next() && steps < maxSteps; {
		key, element := it.Element()
		step := *x
		step.ctx = x.ctx.NewChild()
		step.ctx.Variables = map[string]cty.Value{e.ValVar: element}
		if e.KeyVar != "" {
			step.ctx.Variables[e.KeyVar] = key
		}
		step.prefix, step.seen = x.prefix+"for "+brief(key)+": ", map[string]bool{}
		if e.CondExpr != nil {
			if wanted, found := e.CondExpr.Value(step.ctx); found.HasErrors() || wanted.RawEquals(cty.False) {
				continue
			}
		}
		if v, found := e.ValExpr.Value(step.ctx); found.HasErrors() || !v.RawEquals(cty.False) {
			continue
		}
		steps++
		step.condition(e.ValExpr)
		if len(step.lines) == len(x.lines) {
			step.lines = append(step.lines, step.prefix+"it is false")
		}
		x.lines = step.lines
	}
}

// operand shows one value, and what a function made it from.
func (x *explanation) operand(e hclsyntax.Expression) {
	x.show(e)
	if call, ok := e.(*hclsyntax.FunctionCallExpr); ok {
		for _, arg := range call.Args {
			// All jobs or all tiers are too much to read; keys() of them has been shown.
			if t, ok := arg.(*hclsyntax.ScopeTraversalExpr); !ok || len(t.Traversal) > 1 {
				x.operand(arg)
			}
		}
	}
}

// maxText is how much of an expression is repeated before its value.
const maxText = 100

func (x *explanation) show(e hclsyntax.Expression) {
	if len(e.Variables()) == 0 {
		return // a literal shows itself
	}
	text := strings.Join(strings.Fields(string(e.Range().SliceBytes(x.source))), " ")
	if x.seen[text] {
		return
	}
	x.seen[text] = true
	v, found := e.Value(x.ctx)
	if found.HasErrors() {
		return // inside can() or try(), or the untaken side of a condition
	}
	value := brief(v)
	if x.readsSensitive(e) {
		value = "(sensitive)"
	}
	if runes := []rune(text); len(runes) > maxText {
		text = string(runes[:maxText]) + "…"
	}
	x.lines = append(x.lines, x.prefix+text+" is "+value)
}

// readsSensitive reports whether an expression reads a sensitive variable, or all variables where one is.
func (x *explanation) readsSensitive(e hclsyntax.Expression) bool {
	for _, t := range e.Variables() {
		if t.RootName() != "var" || len(x.sensitive) == 0 {
			continue
		}
		if len(t) < 2 {
			return true
		}
		if name, ok := stepName(t[1]); !ok || slices.Contains(x.sensitive, name) {
			return true
		}
	}
	return false
}

// types explains a comparison of what looks alike: a list of a variable's type is never equal to one that is written down.
func (x *explanation) types(e *hclsyntax.BinaryOpExpr) {
	if e.Op != hclsyntax.OpEqual && e.Op != hclsyntax.OpNotEqual {
		return
	}
	a, foundA := e.LHS.Value(x.ctx)
	b, foundB := e.RHS.Value(x.ctx)
	if foundA.HasErrors() || foundB.HasErrors() || a.Type().Equals(b.Type()) || a.IsNull() || b.IsNull() {
		return
	}
	same := func(from, to cty.Value) bool {
		v, err := convert.Convert(from, to.Type())
		return err == nil && v.RawEquals(to)
	}
	if same(a, b) || same(b, a) {
		x.lines = append(x.lines, x.prefix+"The two are of different types, "+a.Type().FriendlyName()+" and "+b.Type().FriendlyName()+
			", and therefore never equal: convert one of them, as in convert(x, list(string)).")
	}
}
