package vars

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// maxBrief is how many characters of a value a diagnostic shows.
const maxBrief = 60

// Brief is a value as HCL on one line, cut short. It is for values that are not sensitive.
func Brief(v cty.Value) string {
	v, _ = v.UnmarkDeep()
	if v == cty.NilVal || !v.IsWhollyKnown() {
		return "(unknown)"
	}
	text := []rune(strings.Join(strings.Fields(string(hclwrite.TokensForValue(v).Bytes())), " "))
	if len(text) > maxBrief {
		return string(text[:maxBrief-1]) + "…"
	}
	return string(text)
}

// Involved says what the value is and where it came from, for a diagnostic that it has a part in:
// `var.env as "prod", from env/prod.hcl:3`. A sensitive value is not shown.
func (v Value) Involved() string {
	text := v.String()
	if !v.Variable.Sensitive {
		text = Brief(v.Value)
	}
	return "var." + v.Variable.Name + " as " + text + ", from " + v.Origin.String()
}
