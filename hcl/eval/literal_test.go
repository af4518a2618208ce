package eval

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// What is written must be read back as it was, wherever it stands.
func TestTextsAreReadBackAsTheyWere(t *testing.T) {
	for _, s := range []string{
		"", "plain", " edges ", "$", "%", "${x}", "$${x}", "$$${x}", "%{if}", "%%{if}", "${", "$", "a$", "{x}", "\"", `\`, `\n`, "\n", "a\nb", "a\nb\n",
		"EOT\nEOT2\n", "\t\r\n", "\u0001\u200b", "日本 👩‍👩‍👧", "  a\n b\n", "<<EOT\n\n", "\\\"\n\n", "$\n{x}\n", "EOT", "a\nEOT\n",
	} {
		v := cty.StringVal(s)
		for _, at := range []slot{slotValue, slotElement} {
			for _, room := range []bool{true, false} {
				text, err := literal(v, at, room)
				if err != nil {
					t.Fatal(err)
				}
				back(t, "x = "+text+"\n", v)
				if strings.HasPrefix(text, "<<") && (!room || at != slotValue) {
					t.Errorf("%q became a heredoc where none may stand", s)
				}
			}
		}
		if inlineable(s) {
			back(t, `x = "`+"<"+s+`>"`+"\n", cty.StringVal("<"+s+">"))
		}
		back(t, `x = "<${`+quote(s)+`}>"`+"\n", cty.StringVal("<"+s+">"))
	}
}

func TestValuesAreReadBackAsTheyWere(t *testing.T) {
	for name, v := range map[string]cty.Value{
		"keys that read as something else": cty.ObjectVal(map[string]cty.Value{"for": cty.True, "null": cty.NullVal(cty.DynamicPseudoType), "a b": cty.Zero, "a-b": cty.Zero, "": cty.Zero, "${x}": cty.Zero}),
		"numbers":                          cty.TupleVal([]cty.Value{cty.MustParseNumberVal("-0.1"), cty.MustParseNumberVal("1e40"), cty.MustParseNumberVal("123456789012345678901234567890.5")}),
		"nested":                           cty.TupleVal([]cty.Value{cty.EmptyObjectVal, cty.EmptyTupleVal, cty.TupleVal([]cty.Value{cty.StringVal("x")})}),
		"nothing":                          cty.NullVal(cty.DynamicPseudoType),
		"a true":                           cty.True,
	} {
		t.Run(name, func(t *testing.T) {
			for _, at := range []slot{slotValue, slotConfig, slotOperand, slotElement} {
				text, err := literal(v, at, true)
				if err != nil {
					t.Fatal(err)
				}
				back(t, "x = "+text+"\n", v)
			}
		})
	}
	if text, _ := literal(cty.NumberIntVal(-1), slotOperand, true); text != "(-1)" {
		t.Errorf("a negative number beside an operator is written %s", text)
	}
	if _, err := literal(cty.UnknownVal(cty.String), slotValue, true); err == nil {
		t.Error("an unknown value was written")
	}
}

func back(t *testing.T, src string, want cty.Value) {
	t.Helper()
	f, diags := hclsyntax.ParseConfig([]byte(src), "x", hcl.InitialPos)
	if diags.HasErrors() {
		t.Errorf("%q cannot be parsed: %v", src, diags)
		return
	}
	attrs, _ := f.Body.JustAttributes()
	got, diags := attrs["x"].Expr.Value(nil)
	if diags.HasErrors() || !got.RawEquals(want) {
		t.Errorf("%q reads as %#v, want %#v (%v)", src, got, want, diags)
	}
}
