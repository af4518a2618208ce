package packtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
)

// assert evaluates one assertion; nothing comes back where it holds.
func (f *facts) assert(a assert) diag.Diagnostics {
	if name, ok := f.tooEarly(a.condition); ok {
		var out diag.Diagnostics
		out.Add("not-rendered", a.condition.Range(), "Nothing is rendered",
			"The pack has the errors that this run expects, so there is no %s: a condition can read var and diagnostics here.", name)
		return out
	}
	got, found := budget.New().Value(a.condition, f.ctx)
	if found.HasErrors() {
		out := diag.FromHCL(found)
		for i := range out {
			out[i].Detail += f.missing(a.condition)
		}
		return out
	}
	ok, err := convert.Convert(got, cty.Bool)
	var out diag.Diagnostics
	switch {
	case err != nil || ok.IsNull() || !ok.IsKnown():
		out.Add("assertion-type", a.condition.Range(), "Condition is not true or false", "%s",
			"A condition must be true or false, not "+got.Type().FriendlyName()+"."+f.involved(a))
	case ok.False():
		out.Add("assertion-failed", a.condition.Range(), "Assertion failed", "%s", f.message(a, &out)+f.involved(a))
	}
	return out
}

// tooEarly finds a name that only a pack without errors has.
func (f *facts) tooEarly(e hclsyntax.Expression) (string, bool) {
	if f.rendered {
		return "", false
	}
	for _, t := range e.Variables() {
		if slices.Contains(afterwards(), t.RootName()) {
			return t.RootName(), true
		}
	}
	return "", false
}

func (f *facts) message(a assert, diags *diag.Diagnostics) string {
	v, found := budget.New().Value(a.message, f.ctx)
	if !found.HasErrors() {
		if text, err := convert.Convert(v, cty.String); err == nil && !text.IsNull() && text.IsKnown() {
			return text.AsString()
		}
	}
	diags.Add("assertion-message", a.message.Range(), "Message is no text", "error_message of an assertion must be a text.")
	return "(its message is no text)"
}

// missing says of the first name in an expression that is not there what is: the way out of a misspelt group.
func (f *facts) missing(e hclsyntax.Expression) string {
	for _, t := range e.Variables() {
		v, ok := f.ctx.Variables[t.RootName()]
		at := t.RootName()
		for _, step := range t[1:] {
			name, named := stepName(step)
			if !ok || !named || v.IsNull() || !v.Type().IsObjectType() {
				break
			}
			if !v.Type().HasAttribute(name) {
				names := attributes(v)
				return fmt.Sprintf(" %s has no %q.%s It has: %s.", at, name, diag.DidYouMean(name, names, ""), diag.List(names, "nothing"))
			}
			v, at = v.GetAttr(name), at+"."+name
		}
	}
	return ""
}

// stepName is the key of a step into an object.
func stepName(step hcl.Traverser) (string, bool) {
	switch s := step.(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

func attributes(v cty.Value) []string {
	var names []string
	for name := range v.Type().AttributeTypes() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// involved lists the values that decided, a line each.
func (f *facts) involved(a assert) string {
	x := &explanation{facts: f, ctx: f.ctx, source: a.source, seen: map[string]bool{}}
	x.condition(a.condition)
	if len(x.lines) == 0 {
		return ""
	}
	return "\n" + strings.Join(x.lines, "\n")
}
