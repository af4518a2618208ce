package packtest

import (
	"errors"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
)

// functions are those of job files, and some that only tests need.
func functions(p *pack.Pack) map[string]function.Function {
	out := eval.Functions(p)
	out["alltrue"] = quantifier(true)
	out["anytrue"] = quantifier(false)
	out["strcontains"] = compare(strings.Contains)
	out["startswith"] = compare(strings.HasPrefix)
	out["endswith"] = compare(strings.HasSuffix)
	out["regex"] = stdlib.RegexFunc
	out["regexall"] = stdlib.RegexAllFunc
	out["length"] = length()
	return out
}

// length counts an object's keys too: that is what blocks with labels are here.
func length() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Number),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			switch v := args[0]; {
			case v.Type().IsObjectType():
				return cty.NumberIntVal(int64(len(v.Type().AttributeTypes()))), nil
			case v.Type() == cty.String:
				return stdlib.Strlen(v)
			default:
				return stdlib.Length(v)
			}
		},
	})
}

// quantifier tells whether all, or any, of a list are true. Of an empty list all are.
func quantifier(all bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if !args[0].CanIterateElements() {
				return cty.False, function.NewArgError(0, errors.New("a list of true and false is needed"))
			}
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if v.IsNull() || v.Type() != cty.Bool {
					return cty.False, function.NewArgError(0, errors.New("a list of true and false is needed"))
				}
				if v.True() != all {
					return cty.BoolVal(!all), nil
				}
			}
			return cty.BoolVal(all), nil
		},
	})
}

func compare(holds func(text, part string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(holds(args[0].AsString(), args[1].AsString())), nil
		},
	})
}
