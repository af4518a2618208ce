package main

import (
	"strings"

	"github.com/packctl/packctl/hcl/diag"
)

// class is what became of a mutant.
type class string

const (
	unchanged class = "no effect" // the same jobs in every installation
	free      class = "free"      // legal, and nothing of the pack refers to what changed: see freely
	reported  class = "reported"
	survived  class = "not reported" //
)

// verdict is a mutant judged.
type verdict struct {
	mutant
	class  class
	line   bool   // reported at the mutated line
	why    string // what changed, or what was said
	reason string // of a survivor: what it hit, or that nothing explains it
}

// judge decides from the jobs whether a mutant is changed or broken, and only then looks at what validate says.
func judge(m mutant) verdict {
	v := verdict{mutant: m, class: unchanged}
	files := m.pack.with(m.file, m.data)
	var diags diag.Diagnostics
	var changes []change
	for i, way := range m.pack.ways {
		o := m.pack.validate(files, way)
		diags = append(diags, o.diags...)
		if o.jobs == nil {
			changes = append(changes, change{path: "(no job)"})
		} else {
			changes = append(changes, differences(m.pack.base[i], o)...)
		}
		if at := m.atLine(o.diags); len(changes) > 0 && at != "" {
			v.class, v.line, v.why = reported, true, at // whatever the other installations make of it
			return v
		}
	}
	switch {
	case len(changes) == 0:
		return v
	case len(diags) > 0:
		v.class, v.why = reported, diags[0].Error()
		if at := m.atLine(diags); at != "" {
			v.line, v.why = true, at
		}
		return v
	}
	v.class = survived
	var texts []string
	all := true
	for _, c := range changes {
		if why := freely(c); why == "" {
			all = false
		}
		texts = append(texts, c.String())
	}
	if all {
		v.class = free
	} else {
		v.reason = reason(m.lost(), changes)
	}
	v.why = strings.Join(texts[:min(len(texts), 3)], "; ")
	return v
}

// atLine is the first diagnostic that shows the mutated line, or "".
func (m mutant) atLine(diags diag.Diagnostics) string {
	for _, d := range diags {
		if m.shownBy(d) {
			return d.Error()
		}
	}
	return ""
}

// shownBy reports whether a diagnostic shows the mutated line: as its place, or as one of its related places, whose
// source lines are shown as well.
func (m mutant) shownBy(d diag.Diagnostic) bool {
	name := "packs/" + m.pack.name + "/" + m.file
	if d.Subject.Filename == name && d.Subject.Start.Line == m.line {
		return true
	}
	for _, r := range d.Related {
		if r.Range.Filename == name && r.Range.Start.Line == m.line {
			return true
		}
	}
	return false
}
