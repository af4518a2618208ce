package eval

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
)

// free reports whether a block's content has no schema, so that `when` and the toolkit's blocks are keys like any other.
func free(blockType string) bool {
	switch blockType {
	case "env", "meta", "config", "policy", "params", "parameters", "header", "headers", "canary_meta", "tagged_addresses", "canary_tagged_addresses", "options", "opaque",
		"add", "set": // of headers, in an ingress gateway
		return true
	}
	return false
}

// body gives the edits of a body of schema, of a block of the given type. The label is a group's name.
func (f *fileEval) body(body *hclsyntax.Body, blockType, label string, sc *scope) []edit {
	if free(blockType) {
		return f.freeBody(body, sc)
	}
	var out []edit
	for _, a := range pack.Attributes(body) {
		switch {
		case blockType == "job" && a.Name == "meta":
			// jobMeta has it
		case f.leftOut(a.SrcRange):
			out = append(out, edit{start: a.SrcRange.Start.Byte, end: a.SrcRange.End.Byte})
		case a.Name == "when":
			out = append(out, f.file.removeLines(a.SrcRange.Start.Byte, a.SrcRange.End.Byte))
		case free(a.Name):
			out = append(out, f.expr(a.Expr, slotConfig, sc)...)
		default:
			out = append(out, f.expr(a.Expr, slotValue, sc)...)
		}
		if blockType == "job" && a.Name == "id" {
			f.diags.Add("job-id", a.SrcRange, "Job with an ID of its own",
				"packctl gives each job the ID <release>-<label>, so that releases can live side by side; remove id.")
		}
	}
	var prepare []*hclsyntax.Block
	for _, b := range body.Blocks {
		if blockType == "job" && b.Type == "meta" {
			continue
		}
		if f.leftOut(b.Range()) {
			out = append(out, edit{start: b.Range().Start.Byte, end: b.Range().End.Byte})
			continue
		}
		if b.Type == "wait_for" || b.Type == "migration" {
			if blockType != "group" {
				f.diags.Add("misplaced-block", b.TypeRange, "Block in the wrong place", "%s belongs into a group block.", b.Type)
				opened := body.SrcRange
				opened.End = opened.Start
				f.diags.Relate("and stands in a "+blockType+" block", opened)
				continue
			}
			if edits, removed := f.remove(b, b.Body, sc); removed {
				out = append(out, edits...)
				continue
			}
			prepare = append(prepare, b)
			continue
		}
		out = append(out, f.block(b, sc)...)
	}
	if len(prepare) > 0 {
		out = append(out, f.prepare(body, prepare, label, sc)...)
	}
	return out
}

// leftOut reports whether something has nothing to do with the blocks that are looked at.
func (f *fileEval) leftOut(r hcl.Range) bool {
	return f.only != nil && !slices.ContainsFunc(f.only, func(o hcl.Range) bool {
		return r.Start.Byte < o.End.Byte && o.Start.Byte < r.End.Byte
	})
}

// freeBody edits a body without schema.
func (f *fileEval) freeBody(body *hclsyntax.Body, sc *scope) []edit {
	var out []edit
	for _, a := range pack.Attributes(body) {
		out = append(out, f.expr(a.Expr, slotConfig, sc)...)
	}
	for _, b := range body.Blocks {
		if b.Type == "dynamic" && len(b.Labels) == 1 && dynamicContent(b) != nil {
			out = append(out, f.dynamic(b, sc, true)...)
			continue
		}
		out = append(out, f.freeBody(b.Body, sc)...)
	}
	return out
}

func (f *fileEval) block(b *hclsyntax.Block, sc *scope) []edit {
	if !free(b.Type) {
		if edits, removed := f.remove(b, b.Body, sc); removed {
			return edits
		}
	}
	if b.Type == "dynamic" && len(b.Labels) == 1 && dynamicContent(b) != nil {
		return f.dynamic(b, sc, false)
	}
	label := ""
	if len(b.Labels) > 0 {
		label = b.Labels[0]
	}
	return f.body(b.Body, b.Type, label, sc)
}

// remove takes out a block whose `when` is false. What it reads must exist all the same.
func (f *fileEval) remove(b *hclsyntax.Block, body *hclsyntax.Body, sc *scope) ([]edit, bool) {
	keep, _ := f.when(body, sc)
	if keep {
		return nil, false
	}
	if b.Type == "dynamic" && len(b.Labels) == 1 {
		name, _ := iteratorName(b)
		sc = sc.leave(name)
	}
	f.namesOnly(body, sc, b.Type)
	f.removed = append(f.removed, b.Range())
	return []edit{f.file.removeLines(b.Range().Start.Byte, b.Range().End.Byte)}, true
}

// when is a body's `when`, true where it has none or a wrong one.
func (f *fileEval) when(body *hclsyntax.Body, sc *scope) (keep, has bool) {
	a, ok := body.Attributes["when"]
	if !ok {
		return true, false
	}
	if f.everything {
		return true, true
	}
	v, ok := f.static(a.Expr, "when", sc)
	if !ok {
		return true, true
	}
	got, err := convert.Convert(v, cty.Bool)
	if err != nil || got.IsNull() {
		f.diags.Add("wrong-type", a.Expr.Range(), "Wrong type", "when is true or false; this is %s.", typeOf(v))
		return true, true
	}
	return got.True(), true
}

func typeOf(v cty.Value) string {
	if v.IsNull() {
		return "null"
	}
	return v.Type().FriendlyName()
}

// static evaluates what must be known before deployment.
func (f *fileEval) static(e hclsyntax.Expression, what string, sc *scope) (cty.Value, bool) {
	before := len(f.diags)
	r := f.classify(e, sc, false).at[e]
	if f.diags[before:].HasErrors() {
		return cty.NilVal, false
	}
	if r.runtime || r.bound != 0 {
		f.diags = f.diags[:before] // that it comes too early is said once
		f.diags.Add("not-static", e.Range(), "Not known before deployment",
			"%s is decided before anything runs, so it may read var, local, pack and release only.", what)
		return cty.NilVal, false
	}
	v, diags := f.budget.Value(e, sc.ctx)
	f.diags = append(f.diags, diag.FromHCL(diags)...)
	return v, !diags.HasErrors() && v.IsWhollyKnown()
}

// namesOnly checks that everything that a removed body reads exists.
func (f *fileEval) namesOnly(body *hclsyntax.Body, sc *scope, blockType string) {
	for _, a := range pack.Attributes(body) {
		if blockType != "dynamic" || a.Name != "iterator" {
			f.classify(a.Expr, sc, false)
		}
	}
	for _, b := range body.Blocks {
		inner := sc
		if b.Type == "dynamic" && len(b.Labels) == 1 {
			name, _ := iteratorName(b)
			inner = sc.leave(name)
		}
		f.namesOnly(b.Body, inner, b.Type)
	}
}
