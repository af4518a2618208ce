package vars

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/pack"
)

// Table is the inputs of a pack as a Markdown table, for its README. Variables that only one job file sees are its own
// business and left out.
func Table(p *pack.Pack) string {
	declared, _ := Declare(p)
	var b strings.Builder
	b.WriteString("| variable | type | default | meaning |\n|---|---|---|---|\n")
	for _, v := range declared {
		if v.File != "" {
			continue
		}
		about := v.Description
		if v.Sensitive {
			about = strings.TrimSpace(about + " (sensitive)")
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s |\n", v.Name, v.typeName(), v.defaultText(p), cell(about))
	}
	return b.String()
}

// TypeName is the type as the author wrote it, on one line; "any" where there is none.
func (v *Variable) TypeName() string { return v.typeName() }

// defaultText is the default as the author wrote it.
func (v *Variable) defaultText(p *pack.Pack) string {
	if v.Required() {
		return "required"
	}
	for _, b := range p.Variables {
		if b.Labels[0] != v.Name {
			continue
		}
		src := v.DefaultAt.SliceBytes(p.Sources[b.TypeRange.Filename])
		text := strings.Join(strings.Fields(string(src)), " ")
		if _, heredoc := b.Body.Attributes["default"].Expr.(*hclsyntax.TemplateExpr); heredoc && strings.HasPrefix(text, "<<") {
			return "a text of several lines"
		}
		return "`" + cell(text) + "`"
	}
	return ""
}

func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
