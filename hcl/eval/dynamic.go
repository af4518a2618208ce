package eval

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/diag"
)

func dynamicContent(b *hclsyntax.Block) *hclsyntax.Block {
	for _, c := range b.Body.Blocks {
		if c.Type == "content" {
			return c
		}
	}
	return nil
}

// iteratorName is the name under which a dynamic block's content reads its element.
func iteratorName(b *hclsyntax.Block) (string, hcl.Range) {
	if a, ok := b.Body.Attributes["iterator"]; ok {
		if name := hcl.ExprAsKeyword(a.Expr); name != "" {
			return name, a.Expr.Range()
		}
	}
	return b.Labels[0], b.LabelRanges[0]
}

// dynamic expands a dynamic block where its list is the pack's to know, or its content needs more than Nomad's parser
// can do; others are left to it.
func (f *fileEval) dynamic(b *hclsyntax.Block, sc *scope, inFree bool) []edit {
	each, ok := b.Body.Attributes["for_each"]
	content := dynamicContent(b)
	if !ok || content == nil {
		return nil // Nomad's parser says what is missing
	}
	name, _ := iteratorName(b)
	r := f.classify(each.Expr, sc, false).at[each.Expr]
	if !r.alone() || !r.pack && !inFree && !f.needsPack(content.Body, sc.leave(name)) {
		if !sc.counted {
			f.affordBlocks(b, sc)
			f.overspent()
		}
		inner := sc.leave(name)
		inner.counted = true
		out := f.expr(each.Expr, slotValue, sc)
		if a, ok := b.Body.Attributes["labels"]; ok {
			out = append(out, f.expr(a.Expr, slotValue, inner)...)
		}
		if inFree {
			return append(out, f.freeBody(content.Body, inner)...)
		}
		if a, ok := b.Body.Attributes["when"]; ok {
			out = append(out, f.file.removeLines(a.SrcRange.Start.Byte, a.SrcRange.End.Byte))
		}
		return append(out, f.body(content.Body, b.Labels[0], "", inner)...)
	}
	list, diags := f.budget.Value(each.Expr, sc.ctx)
	f.diags = append(f.diags, diag.FromHCL(diags)...)
	if diags.HasErrors() || !list.IsWhollyKnown() {
		return nil
	}
	if list.IsNull() || !list.CanIterateElements() {
		f.diags.Add("wrong-type", each.Expr.Range(), "Wrong type", "for_each is a list, set, map or object; this is %s.", typeOf(list))
		return nil
	}
	var out []piece
	for it := list.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if list.Type().IsSetType() {
			key = value
		}
		if !f.budget.Spend(1+len(content.Body.Attributes)+len(content.Body.Blocks), b.DefRange()) {
			f.overspent()
			return nil
		}
		step := sc.child(name, cty.ObjectVal(map[string]cty.Value{"key": key, "value": value}))
		if !inFree {
			if keep, _ := f.when(content.Body, step); !keep {
				f.removed = append(f.removed, content.Range())
				continue
			}
		}
		out = f.step(b, content, step, inFree, out)
	}
	if len(out) == 0 {
		return []edit{f.file.removeLines(b.Range().Start.Byte, b.Range().End.Byte)}
	}
	return []edit{{start: b.Range().Start.Byte, end: b.Range().End.Byte, pieces: out}}
}

// step appends one block that a dynamic block stands for, at the dynamic block's own indentation.
func (f *fileEval) step(b, content *hclsyntax.Block, sc *scope, inFree bool, out []piece) []piece {
	labels := f.dynamicLabels(b, sc)
	outer, _ := f.file.indent(b.Range().Start.Byte)
	inner, _ := f.file.indent(content.Range().Start.Byte)
	lead := ""
	if len(out) > 0 {
		lead = "\n\n" + outer[min(sc.dedent, len(outer)):]
	}
	sc.dedent += max(0, len(inner)-len(outer))
	header := b.Labels[0] + " "
	group := ""
	for i, l := range labels {
		if i == 0 {
			group = l
		}
		header += quote(l) + " "
	}
	out = append(out, piece{start: b.LabelRanges[0].Start.Byte, end: b.LabelRanges[0].End.Byte, text: lead + header})
	var edits []edit
	if inFree {
		edits = f.freeBody(content.Body, sc)
	} else {
		edits = f.body(content.Body, b.Labels[0], group, sc)
	}
	return append(out, f.file.moved(content.OpenBraceRange.Start.Byte, content.CloseBraceRange.End.Byte, sc.dedent, edits)...)
}

func (f *fileEval) dynamicLabels(b *hclsyntax.Block, sc *scope) []string {
	a, ok := b.Body.Attributes["labels"]
	if !ok {
		return nil
	}
	v, ok := f.static(a.Expr, "labels", sc)
	if !ok {
		return nil
	}
	list, err := convert.Convert(v, cty.List(cty.String))
	if err != nil || list.IsNull() {
		f.diags.Add("wrong-type", a.Expr.Range(), "Wrong type", "labels is a list of texts; this is %s.", typeOf(v))
		return nil
	}
	var out []string
	for it := list.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if e.IsNull() {
			f.diags.Add("wrong-type", a.Expr.Range(), "Wrong type", "A label cannot be null.")
			continue
		}
		out = append(out, e.AsString())
	}
	return out
}

// needsPack reports whether something in a body is the pack's to evaluate. Faults are found when the body is evaluated.
func (f *fileEval) needsPack(body *hclsyntax.Body, sc *scope) bool {
	quiet := &fileEval{evaluator: &evaluator{names: f.names}}
	for _, a := range body.Attributes {
		if a.Name == "when" || quiet.classify(a.Expr, sc, true).at[a.Expr].pack {
			return true
		}
	}
	return slices.ContainsFunc(body.Blocks, func(b *hclsyntax.Block) bool {
		if b.Type == "wait_for" || b.Type == "migration" {
			return true
		}
		inner := sc
		if b.Type == "dynamic" && len(b.Labels) == 1 {
			name, _ := iteratorName(b)
			inner = sc.leave(name)
		}
		return quiet.needsPack(b.Body, inner)
	})
}
