package eval

import (
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/diag"
)

// afford tries an expression that Nomad's parser will evaluate, all or parts of it: what is more than a pack may compute is
// found here, because nothing can end that parser. Whatever else is wrong with it shows there.
func (f *fileEval) afford(e hclsyntax.Expression, sc *scope) {
	if !computes(e) || f.budget.Spent() {
		return
	}
	if _, diags := f.budget.Try(e, sc.lenient()); diags.HasErrors() {
		return
	}
	f.overspent()
}

// overspent says it when the budget has just been spent.
func (f *fileEval) overspent() { f.diags = append(f.diags, diag.FromHCL(f.budget.Tell())...) }

// computes reports whether something in an expression may cost more than it takes to write it.
func computes(e hclsyntax.Expression) bool {
	switch e := e.(type) {
	case *hclsyntax.ForExpr, *hclsyntax.FunctionCallExpr, *hclsyntax.SplatExpr, *hclsyntax.BinaryOpExpr:
		return true
	case *hclsyntax.LiteralValueExpr:
		return e.Val.Type() == cty.Number // 1e100000000 is a text of a hundred million digits
	default:
		for _, c := range children(e) {
			if computes(c) {
				return true
			}
		}
	}
	return false
}

// affordBlocks counts the blocks that Nomad's parser will make of a dynamic block and of those in it.
func (f *fileEval) affordBlocks(b *hclsyntax.Block, sc *scope) {
	each, ok := b.Body.Attributes["for_each"]
	content := dynamicContent(b)
	if !ok || content == nil || f.budget.Spent() {
		return
	}
	v, diags := f.budget.Try(each.Expr, sc.lenient())
	if diags.HasErrors() || !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		return
	}
	name, _ := iteratorName(b)
	for it := v.ElementIterator(); it.Next() && f.budget.Spend(1+len(content.Body.Attributes), b.DefRange()); {
		key, value := it.Element()
		step := sc.child(name, cty.ObjectVal(map[string]cty.Value{"key": key, "value": value}))
		f.affordInner(content.Body, step)
	}
}

func (f *fileEval) affordInner(body *hclsyntax.Body, sc *scope) {
	for _, b := range body.Blocks {
		if b.Type == "dynamic" && len(b.Labels) == 1 {
			f.affordBlocks(b, sc)
		} else {
			f.affordInner(b.Body, sc)
		}
	}
}
