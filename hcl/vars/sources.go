package vars

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
)

func (r *resolver) args(args []string) []given {
	var out []given
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" {
			r.diags.Add("bad-argument", hcl.Range{}, "Not a -var", "-var takes name=value; there is no equals sign in the argument for %q.", name)
			continue
		}
		g := given{name: name, text: text, origin: Origin{Source: FromArg, Name: "-var " + name}}
		if r.find(name) == nil {
			r.diags = append(r.diags, r.unknown(g, hcl.Range{}))
			continue
		}
		out = append(out, g)
	}
	return out
}

// environ takes PACKCTL_VAR_x in the order of the names. One that no variable wants is only a warning: a shell may hold
// values for other packs.
func (r *resolver) environ(environ []string) []given {
	var out []given
	for _, entry := range environ {
		name, text, ok := strings.Cut(entry, "=")
		short, ours := strings.CutPrefix(name, EnvPrefix)
		if !ok || !ours {
			continue
		}
		g := given{name: short, text: text, origin: Origin{Source: FromEnviron, Name: name}}
		if r.find(short) == nil {
			d := r.unknown(g, hcl.Range{})
			d.Severity = diag.Warning
			r.diags = append(r.diags, d)
			continue
		}
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(a, b given) int { return strings.Compare(a.name, b.name) })
	return out
}

// remembered takes what the release was given before. A variable that is gone is only a warning: the release forgets it.
func (r *resolver) remembered(in Remembered) []given {
	var out []given
	for _, v := range in.Values {
		g := given{name: v.Name, origin: Origin{Source: FromRelease, Name: in.From}}
		if r.find(v.Name) == nil {
			d := r.unknown(g, hcl.Range{})
			d.Severity = diag.Warning
			r.diags = append(r.diags, d)
			continue
		}
		expr, hclDiags := hclsyntax.ParseExpression([]byte(v.HCL), in.From, hcl.InitialPos)
		if hclDiags.HasErrors() {
			r.diags.Add("wrong-type", hcl.Range{}, "Wrong type", "%s remembers a value of %s that cannot be read: give it anew, or -reset-values.", in.From, v.Name)
			continue
		}
		g.expr = expr
		out = append(out, g)
	}
	return out
}

func (r *resolver) files(files []File) []given {
	var out []given
	for _, f := range files {
		r.values.Sources[f.Path] = f.Data
		var parsed *hcl.File
		hclDiags := pack.TooDeep(f.Data, f.Path, false)
		if !hclDiags.HasErrors() {
			parsed, hclDiags = hclsyntax.ParseConfig(f.Data, f.Path, hcl.InitialPos)
		}
		for _, d := range diag.FromHCL(hclDiags) {
			d.Hidden = r.sensitive
			r.diags = append(r.diags, d)
		}
		if hclDiags.HasErrors() {
			continue
		}
		out = append(out, r.body(parsed.Body.(*hclsyntax.Body), FromVarFile, f.Path, "")...)
	}
	return out
}

// body takes the attributes of an env file, whose label is its env, or of a var-file.
func (r *resolver) body(body *hclsyntax.Body, source Source, name, label string) []given {
	var out []given
	for _, b := range body.Blocks {
		r.diags.Add("unexpected-block", b.DefRange(), "Unexpected block", "A file of values holds only name = value; %s is a block.", b.Type)
	}
	for _, a := range pack.Attributes(body) {
		g := given{name: a.Name, expr: a.Expr, origin: Origin{Source: source, Name: name, Range: a.SrcRange}}
		switch {
		case r.find(a.Name) == nil:
			r.diags = append(r.diags, r.unknown(g, a.NameRange))
		case source == FromEnvFile && a.Name == EnvVariable:
			if v, hclDiags := budget.New().Value(a.Expr, nil); hclDiags.HasErrors() || !v.RawEquals(cty.StringVal(label)) {
				r.diags.Add("env-in-env", a.SrcRange, "env set by an env file", "The value of env picks this file, so here it can only be %q; give -var env=….", label)
			}
		default:
			out = append(out, g)
		}
	}
	return out
}
