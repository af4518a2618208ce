package eval

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/diag"
)

// decoder reads the attributes of one of the toolkit's blocks. A wrong one is a diagnostic and its zero value.
type decoder struct {
	*fileEval
	scope   *scope
	block   *hclsyntax.Block
	runtime bool // a runtime expression may stand in a text, as "${…}"
}

func (d *decoder) value(name string, t cty.Type) (cty.Value, hcl.Range, bool) {
	a, ok := d.block.Body.Attributes[name]
	if !ok {
		return cty.NilVal, hcl.Range{}, false
	}
	at := a.Expr.Range()
	var v cty.Value
	if d.runtime {
		before := len(d.diags)
		d.classify(a.Expr, d.scope, false)
		if d.diags[before:].HasErrors() {
			return cty.NilVal, at, false
		}
		var diags hcl.Diagnostics
		v, diags = d.budget.Value(a.Expr, d.scope.lenient())
		d.diags = append(d.diags, diag.FromHCL(diags)...)
		if diags.HasErrors() || !v.IsWhollyKnown() {
			return cty.NilVal, at, false
		}
	} else if v, ok = d.static(a.Expr, name, d.scope); !ok {
		return cty.NilVal, at, false
	}
	if v.IsNull() {
		return cty.NilVal, at, false // as if it were not given
	}
	got, err := convert.Convert(v, t)
	if err != nil {
		d.diags.Add("wrong-type", at, "Wrong type", "%s of %s: %s.", name, d.block.Type, err.Error())
		return cty.NilVal, at, false
	}
	return got, at, true
}

func (d *decoder) text(name, fallback string) string {
	v, _, ok := d.value(name, cty.String)
	if !ok {
		return fallback
	}
	return v.AsString()
}

// required is a text that must be given and not be empty.
func (d *decoder) required(name string) string {
	if _, given := d.block.Body.Attributes[name]; !given {
		d.diags.Add("missing-attribute", d.block.DefRange(), "Missing attribute", "%s needs %s.", d.block.Type, name)
		return ""
	}
	v, at, ok := d.value(name, cty.String)
	if !ok {
		return ""
	}
	if v.AsString() == "" {
		d.diags.Add("empty-value", at, "Empty value", "%s of %s is empty.", name, d.block.Type)
	}
	return v.AsString()
}

func (d *decoder) texts(name string) []string {
	v, at, ok := d.value(name, cty.List(cty.String))
	if !ok {
		return nil
	}
	out := []string{} // an empty list is not the same as none
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if e.IsNull() {
			d.diags.Add("wrong-type", at, "Wrong type", "%s of %s has null among its texts.", name, d.block.Type)
			continue
		}
		out = append(out, e.AsString())
	}
	return out
}

// oneOf is one of some words, by default the first.
func (d *decoder) oneOf(name string, words ...string) string {
	v, at, ok := d.value(name, cty.String)
	if !ok {
		return words[0]
	}
	if !slices.Contains(words, v.AsString()) {
		d.diags.Add("unknown-word", at, "Unknown word", "%s",
			name+" of "+d.block.Type+" is one of "+strings.Join(words, ", ")+"; this is "+quote(v.AsString())+"."+diag.DidYouMean(v.AsString(), words, ""))
		return words[0]
	}
	return v.AsString()
}

func (d *decoder) flag(name string, fallback bool) bool {
	v, _, ok := d.value(name, cty.Bool)
	if !ok {
		return fallback
	}
	return v.True()
}

// number is a whole number between low and high.
func (d *decoder) number(name string, fallback, low, high int) int {
	v, at, ok := d.value(name, cty.Number)
	if !ok {
		return fallback
	}
	n, exact := v.AsBigFloat().Int64()
	if exact != 0 || n < int64(low) || n > int64(high) {
		d.diags.Add("out-of-range", at, "Number out of range", "%s of %s is a whole number from %d to %d.", name, d.block.Type, low, high)
		return fallback
	}
	return int(n)
}

func (d *decoder) duration(name string, fallback time.Duration) time.Duration {
	v, at, ok := d.value(name, cty.String)
	if !ok {
		return fallback
	}
	got, err := time.ParseDuration(v.AsString())
	if err != nil || got <= 0 {
		d.diags.Add("bad-duration", at, "Not a duration", "%s of %s is a duration above zero such as \"30s\" or \"5m\", not %q.", name, d.block.Type, v.AsString())
		return fallback
	}
	return got
}

// sub is the decoder of a nested block.
func (d *decoder) sub(b *hclsyntax.Block) *decoder {
	c := *d
	c.block = b
	return &c
}

// bytes is an amount of storage, a number of bytes or a text such as "10GiB".
func (d *decoder) bytes(name string) int64 {
	v, at, ok := d.value(name, cty.String)
	if !ok {
		return 0
	}
	text := strings.TrimSpace(v.AsString())
	digits := strings.TrimRight(text, "KMGTBikmgtb ")
	n, err := strconv.ParseInt(digits, 10, 64)
	factor, known := units()[strings.ToLower(strings.TrimSpace(text[len(digits):]))]
	if err != nil || !known || n < 0 || n > math.MaxInt64/factor {
		d.diags.Add("bad-size", at, "Not a size", "%s of %s is a number of bytes or a text such as \"10GiB\", not %q.", name, d.block.Type, text)
		return 0
	}
	return n * factor
}

func units() map[string]int64 {
	return map[string]int64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12,
		"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}
}
