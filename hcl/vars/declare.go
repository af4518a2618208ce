package vars

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
)

// Declare reads a pack's variable blocks, those of its job files too.
func Declare(p *pack.Pack) ([]*Variable, diag.Diagnostics) {
	var out []*Variable
	var diags diag.Diagnostics
	spend := budget.New()
	add := func(b *hclsyntax.Block, file string, src []byte) {
		v := declare(b, file, src, spend, &diags)
		for _, other := range out {
			if other.Name == v.Name && (other.File == "" || other.File == file) && file != "" {
				diags.Add("duplicate-variable", b.LabelRanges[0], "Duplicate variable",
					"The variable %q is already declared at %s:%d, which this file sees too; rename one of them.",
					v.Name, other.Range.Filename, other.Range.Start.Line)
				return
			}
		}
		out = append(out, v)
	}
	for _, b := range p.Variables {
		add(b, "", p.Sources[b.TypeRange.Filename])
	}
	for _, f := range p.Jobs {
		for _, b := range f.Body.Blocks {
			if b.Type == "variable" && len(b.Labels) == 1 {
				add(b, f.Path, f.Source)
			}
		}
	}
	for _, v := range out {
		v.reach(out, &diags)
	}
	return out, diags
}

func declare(b *hclsyntax.Block, file string, src []byte, spend *budget.Budget, diags *diag.Diagnostics) *Variable {
	v := &Variable{Name: b.Labels[0], File: file, Type: cty.DynamicPseudoType, Nullable: true, Range: b.DefRange()}
	attrs := b.Body.Attributes
	typed := false
	if a, ok := attrs["type"]; ok {
		t, defaults, hclDiags := typeexpr.TypeConstraintWithDefaults(a.Expr)
		*diags = append(*diags, diag.FromHCL(hclDiags)...)
		v.TypeText = string(a.Expr.Range().SliceBytes(src))
		if !hclDiags.HasErrors() {
			v.Type, v.defaults, typed = t, defaults, true
		}
	}
	constant(attrs["description"], spend, cty.String, func(x cty.Value) { v.Description = x.AsString() }, diags)
	constant(attrs["sensitive"], spend, cty.Bool, func(x cty.Value) { v.Sensitive = x.True() }, diags)
	constant(attrs["nullable"], spend, cty.Bool, func(x cty.Value) { v.Nullable = x.True() }, diags)
	if a, ok := attrs["default"]; ok {
		v.DefaultAt = a.Expr.Range()
		val, hclDiags := spend.Value(a.Expr, nil)
		*diags = append(*diags, diag.FromHCL(hclDiags)...)
		v.Default = cty.DynamicVal
		if !hclDiags.HasErrors() {
			v.Default = val
			if !typed && !val.IsNull() {
				v.Type = val.Type()
			}
			if x, err := v.convert(val); err != nil {
				diags.Add("wrong-default", a.Expr.Range(), "Default of the wrong type",
					"The default of variable %q does not fit its type %s: %s.", v.Name, v.typeName(), explain(err, v))
			} else {
				v.Default = x
			}
		}
	}
	for _, sub := range b.Body.Blocks {
		if sub.Type == "validation" {
			v.validation(sub, spend, diags)
		}
	}
	return v
}

func (v *Variable) typeName() string {
	if v.TypeText != "" {
		return strings.Join(strings.Fields(v.TypeText), " ")
	}
	if v.Type == cty.DynamicPseudoType {
		return "any"
	}
	return typeexpr.TypeString(v.Type)
}

// convert fits a value to the variable's type, optional attributes filled in.
func (v *Variable) convert(val cty.Value) (cty.Value, error) {
	if val.IsNull() {
		if !v.Nullable {
			return val, fmt.Errorf("null is not allowed")
		}
		return cty.NullVal(v.Type.WithoutOptionalAttributesDeep()), nil
	}
	if v.defaults != nil {
		val = v.defaults.Apply(val)
	}
	return convert.Convert(val, v.Type)
}

// explain is a conversion's error; of a sensitive variable nothing of the value may show.
func explain(err error, v *Variable) string {
	if v.Sensitive {
		return v.typeName() + " required"
	}
	var p cty.PathError
	if errors.As(err, &p) && len(p.Path) > 0 {
		return pathText(p.Path) + ": " + err.Error()
	}
	return err.Error()
}

func pathText(path cty.Path) string {
	var b strings.Builder
	for _, step := range path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + s.Name)
		case cty.IndexStep:
			if s.Key.Type() == cty.String {
				fmt.Fprintf(&b, "[%q]", s.Key.AsString())
			} else if s.Key.Type() == cty.Number {
				fmt.Fprintf(&b, "[%s]", s.Key.AsBigFloat().Text('f', -1))
			}
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

// constant evaluates an attribute that may not depend on anything.
func constant(a *hclsyntax.Attribute, spend *budget.Budget, t cty.Type, set func(cty.Value), diags *diag.Diagnostics) {
	if a == nil {
		return
	}
	val, hclDiags := spend.Value(a.Expr, nil)
	*diags = append(*diags, diag.FromHCL(hclDiags)...)
	if hclDiags.HasErrors() {
		return
	}
	got, err := convert.Convert(val, t)
	if err != nil || got.IsNull() {
		diags.Add("wrong-type", a.Expr.Range(), "Wrong type", "%s must be a %s.", a.Name, t.FriendlyName())
		return
	}
	set(got)
}
