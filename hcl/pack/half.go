package pack

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/diag"
)

// halfPatterns find texts that a slip of one character made of ${…} or %{…}: a character between the two, the two swapped, or
// one of them missing. roots is an alternation of the names that an expression begins with.
func halfPatterns(roots string) *regexp.Regexp {
	const directive = `~?\s*(if|for|else|endif|endfor)\b[^{}]*\}`
	rest := `(` + roots + `)[^{}]*\}`
	return regexp.MustCompile(strings.Join([]string{
		`\$[^\s${]\{` + rest, `\$[A-Za-z]\{[\w.]*[._][^{}"]*\}`, `\$[a-z]+\{[a-z]+\(`,
		`\{\$` + rest,
		`\$[^\s${\w]?` + rest, `\}~\}`,
		`(^|[^${])\{` + rest,
		`(^|[^%])%([^\s%{]\{?)?` + directive, `\{%` + directive, `(^|[^%{])\{` + directive,
	}, "|"))
}

// packRoots begin the expressions of the pack language.
const packRoots = `(var|local|release|pack)\.\w+|NOMAD_\w+|(attr|node|meta)\.\w+`

// halfAlways is for files of the pack language, of which a pack has many.
var halfAlways = sync.OnceValue(func() *regexp.Regexp { return halfPatterns(packRoots) })

// halfIn is for one file: a template, or one of the pack language, where an expression may also begin with the variable of a
// loop.
func halfIn(src []byte, reads []string) *regexp.Regexp {
	if reads != nil {
		quoted := make([]string, len(reads))
		for i, n := range reads {
			quoted[i] = regexp.QuoteMeta(n) + `\b`
		}
		return halfPatterns(strings.Join(append(quoted, `NOMAD_\w+`), "|") + loops(src))
	}
	if more := loops(src); more != "" {
		return halfPatterns(packRoots + more)
	}
	return halfAlways()
}

// loops are the variables of a file's loops, as more alternatives.
func loops(src []byte) string {
	var roots string
	for _, m := range loopVariable.FindAllSubmatch(src, -1) {
		for _, name := range m[1:] {
			if len(name) > 0 {
				roots += `|` + string(name) + `\b`
			}
		}
	}
	return roots
}

var loopVariable = regexp.MustCompile(`\bfor\s+(\w+)(?:\s*,\s*(\w+))?\s+in\b`)

// HalfExpressions warns of texts that look like ${…} or %{…} with a character too many or too few, and are handed on as they
// are. reads are the names that the expressions of a template may read, never nil; with nil the file is one of the pack language.
func HalfExpressions(src []byte, name string, reads []string) diag.Diagnostics {
	var half *regexp.Regexp
	var hits [][]int
	for at := 0; at < len(src); {
		end := len(src)
		if i := bytes.IndexByte(src[at:], '\n'); i >= 0 {
			end = at + i
		}
		if suspicious(src[at:end]) {
			if half == nil {
				half = halfIn(src, reads)
			}
			for _, m := range half.FindAllIndex(src[at:end], -1) {
				start := at + m[0]
				if !bytes.ContainsRune([]byte("${%"), rune(src[start])) {
					start++ // the character before it
				}
				hits = append(hits, []int{start, at + m[1]})
			}
		}
		at = end + 1
	}
	if len(hits) == 0 {
		return nil // nearly always, and then nothing is lexed
	}
	lex := hclsyntax.LexConfig
	if reads != nil {
		lex = hclsyntax.LexTemplate
	}
	var diags diag.Diagnostics
	tokens, _ := lex(src, name, hcl.InitialPos)
	for i := 0; i < len(tokens); i++ {
		if !plain(tokens[i]) {
			continue
		}
		// The lexer cuts a text at each "$" and each line; what looks like an expression stands across the cut.
		r := tokens[i].Range
		for i+1 < len(tokens) && tokens[i+1].Type == tokens[i].Type {
			i++
		}
		r.End = tokens[i].Range.End
		for _, m := range hits {
			if m[0] < r.Start.Byte || m[1] > r.End.Byte {
				continue
			}
			found := string(src[m[0]:m[1]])
			d := diag.New("half-expression", place(name, src, m[0], len(found)), "Expression that is only a text",
				"%q looks like an expression, ${…}, or a directive, %%{…}, and is handed on as text. To mean the text, silence this warning.", found)
			d.Severity = diag.Warning
			diags = append(diags, d)
		}
	}
	return diags
}

// suspicious reports whether a line holds a "}" and a "{", "$" or "%" that is no part of ${ or %{: a quick look, which nearly
// every line ends with.
func suspicious(line []byte) bool {
	if bytes.IndexByte(line, '}') < 0 {
		return false
	}
	var before byte
	for i, c := range line {
		sign := c == '$' || c == '%'
		if c == '}' && bytes.HasPrefix(line[i:], []byte("}~}")) || sign && (i+1 == len(line) || line[i+1] != '{') || c == '{' && before != '$' && before != '%' {
			return true
		}
		before = c
	}
	return false
}

func plain(t hclsyntax.Token) bool {
	return t.Type == hclsyntax.TokenQuotedLit || t.Type == hclsyntax.TokenStringLit
}

// place is where some bytes of a file stand.
func place(name string, src []byte, at, length int) hcl.Range {
	start := hcl.Pos{Line: 1 + bytes.Count(src[:at], []byte("\n")), Byte: at}
	start.Column = 1 + utf8.RuneCount(src[bytes.LastIndexByte(src[:at], '\n')+1:at])
	end := hcl.Pos{Line: start.Line, Column: start.Column + length, Byte: at + length}
	return hcl.Range{Filename: name, Start: start, End: end}
}
