package pack

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// unclosed adds to what the parser found in a file the place where the indentation says that a brace, bracket or
// parenthesis is missing or too many: the parser notices at the end of the file, or at the next thing that does not fit, and
// points there or at the outermost block.
func (l *loader) unclosed(src []byte, name string) {
	opened, missing, found := unclosed(src, name)
	if !found {
		if in, ok := innermost(src, name, l.diags[len(l.diags)-1].Subject.Start); ok {
			l.diags.Relate("inside of what is opened here", in)
		}
		return
	}
	last := &l.diags[len(l.diags)-1]
	if last.ID == "unclosed-configuration-block" {
		last.Subject = opened
		last.Detail = "This is opened here and closed nowhere, by the indentation of what follows."
	} else {
		l.diags.Relate("opened here, by the indentation", opened)
	}
	l.diags.Relate("and not closed, or not by its own kind, up to here", missing)
}

// innermost is the bracket or parenthesis around a place, where it stands on another line.
func innermost(src []byte, name string, at hcl.Pos) (hcl.Range, bool) {
	var open []hclsyntax.Token
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	for _, t := range tokens {
		if t.Range.Start.Byte >= at.Byte {
			break
		}
		switch {
		case opener(t.Type) != 0:
			open = append(open, t)
		case closes(t.Type) && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	for _, t := range slices.Backward(open) {
		switch t.Type {
		case hclsyntax.TokenOParen, hclsyntax.TokenOBrack:
			if t.Range.Start.Line != at.Line {
				return t.Range, true
			}
		case hclsyntax.TokenOBrace:
			return hcl.Range{}, false
		}
	}
	return hcl.Range{}, false
}

// nesting follows what is open in a file.
type nesting struct {
	name  string
	lines []string
	open  []hclsyntax.Token
	early map[int]pair // the last that was opened on a line of an indentation, and what closed it
}

type pair struct{ opened, closed hclsyntax.Token }

// unclosed guesses where a closing brace, bracket or parenthesis is missing. It gives the line on which something was opened
// that is still open when a line stands no deeper, or that something of another kind closes, and the last line that may
// belong to it. Of a closing brace too many it gives the brace.
func unclosed(src []byte, name string) (opened, missing hcl.Range, found bool) {
	n := nesting{name: name, lines: strings.Split(string(src), "\n"), early: map[int]pair{}}
	tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
	last := 0 // the line of the token before
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComment {
			continue
		}
		first := t.Range.Start.Line != last
		if opened, missing, found = n.fault(t, first); found {
			return opened, missing, true
		}
		switch {
		case opener(t.Type) != 0:
			n.open = append(n.open, t)
		case closes(t.Type) && len(n.open) > 0:
			n.early[n.indent(n.top().Range.Start.Line)] = pair{n.top(), t}
			n.open = n.open[:len(n.open)-1]
		}
		last = t.Range.End.Line
		if t.Type == hclsyntax.TokenOHeredoc {
			last = t.Range.Start.Line
		}
	}
	return hcl.Range{}, hcl.Range{}, false
}

func (n *nesting) top() hclsyntax.Token { return n.open[len(n.open)-1] }

// fault reports whether a token, the first of its line or not, cannot stand where it does.
func (n *nesting) fault(t hclsyntax.Token, first bool) (opened, missing hcl.Range, found bool) {
	line := t.Range.Start.Line
	if line > len(n.lines) && t.Type != hclsyntax.TokenEOF {
		return opened, missing, false
	}
	if len(n.open) == 0 {
		if early, ok := n.early[n.indent(line)]; ok && closes(t.Type) {
			return early.closed.Range, n.at(line), true // closed before: one of the two is too many
		}
		return opened, missing, false
	}
	top := n.top()
	if top.Type == hclsyntax.TokenOHeredoc || top.Type == hclsyntax.TokenOQuote {
		return opened, missing, false
	}
	from := top.Range.Start.Line
	if closes(t.Type) && opener(top.Type) != t.Type {
		if early, ok := n.early[n.indent(line)]; ok && n.indent(line) > n.indent(from) {
			return early.opened.Range, n.at(line), true // its own opening one is missing there
		}
		return top.Range, n.at(max(min(line, n.gap(line, from)), from)), true
	}
	if !first || top.Type == hclsyntax.TokenTemplateInterp {
		return opened, missing, false
	}
	at, here := n.indent(from), n.indent(line)
	switch {
	case t.Type == hclsyntax.TokenEOF || here < at || here == at && !closes(t.Type):
		return top.Range, n.at(max(n.gap(line, from), from)), true
	case closes(t.Type) && here > at:
		if early, ok := n.early[here]; ok {
			return early.closed.Range, n.at(line), true
		}
	}
	return opened, missing, false
}

func (n *nesting) indent(line int) int {
	if line > len(n.lines) {
		return 0
	}
	l := n.lines[line-1]
	return len(l) - len(strings.TrimLeft(l, " \t"))
}

// gap is the line before another where what is missing would stand: behind the last line that holds something, the blank one
// that was left there, or the last one itself.
func (n *nesting) gap(line, from int) int {
	last := line - 1
	for last > from && strings.TrimSpace(n.lines[last-1]) == "" {
		last--
	}
	return min(last+1, line-1)
}

func (n *nesting) at(line int) hcl.Range {
	line = min(line, len(n.lines))
	return hcl.Range{Filename: n.name, Start: hcl.Pos{Line: line, Column: 1}, End: hcl.Pos{Line: line, Column: len(n.lines[line-1]) + 1}}
}

// opener is what closes a token that opens something, 0 for any other.
func opener(t hclsyntax.TokenType) hclsyntax.TokenType {
	switch t {
	case hclsyntax.TokenOBrace:
		return hclsyntax.TokenCBrace
	case hclsyntax.TokenOBrack:
		return hclsyntax.TokenCBrack
	case hclsyntax.TokenOParen:
		return hclsyntax.TokenCParen
	case hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return hclsyntax.TokenTemplateSeqEnd
	case hclsyntax.TokenOHeredoc:
		return hclsyntax.TokenCHeredoc
	case hclsyntax.TokenOQuote:
		return hclsyntax.TokenCQuote
	}
	return 0
}

func closes(t hclsyntax.TokenType) bool {
	return slices.Contains([]hclsyntax.TokenType{
		hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCHeredoc, hclsyntax.TokenCQuote,
	}, t)
}
