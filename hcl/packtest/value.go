package packtest

import (
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// maxValue is how much of a value is shown.
const maxValue = 300

// brief is a value on one line, as it would be written.
func brief(v cty.Value) string {
	var b strings.Builder
	write(&b, v)
	if runes := []rune(b.String()); len(runes) > maxValue {
		return string(runes[:maxValue]) + "…"
	}
	return b.String()
}

func write(b *strings.Builder, v cty.Value) {
	switch t := v.Type(); {
	case !v.IsKnown():
		b.WriteString("(unknown)")
	case v.IsNull():
		b.WriteString("null")
	case t.IsObjectType() || t.IsMapType():
		b.WriteByte('{')
		separator := " "
		for it := v.ElementIterator(); it.Next(); {
			key, element := it.Element()
			// What was not written says nothing here.
			if t.IsObjectType() && element.IsKnown() && element.IsNull() {
				continue
			}
			b.WriteString(separator)
			if name := key.AsString(); hclsyntax.ValidIdentifier(name) {
				b.WriteString(name)
			} else {
				write(b, key)
			}
			b.WriteString(" = ")
			write(b, element)
			separator = ", "
		}
		b.WriteString(" }")
	case v.CanIterateElements():
		b.WriteByte('[')
		separator := ""
		for it := v.ElementIterator(); it.Next(); {
			_, element := it.Element()
			b.WriteString(separator)
			write(b, element)
			separator = ", "
		}
		b.WriteByte(']')
	default:
		b.Write(hclwrite.TokensForValue(v).Bytes())
	}
}
