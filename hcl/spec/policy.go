package spec

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// body is the content of one block of a policy. What it finds wrong it adds to the decoder's faults and reads as the default.
type body struct {
	d      *policyDecoder
	block  string // as PolicyFault has it
	nth    int
	name   string // for people
	values map[string]any
}

// Blocks reads what stands under a block's name: Nomad's parser makes a list of maps of it, its JSON a list of anything, and an
// author may have written an object. Nothing at all is no block; false is something else.
func Blocks(v any) ([]map[string]any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, true
	case map[string]any:
		return []map[string]any{v}, true
	case []map[string]any:
		return v, true
	case []any:
		var out []map[string]any
		for _, x := range v {
			m, ok := x.(map[string]any)
			if !ok {
				return nil, false
			}
			out = append(out, m)
		}
		return out, true
	}
	return nil, false
}

func (b body) fault(attr, text string, args ...any) {
	b.d.faults = append(b.d.faults, PolicyFault{Block: b.block, Nth: b.nth, Attr: attr, Text: fmt.Sprintf(text, args...)})
}

// known finds the names that mean nothing here. known is sorted.
func (b body) known(known ...string) {
	for _, name := range slices.Sorted(maps.Keys(b.values)) {
		if slices.Contains(known, name) {
			continue
		}
		f := PolicyFault{Block: b.block, Nth: b.nth, Attr: name, Text: fmt.Sprintf("%s has no %q.", b.name, name), Given: name, Known: known}
		switch {
		case name == "check" && b.block == "":
			f.Text = "check blocks are for Nomad's own autoscaler, which does not know queue and target: keep one of the two."
			f.Given, f.Known = "", nil
		case name == "password":
			f.Text = "A password does not belong into a policy, which everybody may read: name the pack's credential with it, credential = \"redis\"."
			f.Given, f.Known = "", nil
		}
		b.d.faults = append(b.d.faults, f)
	}
}

func (b body) text(attr, otherwise string) string {
	v, ok := b.values[attr]
	if !ok {
		return otherwise
	}
	if s, ok := v.(string); ok && s != "" {
		return s
	}
	b.fault(attr, "%s of %s is a text that is not empty.", attr, b.name)
	return ""
}

func (b body) duration(attr string, otherwise time.Duration) Duration {
	v, ok := b.values[attr]
	if !ok {
		return Duration(otherwise)
	}
	s, _ := v.(string)
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		b.fault(attr, "%s of %s is a duration above zero such as \"30s\" or \"5m\", not %#v.", attr, b.name, v)
	}
	return Duration(d)
}

// number is an attribute's number, whichever type the way here gave it.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

func (b body) whole(attr string, otherwise, least, most int) int {
	v, ok := b.values[attr]
	if !ok {
		return otherwise
	}
	n, ok := number(v)
	if !ok || n != float64(int(n)) || int(n) < least || int(n) > most {
		b.fault(attr, "%s of %s is a whole number from %d to %d, not %#v.", attr, b.name, least, most, v)
	}
	return int(n)
}

// fraction is a number above zero, up to most.
func (b body) fraction(attr string, most float64) float64 {
	v, ok := b.values[attr]
	if !ok {
		return 0
	}
	n, ok := number(v)
	if !ok || !(n > 0 && n <= most) {
		limit := "."
		if most == 1 {
			limit = ", 1 at most."
		}
		b.fault(attr, "%s of %s is a number above zero%s", attr, b.name, limit)
	}
	return n
}
