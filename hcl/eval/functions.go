package eval

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/jobspec2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
)

func nomadFunctions() map[string]function.Function { return jobspec2.Functions("", false) }

// refused are functions whose result would not be the same in the next run, or depends on the machine.
func refused() map[string]string {
	return map[string]string{
		"uuidv4":     "its result is random, so no two renders would be alike; uuidv5 makes one from a name",
		"bcrypt":     "its result is random, so no two renders would be alike",
		"abspath":    "it depends on the machine that renders",
		"pathexpand": "it depends on the user who renders",
	}
}

// isPackFunction reports whether a function is the pack's own, which Nomad could not call.
func isPackFunction(name string) bool {
	switch name {
	case "file", "filebase64", "templatefile", "fileset", "fileexists", "basename", "dirname":
		return true
	}
	return false
}

// joins reports whether a function passes a runtime expression on unharmed. Nomad's parser hands the others the text
// "${…}" itself.
func joins(name string) bool {
	switch name {
	case "format", "formatlist", "join", "concat", "merge", "coalesce", "coalescelist", "lookup", "try", "flatten", "jsonencode", "yamlencode",
		"compact", "distinct", "templatefile", "values", "zipmap", "chomp", "trimspace", "convert", "slice", "element", "setunion":
		return true
	}
	return false
}

func (e *evaluator) packFunctions(known map[string]function.Function) map[string]function.Function {
	text := func(name string) []function.Parameter { return []function.Parameter{{Name: name, Type: cty.String}} }
	simple := func(params []function.Parameter, t cty.Type, f func(args []string) (cty.Value, error)) function.Function {
		return function.New(&function.Spec{Params: params, Type: function.StaticReturnType(t), Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			texts := make([]string, len(args))
			for i, a := range args {
				texts[i] = a.AsString()
			}
			return f(texts)
		}})
	}
	return map[string]function.Function{
		"file": simple(text("path"), cty.String, func(a []string) (cty.Value, error) {
			b, err := e.text(a[0])
			return cty.StringVal(string(b)), err
		}),
		"filebase64": simple(text("path"), cty.String, func(a []string) (cty.Value, error) {
			b, err := e.read(a[0])
			return cty.StringVal(base64.StdEncoding.EncodeToString(b)), err
		}),
		"fileexists": simple(text("path"), cty.Bool, func(a []string) (cty.Value, error) {
			_, err := e.pack.Read(a[0])
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return cty.False, err
			}
			return cty.BoolVal(err == nil), nil
		}),
		"fileset": simple(append(text("path"), text("pattern")...), cty.Set(cty.String), func(a []string) (cty.Value, error) {
			names, err := e.pack.Glob(a[0], a[1])
			if err != nil {
				return cty.NilVal, err
			}
			if len(names) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			out := make([]cty.Value, len(names))
			for i, n := range names {
				out[i] = cty.StringVal(n)
			}
			return cty.SetVal(out), nil
		}),
		"basename":     simple(text("path"), cty.String, func(a []string) (cty.Value, error) { return cty.StringVal(path.Base(a[0])), nil }),
		"dirname":      simple(text("path"), cty.String, func(a []string) (cty.Value, error) { return cty.StringVal(path.Dir(a[0])), nil }),
		"templatefile": e.templateFunction(known),
	}
}

// templateFunction is templatefile, with the functions that a template can call.
func (e *evaluator) templateFunction(known map[string]function.Function) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type: func(args []cty.Value) (cty.Type, error) {
			if !args[0].IsKnown() || !args[1].IsWhollyKnown() {
				return cty.DynamicPseudoType, nil
			}
			v, err := e.templateFile(args[0].AsString(), args[1], known)
			return v.Type(), err
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return e.templateFile(args[0].AsString(), args[1], known)
		},
	})
}

// read is a file of the pack, for a message that names it.
func (e *evaluator) read(at string) ([]byte, error) {
	b, err := e.pack.Read(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the pack has no file %s; paths start at the pack's folder", at)
	case err != nil:
		return nil, err
	}
	return b, nil
}

func (e *evaluator) text(at string) ([]byte, error) {
	b, err := e.read(at)
	if err == nil && !utf8.Valid(b) {
		return nil, fmt.Errorf("%s is not UTF-8 text; filebase64 reads any bytes", at)
	}
	if err == nil {
		e.taken.keep(e.pack.FileName(at), b)
	}
	return b, err
}

// template is a parsed template of the pack, for a call that gives it some variables. One that many tiers render is read and
// parsed once.
func (e *evaluator) template(at string, given []string) (hclsyntax.Expression, error) {
	return e.taken.template(at, given, func(t *template) (hclsyntax.Expression, error) {
		src, err := e.text(at)
		if err != nil {
			return nil, function.NewArgError(0, err)
		}
		clean, err := pack.Clean(at)
		if err != nil {
			return nil, function.NewArgError(0, err)
		}
		name := e.pack.FileName(clean)
		if diags := pack.TooDeep(src, name, true); diags != nil {
			return nil, diags
		}
		t.name, t.src = name, src
		expr, diags := hclsyntax.ParseTemplate(src, name, hcl.InitialPos)
		if diags.HasErrors() {
			return nil, diags
		}
		return expr, nil
	})
}

// templateFile renders a template of the pack. It sees the given variables only; a runtime expression passes through.
func (e *evaluator) templateFile(at string, given cty.Value, functions map[string]function.Function) (cty.Value, error) {
	if t := given.Type(); !t.IsObjectType() && !t.IsMapType() || given.IsNull() {
		return cty.DynamicVal, function.NewArgErrorf(1, "the template's variables are an object, such as { name = var.name }")
	}
	values := given.AsValueMap()
	expr, err := e.template(at, slices.Sorted(maps.Keys(values)))
	if err != nil {
		return cty.DynamicVal, err
	}
	for _, t := range expr.Variables() {
		if _, ok := values[t.RootName()]; !ok && !isRuntime(t.RootName()) {
			r := t.SourceRange()
			return cty.DynamicVal, hcl.Diagnostics{{
				Severity: hcl.DiagError, Summary: "Unknown variable", Subject: &r,
				Detail: fmt.Sprintf("The template reads %q, which is not among the variables that templatefile gives it.%s",
					t.RootName(), diag.DidYouMean(t.RootName(), slices.Sorted(maps.Keys(values)), "")),
			}}
		}
	}
	s := &scope{ctx: &hcl.EvalContext{Variables: values, Functions: functions}}
	if s.ctx.Variables == nil {
		s.ctx.Variables = map[string]cty.Value{}
	}
	v, diags := e.budget.Try(expr, s.lenient())
	if e.budget.Spent() {
		return cty.DynamicVal, nil // whoever evaluates the call says so
	}
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return v, nil
}

// Functions are those that a pack's files can call, for whoever evaluates expressions beside them.
func Functions(p *pack.Pack) map[string]function.Function {
	return (&evaluator{pack: p, taken: newTaken(), budget: budget.New()}).functions()
}
