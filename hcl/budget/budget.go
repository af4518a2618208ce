// Package budget evaluates expressions within bounds of time and memory.
//
// HCL's evaluation cannot be interrupted, and a few characters ask for any amount of work: loops in loops, setproduct, texts that
// double. So an expression is evaluated through a copy of itself that counts: the elements of a collection before a loop
// goes over them, the parts of a text before they are put together, what a function is about to make before it is called.
// Once the budget is spent, everything is unknown, which ends all loops at once.
//
// It knows expressions and values, nothing of packs.
package budget

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// The costs, in units of about 100 ns. A whole budget is some 130,000 turns of loops, or 32 MB of text.
const (
	whole        = 4 << 20
	perTurn      = 32  // of a loop: a scope and a value
	perElement   = 16  // that is walked over
	perCall      = 32  // of a function; try and can call what they are given twice, and so on within it
	bytesPerUnit = 8   // of a text that is made
	bytesRead    = 128 // of a text that a function reads, for a unit

	// maxExponent is of base two. Written out, such a number has some five thousand digits.
	maxExponent = 1 << 14
)

// Budget is what evaluations may cost together. Not for several goroutines at once.
type Budget struct {
	left int64
	at   *hcl.Range // what spent it
	told bool
}

// New is a whole budget.
func New() *Budget { return &Budget{left: whole} }

// Share is the budget of one of some files: its part of a whole, and a sixteenth more, so that large packs are no bombs.
func Share(files int) *Budget { return &Budget{left: whole/int64(max(files, 1)) + whole/16} }

// Spent reports whether the budget is spent.
func (b *Budget) Spent() bool { return b.at != nil }

// Spend takes the cost of some turns of a loop at a place, and reports whether the budget holds.
func (b *Budget) Spend(turns int, at hcl.Range) bool { return b.spend(int64(turns)*perTurn, at) }

func (b *Budget) spend(units int64, at hcl.Range) bool {
	if b.at != nil {
		return false
	}
	if b.left -= min(units, b.left+1); b.left < 0 {
		b.at = &at
		return false
	}
	return true
}

// Value is the value of an expression. When that spends the budget, it is unknown, and the one diagnostic says so; after
// that it is unknown without a word. A nil context is as in hcl: no variables, no functions.
func (b *Budget) Value(e hcl.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	v, diags := b.Try(e, ctx)
	if b.Spent() {
		return v, b.Tell()
	}
	return v, diags
}

// Try is like Value, but does not tell when the budget is spent: ask Tell.
func (b *Budget) Try(e hcl.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	if b.Spent() {
		return cty.DynamicVal, nil
	}
	native, ok := e.(hclsyntax.Expression)
	if !ok {
		return e.Value(ctx)
	}
	metered := b.meter(native)
	v, diags := metered.Value(ctx)
	b.size(v, e.Range()) // also what the expression only refers to: it will be written or walked over
	if b.Spent() {
		return cty.DynamicVal, nil
	}
	return v, diags
}

// Tell is the diagnostic of a spent budget, the first time that it is asked for.
func (b *Budget) Tell() hcl.Diagnostics {
	if b.at == nil || b.told {
		return nil
	}
	b.told = true
	return b.Over()
}

// Over is the diagnostic of a spent budget.
func (b *Budget) Over() hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError, Summary: "Too much to compute", Subject: b.at,
		Detail: "What this makes is more than a pack may compute: about 130,000 turns of loops and calls of functions or 32 MB of text in all. Loop over less, or make the text smaller.",
	}}
}
