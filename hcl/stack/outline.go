package stack

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// span is a part of a text, in bytes.
type span struct{ start, end int }

func spanOf(first, last hclsyntax.Token) span {
	return span{first.Range.Start.Byte, last.Range.End.Byte}
}

// outline is a text without the meaning of its expressions: where its blocks, attributes and words stand. The parser of
// jobs has read the text already, so it is lexed once and not parsed again. Of a broken text it has what stands before the fault.
type outline struct {
	text  string
	root  block
	words []span // names and the literal parts of texts, by place
}

type block struct {
	kind   string
	labels []string
	header span // from the type to the last label
	body   span // with its braces
	attrs  []attribute
	blocks []*block
}

type attribute struct {
	name    string
	whole   span
	value   span
	heredoc bool // the value begins as one
}

func newOutline(source []byte) *outline {
	tokens, _ := hclsyntax.LexConfig(source, "", hcl.InitialPos)
	o := &outline{text: string(source)}
	(&outliner{tokens: tokens}).body(&o.root)
	for i := 0; i < len(tokens); i++ {
		first := tokens[i]
		switch first.Type {
		case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
			// The lexer cuts a text at each "$" and each line; what looks like an expression stands across the cut.
			for i+1 < len(tokens) && tokens[i+1].Type == first.Type {
				i++
			}
			o.words = append(o.words, spanOf(first, tokens[i]))
		case hclsyntax.TokenIdent:
			o.words = append(o.words, spanOf(first, first))
		}
	}
	o.words = slices.Clip(o.words)
	return o
}

// job is the first job block, or nil.
func (o *outline) job() *block {
	for _, b := range o.root.blocks {
		if b.kind == "job" {
			return b
		}
	}
	return nil
}

// within are the words inside a part of the text.
func (o *outline) within(s span) []span {
	first := sort.Search(len(o.words), func(i int) bool { return o.words[i].start >= s.start })
	end := sort.Search(len(o.words), func(i int) bool { return o.words[i].end > s.end })
	return o.words[first:max(first, end)]
}

// line is the line number n, from 1, after the one in which a part of the text begins; the part itself where it has
// no such line.
func (o *outline) line(in span, n int) span {
	at := in.start
	for range n {
		i := strings.IndexByte(o.text[at:in.end], '\n')
		if i < 0 {
			return in
		}
		at += i + 1
	}
	end := len(o.text)
	if i := strings.IndexByte(o.text[at:], '\n'); i >= 0 {
		end = at + i
	}
	return span{at, end}
}

func (b *block) attribute(name string) *attribute {
	for i := range b.attrs {
		if b.attrs[i].name == name {
			return &b.attrs[i]
		}
	}
	return nil
}

// outliner goes through the tokens of a text. Its methods report whether the text goes on as it should.
type outliner struct {
	tokens hclsyntax.Tokens
	at     int
}

// body takes what stands in a block, to the brace that ends it or the end of the text.
func (o *outliner) body(b *block) bool {
	for ; o.at < len(o.tokens); o.at++ {
		switch t := o.tokens[o.at]; t.Type {
		case hclsyntax.TokenNewline, hclsyntax.TokenComment:
		case hclsyntax.TokenIdent:
			if !o.item(b, t) {
				return false
			}
		case hclsyntax.TokenCBrace:
			b.body.end = t.Range.End.Byte
			return true
		default:
			return t.Type == hclsyntax.TokenEOF
		}
	}
	return true
}

// item takes an attribute or a block, and stops at its last token.
func (o *outliner) item(in *block, name hclsyntax.Token) bool {
	b := &block{kind: string(name.Bytes), header: spanOf(name, name)}
	for o.at++; o.at < len(o.tokens); o.at++ {
		switch t := o.tokens[o.at]; t.Type {
		case hclsyntax.TokenEqual:
			return len(b.labels) == 0 && o.attribute(in, name)
		case hclsyntax.TokenIdent:
			b.labels = append(b.labels, string(t.Bytes))
			b.header.end = t.Range.End.Byte
		case hclsyntax.TokenOQuote:
			b.labels = append(b.labels, o.quoted())
			b.header.end = o.tokens[o.at].Range.End.Byte
		case hclsyntax.TokenOBrace:
			b.body = spanOf(t, t)
			in.blocks = append(in.blocks, b)
			o.at++
			return o.body(b)
		case hclsyntax.TokenComment:
		default:
			return false
		}
	}
	return false
}

// quoted takes a label in quotes, and stops at its closing one.
func (o *outliner) quoted() string {
	var text string
	for o.at < len(o.tokens)-1 {
		o.at++
		t := o.tokens[o.at]
		if t.Type != hclsyntax.TokenQuotedLit {
			break
		}
		part, _ := hclsyntax.ParseStringLiteralToken(t) // the parser of jobs tells its faults
		text += part
	}
	return text
}

// attribute takes the value behind an equals sign, and stops at its last token.
func (o *outliner) attribute(in *block, name hclsyntax.Token) bool {
	first, last, open := o.at+1, o.at, 0
	for i := first; i < len(o.tokens) && !o.ends(i, open); i++ {
		switch t := o.tokens[i]; t.Type {
		case hclsyntax.TokenComment:
			continue
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
			open--
		}
		last = i
	}
	if last < first {
		return false
	}
	if in.attribute(string(name.Bytes)) == nil {
		in.attrs = append(in.attrs, attribute{
			name: string(name.Bytes), whole: spanOf(name, o.tokens[last]), value: spanOf(o.tokens[first], o.tokens[last]),
			heredoc: o.tokens[first].Type == hclsyntax.TokenOHeredoc,
		})
	}
	o.at = last
	return true
}

// ends reports whether an attribute's value is over before a token; open is how many brackets of the value are.
func (o *outliner) ends(i, open int) bool {
	if open > 0 {
		return false
	}
	switch t := o.tokens[i]; t.Type {
	case hclsyntax.TokenNewline, hclsyntax.TokenEOF, hclsyntax.TokenCBrace:
		return true
	case hclsyntax.TokenComment:
		return bytes.HasSuffix(t.Bytes, []byte("\n")) // it takes the line's end in
	}
	return false
}
