package stack

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/eval"
)

// Step leads one level down in a job file.
type Step struct {
	block string
	label string // "" for any
	index int    // among the blocks that fit
	attr  string // set instead of block
}

// Block is the block of a type with a label.
func Block(kind, label string) Step { return Step{block: kind, label: label} }

// Nth is the block number i, from 0, of a type.
func Nth(kind string, i int) Step { return Step{block: kind, index: i} }

// Attr is an attribute, with its value.
func Attr(name string) Step { return Step{attr: name} }

// places finds blocks of a rendered file in the author's file.
type places struct {
	name string
	job  *hclsyntax.Block // nil where the text could not be parsed
	maps *eval.SourceMap
}

// newPlaces parses rendered text. A text that does not parse has no places but its first line: jobspec reports the fault.
func newPlaces(f eval.File) places {
	p := places{name: f.Name, maps: f.Map}
	file, _ := hclsyntax.ParseConfig(f.Source, f.Name, hcl.InitialPos)
	if file == nil {
		return p
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return p
	}
	for _, b := range body.Blocks {
		if b.Type == "job" {
			p.job = b
			break
		}
	}
	return p
}

// At is the place in the author's file that the steps lead to from the job block: the header of a block, or a whole
// attribute. Where a step leads nowhere (a block that a dynamic block makes), it is the nearest block around.
func (j *Job) At(steps ...Step) hcl.Range {
	p := j.places
	if p.job == nil {
		return hcl.Range{Filename: p.name, Start: hcl.InitialPos, End: hcl.InitialPos}
	}
	at := p.job
	for _, s := range steps {
		if s.attr != "" {
			if a, ok := at.Body.Attributes[s.attr]; ok {
				return p.author(a.SrcRange)
			}
			break
		}
		next := s.in(at.Body)
		if next == nil {
			break
		}
		at = next
	}
	return p.author(at.DefRange())
}

// attribute is the rendered attribute that the steps lead to, or nil.
func (j *Job) attribute(steps ...Step) *hclsyntax.Attribute {
	at := j.places.job
	for _, s := range steps {
		if at == nil {
			return nil
		}
		if s.attr != "" {
			return at.Body.Attributes[s.attr]
		}
		at = s.in(at.Body)
	}
	return nil
}

// in finds the step's block in a body.
func (s Step) in(body *hclsyntax.Body) *hclsyntax.Block {
	n := 0
	for _, b := range body.Blocks {
		if b.Type != s.block || s.label != "" && (len(b.Labels) == 0 || b.Labels[0] != s.label) {
			continue
		}
		if n == s.index {
			return b
		}
		n++
	}
	return nil
}

// author maps a range of the rendered text.
func (p places) author(r hcl.Range) hcl.Range {
	if p.maps == nil {
		return r
	}
	return p.maps.Range(r.Start.Line, r.Start.Column, r.End.Line, r.End.Column)
}

// Has reports whether the rendered job holds the block or attribute that the steps lead to.
func (j *Job) Has(steps ...Step) bool {
	at := j.places.job
	for _, s := range steps {
		if at == nil {
			return false
		}
		if s.attr != "" {
			return at.Body.Attributes[s.attr] != nil
		}
		at = s.in(at.Body)
	}
	return at != nil
}

// Again is the block number i, from 0, among those of a type that have a label.
func Again(kind, label string, i int) Step { return Step{block: kind, label: label, index: i} }

// Comment reports whether a text stands in a comment on the author's line n or the line before.
func (j *Job) Comment(n int, text string) bool {
	lines := strings.Split(string(j.places.maps.Source()), "\n")
	for _, i := range []int{n - 1, n - 2} {
		if i < 0 || i >= len(lines) {
			continue
		}
		before, after, found := strings.Cut(lines[i], "#")
		if !found {
			before, after, found = strings.Cut(lines[i], "//")
		}
		// The comment of the line before counts when it stands alone there.
		if found && strings.Contains(after, text) && (i == n-1 || strings.TrimSpace(before) == "") {
			return true
		}
	}
	return false
}
