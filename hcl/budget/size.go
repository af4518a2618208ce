package budget

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// elements is how many a value has; one for what is no collection.
func elements(v cty.Value) int {
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() {
		return 0
	}
	if !v.CanIterateElements() {
		return 1
	}
	return v.LengthInt()
}

// size takes the cost of walking over all of a value, its parts as often as they occur in it, and stops when the budget does.
func (b *Budget) size(v cty.Value, at hcl.Range) bool {
	if v == cty.NilVal {
		return !b.Spent()
	}
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return b.spend(perElement, at)
	}
	switch t := v.Type(); {
	case t == cty.String:
		return b.spend(perElement+int64(len(v.AsString()))/bytesRead, at)
	case t == cty.Number:
		return b.number(v.AsBigFloat(), at)
	case !v.CanIterateElements():
		return b.spend(perElement, at)
	}
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		if !b.size(e, at) {
			return false
		}
	}
	return b.spend(perElement, at)
}

// made takes the cost of a value that has just come to be: of all its texts.
func (b *Budget) made(v cty.Value, at hcl.Range) bool {
	if v == cty.NilVal {
		return !b.Spent()
	}
	if bare, _ := v.Unmark(); bare.IsKnown() && !bare.IsNull() && bare.Type() == cty.String {
		return b.spend(int64(len(bare.AsString()))/bytesPerUnit, at)
	}
	return b.size(v, at)
}

// number refuses one that would be written with many thousands of digits.
func (b *Budget) number(n *big.Float, at hcl.Range) bool {
	if e := n.MantExp(nil); !n.IsInf() && (e > maxExponent || e < -maxExponent) {
		return b.spend(math.MaxInt64, at)
	}
	return b.spend(perElement, at)
}

// expand replaces the last argument by its elements, as f(list...) does.
func expand(values []cty.Value) []cty.Value {
	last, _ := values[len(values)-1].Unmark()
	if elements(last) == 0 || !last.CanIterateElements() {
		return values
	}
	return append(values[:len(values)-1:len(values)-1], last.AsValueSlice()...)
}

// bound is what a function makes at most, as far as that is more than a few times what it reads.
func bound(name string, args []cty.Value) int64 {
	switch name {
	case "setproduct":
		turns := 1.0
		for _, a := range args {
			bare, _ := a.Unmark()
			turns *= float64(elements(bare))
		}
		return units(turns * float64(len(args)+1) * perElement)
	case "distinct":
		if len(args) == 1 {
			bare, _ := args[0].Unmark()
			n := float64(elements(bare))
			return units(n * n / 2) // it compares each with each
		}
	case "format", "formatlist":
		if len(args) > 0 {
			times := 1.0
			for _, a := range args {
				bare, _ := a.Unmark()
				if bare.CanIterateElements() && name == "formatlist" {
					times = max(times, float64(elements(bare)))
				}
			}
			return units(times * float64(widths(text(args, 0))) / bytesPerUnit)
		}
	case "join":
		n := 0
		for _, a := range args[min(1, len(args)):] {
			bare, _ := a.Unmark()
			n += elements(bare)
		}
		return units(float64(n) * float64(len(text(args, 0))) / bytesPerUnit)
	case "replace", "regex_replace":
		if len(args) == 3 {
			times, each := strings.Count(text(args, 0), text(args, 1)), len(text(args, 2))
			if name == "regex_replace" {
				times = len(text(args, 0)) + 1
				each += strings.Count(text(args, 2), "$") * len(text(args, 0)) // a group may be all of the old text
			}
			return units(float64(times) * float64(each) / bytesPerUnit)
		}
	case "indent":
		if len(args) == 2 {
			return units(float64(strings.Count(text(args, 1), "\n")) * whole64(args[0]) / bytesPerUnit)
		}
	case "split", "jsondecode", "yamldecode", "csvdecode":
		return int64(len(text(args, 0))+len(text(args, 1))) * perElement / 2 // an element for each character or two
	}
	return 0
}

// text is an argument that is a text, or empty.
func text(args []cty.Value, i int) string {
	if i >= len(args) {
		return ""
	}
	v, _ := args[i].Unmark()
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// whole64 is an argument that is a number, or a text that a function will take for one, or 0.
func whole64(v cty.Value) float64 {
	v, _ = v.Unmark()
	if v == cty.NilVal || !v.IsKnown() || v.IsNull() {
		return 0
	}
	var n float64
	switch v.Type() {
	case cty.Number:
		n, _ = v.AsBigFloat().Float64()
	case cty.String:
		n, _ = strconv.ParseFloat(v.AsString(), 64) // none is 0
	}
	return max(n, 0)
}

func units(n float64) int64 { return int64(min(n, whole*1e6)) }

var digits = regexp.MustCompile(`[0-9]+`)

// widths is the sum of all numbers in a format: no verb is wider, or has more digits.
func widths(format string) int64 {
	var sum float64
	for _, n := range digits.FindAllString(format, -1) {
		f, _ := strconv.ParseFloat(n, 64) // too large is infinite
		sum += f
	}
	return units(sum)
}
