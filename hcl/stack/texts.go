package stack

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Text is a piece of a rendered block: a text, a name, a number; never a comment.
type Text struct {
	Text       string
	Expression bool                       // a name that an expression begins with
	At         func(offset int) hcl.Range // the author's place of a byte of it
}

// Texts lists the pieces of the block that a step leads to from the job, in their order.
func (j *Job) Texts(block Step) []Text {
	p := j.places
	job := p.job()
	if job == nil {
		return nil
	}
	b := block.in(job)
	if b == nil {
		return nil
	}
	words := p.text.within(b.body)
	out := make([]Text, len(words))
	for i, w := range words {
		before := strings.TrimRight(p.text.text[:w.start], " ")
		out[i] = Text{p.text.text[w.start:w.end], strings.HasSuffix(before, "${"), func(offset int) hcl.Range { return j.inWord(w, offset) }}
	}
	return out
}

// inWord is the author's place of a byte of a word; of a file that an expression took in, the line there.
func (j *Job) inWord(w span, offset int) hcl.Range {
	text := j.places.text.text[w.start:w.end]
	_, size := utf8.DecodeRuneInString(text[offset:])
	found := j.places.author(span{w.start + offset, w.start + offset + size})
	if in, ok := j.fileLineOf(found, text, offset); ok {
		return in
	}
	if found.Start.Line == found.End.Line {
		return found
	}
	return hcl.Range{Filename: found.Filename, Start: found.Start, End: found.Start}
}

// fileLineOf finds the line of a word in the file that the expression of the author's took in.
func (j *Job) fileLineOf(expr hcl.Range, word string, offset int) (hcl.Range, bool) {
	start := strings.LastIndexByte(word[:offset], '\n') + 1
	end := len(word)
	if i := strings.IndexByte(word[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	return j.fileLine(expr, word[start:end], 1)
}

// servicesIn lists the names in the service blocks of a rendered text.
func servicesIn(source []byte) []string {
	if !bytes.Contains(source, []byte("service")) {
		return nil
	}
	o := newOutline(source)
	var out []string
	var visit func(*block)
	visit = func(in *block) {
		for _, b := range in.blocks {
			if a := b.attribute("name"); b.kind == "service" && a != nil {
				if name, ok := o.constant(a); ok {
					out = append(out, name)
				}
			}
			visit(b)
		}
	}
	visit(&o.root)
	return out
}

// constant is the text that an attribute's value is, if nothing needs to be known for it.
func (o *outline) constant(a *attribute) (string, bool) {
	e, diags := hclsyntax.ParseExpression([]byte(o.text[a.value.start:a.value.end]), "", hcl.InitialPos)
	if diags.HasErrors() {
		return "", false
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() || v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return "", false
	}
	return v.AsString(), true
}
