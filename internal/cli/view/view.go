// Package view shows what a verb did: Human for people, JSON for programs, behind one interface.
//
// In: values that the other packages made (diagnostics, files, events, results). Out: the result on the stream Out, the
// talk on Err. It decides how things look and nothing else; only internal/cli imports it.
package view

import (
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/devagent"
	"github.com/packctl/packctl/internal/release"
)

// View is how a verb speaks. The observer's events are talk for people, and lines of the result for programs.
type View interface {
	release.Observer
	inspector
	keeper
	Diagnostics(Diagnosed)
	Rendered(files []File, dir string) // dir is where they were written, empty when they go to Out
	Validated(Validation)
	Tested(Tests)
	Created(Created)
	Formatted(Formatted)
	Described(Description)
	Values(Values)
	Drawn(text string) // a picture as text, in the format that was asked for
	Planned(*release.Plan)
	Compared(*release.Difference)
	Approve(*release.Plan) bool // talk: shows the plan and asks; true is yes
	Finished(*release.Result, []stack.Output)
	History(release string, list []*release.Revision)
	Given(*release.Revision) // its values
	Manifest(*release.Revision, *release.Manifest)
	Lines(lines []release.LogLine, prefix bool) error // of logs; prefix says where each comes from. The error is that of writing
	Notice(text string)                               // talk: what is missing from the result
	Version(Version)
	Doing(line string) // talk: what a long command does now
	Agents(*devagent.Report)
	Error(err error, hint string)
}

// File is one rendered job file.
type File struct {
	Name   string   `json:"name"`
	Job    string   `json:"job"`
	Source []byte   `json:"-"`
	Spec   *api.Job `json:"spec"` // as Nomad's API takes it
}

// Validation is what a pack without errors consists of.
type Validation struct {
	Pack      string
	Release   string
	Jobs      int
	Tiers     int
	Waves     [][]string // job IDs
	Diagnosed Diagnosed
}

// Created is what "packctl init" wrote.
type Created struct {
	Pack  string   `json:"pack"`
	Dir   string   `json:"dir"`
	Files []string `json:"files"`
	Arg   string   `json:"-"` // what other verbs call the pack
}

// Formatted is what "packctl fmt" changed, or with Check would change.
type Formatted struct {
	Check bool            `json:"check"`
	Files []FormattedFile `json:"files"`
}

// FormattedFile is a file that was not in canonical form.
type FormattedFile struct {
	Name string `json:"name"`
	Diff string `json:"diff,omitempty"`
}

// Version is what "packctl version" says.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Time     string `json:"time,omitempty"`
	Go       string `json:"go"`
}

// clock is how points in time are shown to people.
func clock(t time.Time) string { return t.Format("15:04:05") }

// short is a duration as people say it: 850ms, 12s, 3m05s, 1h02m.
func short(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d < time.Minute:
		return d.Truncate(time.Second).String()
	case d < time.Hour:
		m, s := int(d.Minutes()), int(d.Seconds())%60
		return twoPart(m, "m", s, "s")
	default:
		h, m := int(d.Hours()), int(d.Minutes())%60
		return twoPart(h, "h", m, "m")
	}
}
