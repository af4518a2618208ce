package eval

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// slot says where a literal is going to stand, which decides how it must be written.
type slot int

const (
	slotValue    slot = iota // the whole value of an attribute
	slotConfig               // the same in a block without schema, where jobspec2 wraps a syntactic object in a list
	slotElement              // between commas, brackets or parentheses
	slotOperand              // inside an operator or before an index
	slotKey                  // an object's key
	slotTemplate             // the content of ${ … }
	slotBranch               // a part of a template between directives: it cannot be replaced as a whole
)

// writeValue is a known value as an HCL expression. Maps come in the order of their keys.
func writeValue(b *strings.Builder, v cty.Value) error {
	t := v.Type()
	switch {
	case v.IsNull():
		b.WriteString("null")
	case !v.IsKnown():
		return fmt.Errorf("the value is not known")
	case t == cty.String:
		writeQuoted(b, v.AsString())
	case t == cty.Bool:
		fmt.Fprintf(b, "%t", v.True())
	case t == cty.Number:
		return writeNumber(b, v.AsBigFloat())
	case t.IsListType(), t.IsSetType(), t.IsTupleType():
		b.WriteByte('[')
		for it, i := v.ElementIterator(), 0; it.Next(); i++ {
			if i > 0 {
				b.WriteString(", ")
			}
			_, e := it.Element()
			if err := writeValue(b, e); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case t.IsMapType(), t.IsObjectType():
		if v.LengthInt() == 0 {
			b.WriteString("{}")
			return nil
		}
		b.WriteString("{ ")
		for it, i := v.ElementIterator(), 0; it.Next(); i++ {
			if i > 0 {
				b.WriteString(", ")
			}
			k, e := it.Element()
			writeKey(b, k.AsString())
			b.WriteString(" = ")
			if err := writeValue(b, e); err != nil {
				return err
			}
		}
		b.WriteString(" }")
	default:
		return fmt.Errorf("%s cannot be written as HCL", t.FriendlyName())
	}
	return nil
}

func writeNumber(b *strings.Builder, f *big.Float) error {
	if f.IsInf() {
		return fmt.Errorf("infinity cannot be written as HCL")
	}
	if n, accuracy := f.Int64(); accuracy == big.Exact && n != 0 {
		b.WriteString(strconv.FormatInt(n, 10))
		return nil
	}
	b.WriteString(f.Text('f', -1))
	return nil
}

// writeKey writes a key bare where the parser reads it back as a name: "for" would begin a loop, and the keywords read
// as values elsewhere.
func writeKey(b *strings.Builder, k string) {
	switch k {
	case "for", "null", "true", "false":
	default:
		if hclsyntax.ValidIdentifier(k) {
			b.WriteString(k)
			return
		}
	}
	writeQuoted(b, k)
}

func writeQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"':
			b.WriteString(`\"`)
		case r == '\\':
			b.WriteString(`\\`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xFFFF:
			fmt.Fprintf(b, `\u%04X`, r)
		default:
			fmt.Fprintf(b, `\U%08X`, r)
		}
	}
	b.WriteByte('"')
}

func quote(s string) string {
	var b strings.Builder
	writeQuoted(&b, s)
	return b.String()
}

// inlineable reports whether a text may stand in a template as it is, whatever is left and right of it.
func inlineable(s string) bool {
	if s == "" || strings.TrimSpace(s) != s || strings.ContainsAny(s, "\"\\{}$%") {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// heredoc is a text of lines as a heredoc, or false where only quotes can hold it.
func heredoc(s string) (string, bool) {
	if !strings.HasSuffix(s, "\n") || strings.Count(s, "\n") < 2 {
		return "", false
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return "", false
		}
	}
	word := delimiter(s, "EOT")
	return "<<" + word + "\n" + escapeTemplate(s) + word, true
}

// delimiter is a heredoc word that is no line of the text.
func delimiter(s, word string) string {
	taken := map[string]bool{}
	for line := range strings.SplitSeq(s, "\n") {
		taken[strings.TrimSpace(line)] = true
	}
	for i := 2; taken[word]; i++ {
		word = fmt.Sprintf("%s%d", strings.TrimRight(word, "0123456789"), i)
	}
	return word
}

func escapeTemplate(s string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(s)
}

// literal writes a value for a slot. room says whether nothing but a line's end follows, so that a heredoc may stand.
func literal(v cty.Value, at slot, room bool) (string, error) {
	t := v.Type()
	known := !v.IsNull() && v.IsKnown()
	if (at == slotValue || at == slotConfig) && room && known && t == cty.String {
		if doc, ok := heredoc(v.AsString()); ok {
			return doc, nil
		}
	}
	var b strings.Builder
	if err := writeValue(&b, v); err != nil {
		return "", err
	}
	s := b.String()
	switch {
	case at == slotConfig && known && (t.IsMapType() || t.IsObjectType()):
		return "(" + s + ")", nil
	case at == slotOperand && strings.HasPrefix(s, "-"):
		return "(" + s + ")", nil
	}
	return s, nil
}
