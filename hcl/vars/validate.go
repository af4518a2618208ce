package vars

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/jobspec2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
)

// validation reads a validation block. Which variables its condition names is looked at when all are known.
func (v *Variable) validation(b *hclsyntax.Block, spend *budget.Budget, diags *diag.Diagnostics) {
	x := Validation{Range: b.DefRange()}
	constant(b.Body.Attributes["error_message"], spend, cty.String, func(s cty.Value) { x.Message = s.AsString() }, diags)
	cond := b.Body.Attributes["condition"]
	if cond == nil || b.Body.Attributes["error_message"] == nil {
		diags.Add("missing-attribute", b.DefRange(), "Missing attribute", "A validation block needs both condition and error_message.")
		return
	}
	x.Condition = cond.Expr
	v.Validations = append(v.Validations, x)
}

// reach checks that the conditions name their own variable, and besides it only variables that are seen in the same file.
func (v *Variable) reach(all []*Variable, diags *diag.Diagnostics) {
	var names []string
	declared := map[string]hcl.Range{}
	for _, other := range all {
		if other.File == "" || other.File == v.File {
			names = append(names, other.Name)
			declared[other.Name] = other.Range
		}
	}
	kept := v.Validations[:0]
	for _, x := range v.Validations {
		if v.reaches(x, names, declared, diags) {
			kept = append(kept, x)
		}
	}
	v.Validations = kept
}

func (v *Variable) reaches(x Validation, names []string, declared map[string]hcl.Range, diags *diag.Diagnostics) bool {
	if !v.callsKnown(x.Condition, diags) {
		return false
	}
	own := false
	for _, t := range x.Condition.Variables() {
		name := variableName(t)
		switch {
		case name == "":
			diags.Add("validation-scope", t.SourceRange(), "Validation reaches too far",
				"A validation sees variables only: var.%s and the others of the pack.", v.Name)
			return false
		case !slices.Contains(names, name):
			diags.Add("unknown-variable", t.SourceRange(), "Unknown variable", "%s",
				fmt.Sprintf("The pack declares no variable %q.%s", name, diag.DidYouMean(name, names, "")))
			for _, near := range diag.Near(name, names) {
				diags.Relate("var."+near+" is declared here", declared[near])
			}
			return false
		case name == v.Name:
			own = true
		}
	}
	if !own {
		diags.Add("validation-scope", x.Condition.Range(), "Validation of something else",
			"A validation of the variable %q must look at var.%s.", v.Name, v.Name)
	}
	return own
}

// callsKnown checks the functions that a condition calls: within can() a misspelt one would only make it false.
func (v *Variable) callsKnown(condition hcl.Expression, diags *diag.Diagnostics) bool {
	node, ok := condition.(hclsyntax.Node)
	if !ok {
		return true
	}
	functions := jobspec2.Functions("", false)
	known := slices.Sorted(maps.Keys(functions))
	before := len(*diags)
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && !slices.Contains(known, call.Name) {
			diags.Add("unknown-function", call.NameRange, "Unknown function", "%s", fmt.Sprintf("There is no function %q.%s", call.Name, diag.DidYouMean(call.Name, known, "")))
		}
		return nil
	})
	return len(*diags) == before
}

// variableName is the name in var.name, or empty.
func variableName(t hcl.Traversal) string {
	if t.RootName() != "var" || len(t) < 2 {
		return ""
	}
	a, ok := t[1].(hcl.TraverseAttr)
	if !ok {
		return ""
	}
	return a.Name
}

// validate checks a value against its variable's conditions. What a condition needs and is not known, because it is missing
// or wrong itself, has its own diagnostic: the condition is passed over.
func (r *resolver) validate(val Value) {
	v := val.Variable
	if len(v.Validations) == 0 || !val.Value.IsWhollyKnown() || val.Value == cty.DynamicVal {
		return
	}
	values, declared := r.values.Scope(v.File)
	ctx := &hcl.EvalContext{
		Variables: map[string]cty.Value{"var": cty.ObjectVal(values)},
		Functions: jobspec2.Functions("", false),
	}
	for _, x := range v.Validations {
		hidden, known := false, true
		for _, t := range x.Condition.Variables() {
			name := variableName(t)
			hidden = hidden || declared[name].Sensitive
			known = known && values[name].IsWhollyKnown()
		}
		if known {
			r.condition(val, x, ctx, hidden)
		}
	}
}

// condition checks one condition. hidden says that a value in it is sensitive.
func (r *resolver) condition(val Value, x Validation, ctx *hcl.EvalContext, hidden bool) {
	v := val.Variable
	got, hclDiags := r.budget.Value(x.Condition, ctx)
	if hclDiags.HasErrors() {
		if hidden {
			r.diags.Add("validation-failed", x.Range, "Validation cannot be evaluated", "The condition of variable %q fails on a value that is sensitive.", v.Name)
			return
		}
		r.diags = append(r.diags, diag.FromHCL(hclDiags)...)
		return
	}
	ok, err := convert.Convert(got, cty.Bool)
	if err != nil || ok.IsNull() || !ok.IsKnown() {
		r.diags.Add("validation-type", x.Condition.Range(), "Validation is not true or false", "The condition must be true or false, not %s.", got.Type().FriendlyName())
		return
	}
	if ok.True() {
		return
	}
	d := diag.New("invalid-value", val.Origin.Range, "Invalid value", "The value of variable %q (%s) is refused: %s", v.Name, val.Origin, x.Message)
	d.Hidden = v.Sensitive
	d.Related = []diag.Related{{Text: "the rule", Range: x.Condition.Range()}}
	d.Values = r.involved(x.Condition)
	r.diags = append(r.diags, d)
}

// involved are the values that a condition looks at, in the order of their declarations.
func (r *resolver) involved(condition hcl.Expression) []string {
	var out []string
	for _, val := range r.values.List {
		if slices.ContainsFunc(condition.Variables(), func(t hcl.Traversal) bool { return variableName(t) == val.Variable.Name }) {
			out = append(out, val.Involved())
		}
	}
	return out
}
