package budget_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/jobspec2"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/budget"
)

func parse(t *testing.T, text string) hclsyntax.Expression {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(text), "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", text, diags)
	}
	return e
}

func context() *hcl.EvalContext {
	return &hcl.EvalContext{
		Functions: jobspec2.Functions("", false),
		Variables: map[string]cty.Value{
			"n": cty.NumberIntVal(3), "list": cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
			"secret": cty.StringVal("s").Mark("sensitive"), "unknown": cty.UnknownVal(cty.String),
			"map": cty.MapVal(map[string]cty.Value{"k": cty.StringVal("v")}), "none": cty.NullVal(cty.String),
		},
	}
}

// What an expression means, and what is wrong with it at which place, is the same with a budget and without.
func TestAnExpressionMeansTheSameWithinABudget(t *testing.T) {
	for _, text := range []string{
		`[for i, v in list : "${i}-${upper(v)}" if v != "a"]`, `{ for v in list : v => n }`, `{ for v in list : "x" => v... }`,
		`list[*]`, `[{ a = 1 }, { a = 2 }][*].a`, `map.k`, `map["k"]`, `list[n - 2]`, `{ (map.k) = 1, n = 2, "q" = n + 1 }`,
		`"%{ for v in list }${v},%{ endfor }"`, `"%{ if n > 2 }yes%{ else }no%{ endif }"`, `"${n}"`, `"${list}"`, `"a${none}"`,
		`setproduct(list, list)`, `format("%05.2f|%s", n, list[0])`, `formatlist("%s!", list)`, `merge(map, { z = n })`, `join(",", list...)`, `join(",", list)`,
		`max([n, 4]...)`, `max(none...)`, `convert(["1"], list(number))`, `try(list[7], "else")`, `can(list[7])`, `replace("aa", "a", "bb")`, `!(n > 2) ? -n : (n)`,
		`secret`, `"${secret}!"`, `upper(secret)`, `[for v in [secret] : v]`, `unknown`, `"${unknown}"`, `upper(unknown)`, `[for v in unknown : v]`,
		`nosuch(1)`, `upper()`, `upper(list)`, `nosuch`, `list[7]`, `{ for v in list : "x" => v }`, `[for v in n : v]`, `1 + "x"`, `jsondecode("{")`, `try(list[7])`,
		`distinct(["a", "a"])`, `indent(2, "a\nb")`, `split(",", "a,b")`, `range(n)`, `1 / 0`, `null`, `[null][0]`,
	} {
		e := parse(t, text)
		for _, ctx := range []*hcl.EvalContext{context(), nil} {
			want, wantDiags := e.Value(ctx)
			got, diags := budget.New().Value(e, ctx)
			if !got.RawEquals(want) || diags.Error() != wantDiags.Error() {
				t.Errorf("%s\ngot  %#v %v\nwant %#v %v", text, got, diags, want, wantDiags)
			}
		}
	}
}

// A budget is spent by all expressions together, and that is told once.
func TestABudgetIsSpentOnceForAll(t *testing.T) {
	b := budget.New()
	told := 0
	e := parse(t, `[for a in range(1000) : [for b in range(40) : a]]`)
	for range 10 {
		v, diags := b.Value(e, context())
		told += len(diags)
		if b.Spent() && v.IsKnown() {
			t.Errorf("a value in spite of it: %v", diags)
		}
	}
	if !b.Spent() || told != 1 || len(b.Tell()) > 0 || len(b.Over()) != 1 {
		t.Errorf("spent %t, told %d times", b.Spent(), told)
	}
	if v, diags := budget.New().Value(e, context()); diags.HasErrors() || v.LengthInt() != 1000 {
		t.Errorf("a fresh budget: %v", diags)
	}
	if b := budget.Share(1000); len(must(b.Value(e, context()))) != 1 {
		t.Error("the share of one file of a thousand is as much as the whole")
	}
}

func must(_ cty.Value, diags hcl.Diagnostics) hcl.Diagnostics { return diags }
