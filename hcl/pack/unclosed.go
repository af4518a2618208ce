package pack

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// unclosed guesses from the indentation where a closing brace, bracket or parenthesis is missing: the parser notices at the end of
// the file, or at the next thing that does not fit, and points there or at the outermost block. It gives the line on which
// something was opened that is still open when a line stands no deeper, and the last line that may belong to it.
func unclosed(src []byte, name string) (opened, missing hcl.Range, found bool) {
	lines := strings.Split(string(src), "\n")
	indent := func(n int) int {
		l := lines[n-1]
		return len(l) - len(strings.TrimLeft(l, " \t"))
	}
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	var open []hclsyntax.Token
	last := 0 // the line of the token before
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComment {
			continue
		}
		n := t.Range.Start.Line
		first := n != last
		if len(open) > 0 && first && n <= len(lines) {
			top := open[len(open)-1]
			at := indent(top.Range.Start.Line)
			deeper := t.Type == hclsyntax.TokenEOF || indent(n) < at || indent(n) == at && !closes(t.Type)
			if deeper && top.Type != hclsyntax.TokenOHeredoc && top.Type != hclsyntax.TokenTemplateInterp {
				return top.Range, lineRange(name, lines, max(gap(lines, n, top.Range.Start.Line), top.Range.Start.Line)), true
			}
		}
		switch {
		case opens(t.Type):
			open = append(open, t)
		case closes(t.Type) && len(open) > 0:
			open = open[:len(open)-1]
		}
		last = t.Range.End.Line
		if t.Type == hclsyntax.TokenOHeredoc {
			last = n
		}
	}
	return hcl.Range{}, hcl.Range{}, false
}

// gap is the line before n where what is missing would stand: behind the last line that holds something, the blank one that
// was left there, or the last one itself.
func gap(lines []string, n, from int) int {
	last := n - 1
	for last > from && strings.TrimSpace(lines[last-1]) == "" {
		last--
	}
	return min(last+1, n-1)
}

func lineRange(name string, lines []string, n int) hcl.Range {
	return hcl.Range{Filename: name, Start: hcl.Pos{Line: n, Column: 1}, End: hcl.Pos{Line: n, Column: len(lines[n-1]) + 1}}
}

func opens(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOHeredoc, hclsyntax.TokenOQuote:
		return true
	}
	return false
}

func closes(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCHeredoc, hclsyntax.TokenCQuote:
		return true
	}
	return false
}
