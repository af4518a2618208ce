package stack

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

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
	text *outline
	maps *eval.SourceMap
}

func newPlaces(f eval.File) places {
	return places{name: f.Name, text: newOutline(f.Source), maps: f.Map}
}

// job is the job's block, or nil.
func (p places) job() *block {
	if p.text == nil {
		return nil
	}
	return p.text.job()
}

// At is the place in the author's file that the steps lead to from the job block: the header of a block, or a whole
// attribute. Where a step leads nowhere (a block that a dynamic block makes), it is the nearest block around.
func (j *Job) At(steps ...Step) hcl.Range {
	p := j.places
	at := p.job()
	if at == nil {
		return hcl.Range{Filename: p.name, Start: hcl.InitialPos, End: hcl.InitialPos}
	}
	for _, s := range steps {
		if s.attr != "" {
			if a := at.attribute(s.attr); a != nil {
				return p.author(a.whole)
			}
			break
		}
		next := s.in(at)
		if next == nil {
			break
		}
		at = next
	}
	return p.author(at.header)
}

// attribute is the rendered attribute that the steps lead to, or nil.
func (j *Job) attribute(steps ...Step) *attribute {
	at := j.places.job()
	for _, s := range steps {
		if at == nil {
			return nil
		}
		if s.attr != "" {
			return at.attribute(s.attr)
		}
		at = s.in(at)
	}
	return nil
}

// in finds the step's block in another.
func (s Step) in(b *block) *block {
	n := 0
	for _, b := range b.blocks {
		if b.kind != s.block || s.label != "" && (len(b.labels) == 0 || b.labels[0] != s.label) {
			continue
		}
		if n == s.index {
			return b
		}
		n++
	}
	return nil
}

// author maps a part of the rendered text.
func (p places) author(s span) hcl.Range {
	if p.maps == nil {
		return hcl.Range{Filename: p.name, Start: hcl.InitialPos, End: hcl.InitialPos}
	}
	return p.maps.Bytes(s.start, s.end)
}

// Has reports whether the rendered job holds the block or attribute that the steps lead to.
func (j *Job) Has(steps ...Step) bool {
	at := j.places.job()
	for _, s := range steps {
		if at == nil {
			return false
		}
		if s.attr != "" {
			return at.attribute(s.attr) != nil
		}
		at = s.in(at)
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
