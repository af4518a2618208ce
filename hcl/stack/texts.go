package stack

import (
	"bytes"
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Text is a piece of a rendered block: a text, a name, a number; never a comment.
type Text struct {
	Text string
	At   func(offset int) hcl.Range // the author's place of a byte of it
}

// Texts lists the pieces of the block that a step leads to from the job, in their order.
func (j *Job) Texts(block Step) []Text {
	p := j.places
	if p.job == nil {
		return nil
	}
	b := block.in(p.job.Body)
	if b == nil {
		return nil
	}
	var out []Text
	tokens := j.tokens()
	first := sort.Search(len(tokens), func(i int) bool { return tokens[i].Range.Start.Byte >= b.Body.SrcRange.Start.Byte })
	for i := first; i < len(tokens) && tokens[i].Range.End.Byte <= b.Body.SrcRange.End.Byte; i++ {
		t := tokens[i]
		// The lexer cuts a text at each "$" and each line; what looks like an expression stands across the cut.
		for literal(t) && i+1 < len(tokens) && tokens[i+1].Type == t.Type {
			i++
			t.Bytes = j.Source[t.Range.Start.Byte:tokens[i].Range.End.Byte]
			t.Range.End = tokens[i].Range.End
		}
		switch t.Type {
		case hclsyntax.TokenIdent, hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit:
			out = append(out, Text{string(t.Bytes), func(offset int) hcl.Range { return j.inToken(t, offset) }})
		}
	}
	return out
}

func literal(t hclsyntax.Token) bool {
	return t.Type == hclsyntax.TokenQuotedLit || t.Type == hclsyntax.TokenStringLit
}

// tokens are those of the rendered text, lexed once: every group of a large job asks for them.
func (j *Job) tokens() hclsyntax.Tokens {
	if j.lexed == nil {
		j.lexed, _ = hclsyntax.LexConfig(j.Source, j.File, hcl.InitialPos) // it was parsed before
	}
	return j.lexed
}

// inToken is the author's place of a byte of a token; of a file that an expression took in, the line there.
func (j *Job) inToken(t hclsyntax.Token, offset int) hcl.Range {
	at := t.Range
	lines := bytes.Count(t.Bytes[:offset], []byte("\n"))
	at.Start.Line += lines
	if lines > 0 {
		at.Start.Column = 1 + offset - bytes.LastIndexByte(t.Bytes[:offset], '\n') - 1
	} else {
		at.Start.Column += offset
	}
	at.End = hcl.Pos{Line: at.Start.Line, Column: at.Start.Column + 1}
	found := j.places.author(at)
	if in, ok := j.fileLineOf(found, t, offset); ok {
		return in
	}
	if found.Start.Line == found.End.Line {
		return found
	}
	return hcl.Range{Filename: found.Filename, Start: found.Start, End: found.Start}
}

// fileLineOf finds the line of a token in the file that the expression of the author's took in.
func (j *Job) fileLineOf(expr hcl.Range, t hclsyntax.Token, offset int) (hcl.Range, bool) {
	start := bytes.LastIndexByte(t.Bytes[:offset], '\n') + 1
	end := len(t.Bytes)
	if i := bytes.IndexByte(t.Bytes[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	return j.fileLine(expr, string(t.Bytes[start:end]), 1)
}

// servicesIn lists the names in the service blocks of a rendered text.
func servicesIn(source []byte) []string {
	file, _ := hclsyntax.ParseConfig(source, "", hcl.InitialPos) // the parser of jobs tells its faults
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return nil
	}
	var out []string
	var visit func(*hclsyntax.Body)
	visit = func(body *hclsyntax.Body) {
		for _, b := range body.Blocks {
			if a := b.Body.Attributes["name"]; b.Type == "service" && a != nil {
				if v, diags := a.Expr.Value(nil); !diags.HasErrors() && v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
					out = append(out, v.AsString())
				}
			}
			visit(b.Body)
		}
	}
	visit(body)
	return out
}
