package vars

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
)

// Resolve gives every declared variable its value. A variable in error gets an unknown value of its type, so that later
// steps can still name it; callers stop at an error before they use values.
func Resolve(p *pack.Pack, in Inputs) (*Values, diag.Diagnostics) {
	declared, diags := Declare(p)
	r := &resolver{pack: p, declared: declared, given: map[string]given{}, budget: budget.New(), values: &Values{Sources: map[string][]byte{}}}
	r.diags = diags
	if p.VariablesBroken {
		return r.values, r.diags // whatever would be said of a value would follow from that
	}
	for _, v := range declared {
		r.sensitive = r.sensitive || v.Sensitive
	}
	remembered, environ, files, args := r.remembered(in.Remembered), r.environ(in.Environ), r.files(in.Files), r.args(in.Args)
	later := slices.Concat(remembered, environ, files, args)
	r.give(r.envFile(later))
	r.give(later)
	for _, v := range declared {
		r.values.List = append(r.values.List, r.value(v))
	}
	for _, val := range r.values.List {
		r.validate(val)
	}
	r.diags.Sort()
	return r.values, r.diags
}

// given is a value on its way: an expression to evaluate, or a text that means itself for a string.
type given struct {
	name   string
	origin Origin
	expr   hcl.Expression // from a file
	text   string         // from the environment or an argument
}

type resolver struct {
	pack      *pack.Pack
	declared  []*Variable
	sensitive bool // some variable is
	given     map[string]given
	values    *Values
	budget    *budget.Budget
	diags     diag.Diagnostics
}

// give records values, later ones over earlier ones.
func (r *resolver) give(all []given) {
	for _, g := range all {
		r.given[g.name] = g
	}
}

func (r *resolver) find(name string) *Variable {
	for _, v := range r.declared {
		if v.Name == name {
			return v
		}
	}
	return nil
}

func (r *resolver) names() []string {
	var out []string
	for _, v := range r.declared {
		out = append(out, v.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *resolver) unknown(g given, at hcl.Range) diag.Diagnostic {
	names := r.names()
	hint := diag.DidYouMean(g.name, names, "")
	if hint == "" {
		hint = " It declares: " + diag.List(names, "none") + "."
	}
	where := g.origin.Name
	if g.origin.Range.Filename != "" {
		where = g.origin.String()
	}
	d := diag.New("unknown-variable", at, "Unknown variable", "%s",
		fmt.Sprintf("%s gives a value to %q, but the pack declares no such variable.%s", where, g.name, hint))
	d.Hidden = r.sensitive
	near := diag.Near(g.name, names)
	for _, v := range r.declared {
		if slices.Contains(near, v.Name) {
			d.Related = append(d.Related, diag.Related{Text: v.Name + " is declared here", Range: v.Range})
		}
	}
	return d
}

// envFile is the content of the env file that the value of env picks. All env files are checked, so that a mistake in
// prod shows in dev.
func (r *resolver) envFile(later []given) []given {
	if len(r.pack.Envs) == 0 {
		return nil
	}
	v := r.find(EnvVariable)
	if v == nil || v.File != "" {
		r.diags.Add("no-env-variable", r.pack.Envs[0].Body.SrcRange, "No variable env",
			"The pack has files in env/, so variables.hcl needs variable \"env\" { type = string }, whose value picks one of them.")
		return nil
	}
	bodies := map[string][]given{}
	for _, f := range r.pack.Envs {
		bodies[f.Label] = r.body(f.Body, FromEnvFile, f.Name, f.Label)
	}
	// Of the values given for env the last one wins, as for any variable.
	val := Value{Variable: v, Value: v.Default, Origin: Origin{Source: FromDefault, Range: v.DefaultAt}}
	for _, g := range later {
		if g.name == EnvVariable {
			quiet := *r // what is wrong is said when the variable gets its value
			quiet.budget = budget.New()
			val = quiet.evaluate(v, g, &diag.Diagnostics{})
		}
	}
	if val.Value == cty.NilVal || val.Value.IsNull() || !val.Value.IsKnown() || val.Value.Type() != cty.String {
		return nil
	}
	name := val.Value.AsString()
	picked, ok := bodies[name]
	if !ok {
		known := r.pack.EnvNames()
		r.diags.Add("unknown-env", val.Origin.Range, "Unknown env", "%s",
			fmt.Sprintf("There is no env %q (%s): the pack has no file env/%s.hcl.%s Known envs: %s.",
				name, val.Origin, name, diag.DidYouMean(name, known, ""), strings.Join(known, ", ")))
		return nil
	}
	r.values.Env = name
	return picked
}

// value is the final value of a variable.
func (r *resolver) value(v *Variable) Value {
	out := Value{Variable: v, Value: v.Default, Origin: Origin{Source: FromDefault, Range: v.DefaultAt}}
	g, ok := r.given[v.Name]
	switch {
	case ok:
		out = r.evaluate(v, g, &r.diags)
	case v.Required():
		out.Value = cty.UnknownVal(v.Type.WithoutOptionalAttributesDeep())
		about := ""
		if v.Description != "" {
			about = " (" + strings.TrimSuffix(v.Description, ".") + ")"
		}
		r.diags.Add("missing-variable", v.Range, "Missing variable", "%s",
			fmt.Sprintf("The variable %q%s has no default and no value: give -var %s=…, %s = … in a -var-file or an env file, or the environment variable %s%s.",
				v.Name, about, v.Name, v.Name, EnvPrefix, v.Name))
		return out
	}
	return out
}

// evaluate turns what was given into a value of the variable's type.
func (r *resolver) evaluate(v *Variable, g given, diags *diag.Diagnostics) Value {
	out := Value{Variable: v, Origin: g.origin, Value: cty.UnknownVal(v.Type.WithoutOptionalAttributesDeep())}
	var val cty.Value
	switch {
	case g.expr == nil && literal(v.Type):
		val = cty.StringVal(g.text)
	case g.expr == nil:
		var expr hcl.Expression
		hclDiags := pack.TooDeep([]byte(g.text), g.origin.Name, false)
		if !hclDiags.HasErrors() {
			expr, hclDiags = hclsyntax.ParseExpression([]byte(g.text), g.origin.Name, hcl.InitialPos)
		}
		if !hclDiags.HasErrors() {
			val, hclDiags = r.budget.Value(expr, nil)
		}
		if hclDiags.HasErrors() {
			diags.Add("wrong-type", hcl.Range{}, "Wrong type", "%s",
				fmt.Sprintf("%s: expected %s, written as in HCL%s.", g.origin.Name, v.typeName(), r.shown(v, g.text)))
			return out
		}
	default:
		var hclDiags hcl.Diagnostics
		val, hclDiags = r.budget.Value(g.expr, nil)
		if hclDiags.HasErrors() {
			for _, d := range diag.FromHCL(hclDiags) {
				d.Hidden = v.Sensitive
				*diags = append(*diags, d)
			}
			return out
		}
	}
	got, err := v.convert(val)
	if err != nil {
		d := diag.New("wrong-type", hcl.Range{}, "Wrong type", "%s",
			fmt.Sprintf("The value of variable %q (%s) does not fit its type %s, declared at %s:%d: %s.",
				v.Name, g.origin, v.typeName(), v.Range.Filename, v.Range.Start.Line, explain(err, v)))
		switch {
		case g.origin.Source == FromRelease:
			d.Detail += " Give it anew, or forget what the release remembers with -reset-values."
		case g.expr != nil:
			d.Subject = g.expr.Range()
		}
		d.Hidden = v.Sensitive
		*diags = append(*diags, d)
		return out
	}
	out.Value = got
	return out
}

// literal reports whether a text given on the command line means itself.
func literal(t cty.Type) bool { return t == cty.String || t == cty.DynamicPseudoType }

func (r *resolver) shown(v *Variable, text string) string {
	if v.Sensitive {
		return ""
	}
	return fmt.Sprintf("; got %s", text)
}
