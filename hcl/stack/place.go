package stack

import (
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
