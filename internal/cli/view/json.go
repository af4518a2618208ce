package view

import (
	"encoding/json"
	"io"
	"reflect"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// JSON speaks to programs.
//
// A verb's result is one JSON value on Out. run, stop and scale write lines instead, each an object with a "type": "event"
// while they work, "result" at the end. What is wrong is one object on Err, {"type": "diagnostics"} or {"type": "error"},
// except for validate, whose result it is. Fields are only ever added. docs/cli-json.md has all of them.
type JSON struct {
	streams *Streams
	tiers   []status.Tier
	status  *release.Overview // the last that was written
}

var _ View = (*JSON)(nil)

// NewJSON makes a view for programs.
func NewJSON(s *Streams) *JSON { return &JSON{streams: s} }

// Diagnostic is one diagnostic in JSON.
type Diagnostic struct {
	ID       string    `json:"id"`
	Severity string    `json:"severity"` // error, warning
	Summary  string    `json:"summary"`
	Detail   string    `json:"detail,omitempty"`
	Values   []string  `json:"values,omitempty"` // those that have a part in it: var.env as "prod", from env/prod.hcl:3
	Range    *Range    `json:"range,omitempty"`  // absent where no file is at fault
	Source   string    `json:"source,omitempty"`
	Related  []Related `json:"related,omitempty"`
}

// Related is another place that a diagnostic is about.
type Related struct {
	Text  string `json:"text"`
	Range Range  `json:"range"`
}

// Range is a place in a file. Lines and columns count from 1; a column is a character as people see it.
type Range struct {
	File        string `json:"file"`
	StartLine   int    `json:"start_line"`
	StartColumn int    `json:"start_column"`
	EndLine     int    `json:"end_line"`
	EndColumn   int    `json:"end_column"`
}

func jsonRange(r hcl.Range) Range {
	return Range{r.Filename, r.Start.Line, r.Start.Column, r.End.Line, r.End.Column}
}

func jsonDiagnostics(d Diagnosed) []Diagnostic {
	out := make([]Diagnostic, 0, len(d.Diags))
	for _, x := range d.Diags {
		n := Diagnostic{ID: x.ID, Severity: x.Severity.String(), Summary: x.Summary, Detail: x.Detail, Values: x.Values}
		if x.HasPlace() {
			r := jsonRange(x.Subject)
			n.Range = &r
			if !x.Hidden {
				n.Source, _ = sourceLine(d.Sources[x.Subject.Filename], x.Subject.Start.Line)
			}
		}
		for _, r := range x.Related {
			n.Related = append(n.Related, Related{Text: r.Text, Range: jsonRange(r.Range)})
		}
		out = append(out, n)
	}
	return out
}

// Diagnostics writes {"type": "diagnostics", "diagnostics": […]} to Err.
func (j *JSON) Diagnostics(d Diagnosed) {
	if len(d.Diags) == 0 {
		return
	}
	line(j.streams.Err, struct {
		Type        string       `json:"type"`
		Diagnostics []Diagnostic `json:"diagnostics"`
	}{"diagnostics", jsonDiagnostics(d)})
}

// Rendered writes the files with their texts, or the folder they were written to.
func (j *JSON) Rendered(files []File, dir string) {
	type file struct {
		File
		Source string `json:"source,omitempty"`
	}
	out := struct {
		Dir   string `json:"dir,omitempty"`
		Files []file `json:"files"`
	}{Dir: dir, Files: []file{}}
	for _, f := range files {
		n := file{File: f}
		if dir == "" {
			n.Source = string(f.Source)
		}
		out.Files = append(out.Files, n)
	}
	value(j.streams.Out, out)
}

// Validated writes {"valid": …, "diagnostics": […]} and what a valid pack consists of.
func (j *JSON) Validated(v Validation) {
	value(j.streams.Out, struct {
		Valid       bool         `json:"valid"`
		Pack        string       `json:"pack"`
		Release     string       `json:"release"`
		Jobs        int          `json:"jobs"`
		Tiers       int          `json:"tiers"`
		Waves       [][]string   `json:"waves"`
		Diagnostics []Diagnostic `json:"diagnostics"`
	}{!v.Diagnosed.HasErrors(), v.Pack, v.Release, v.Jobs, v.Tiers, append([][]string{}, v.Waves...), jsonDiagnostics(v.Diagnosed)})
}

// Event writes a line when there is a message or a tier changed.
func (j *JSON) Event(e release.Event) {
	tiers := e.Tiers
	if tiers != nil && reflect.DeepEqual(tiers, j.tiers) {
		tiers = nil
	}
	if tiers != nil {
		j.tiers = tiers
	}
	if tiers == nil && e.Message == "" {
		return
	}
	line(j.streams.Out, struct {
		Type    string        `json:"type"`
		Time    time.Time     `json:"time"`
		Phase   release.Phase `json:"phase"`
		Level   release.Level `json:"level,omitempty"`
		Message string        `json:"message,omitempty"`
		Job     string        `json:"job,omitempty"`
		Tiers   []status.Tier `json:"tiers,omitempty"`
	}{"event", e.Time, e.Phase, e.Level, oneLine(e.Message), e.Job, tiers})
}

// Failure is why a tier did not become healthy, in JSON.
type Failure struct {
	Tier     string   `json:"tier"`
	Job      string   `json:"job"`
	Alloc    string   `json:"alloc,omitempty"`
	Node     string   `json:"node,omitempty"`
	Task     string   `json:"task,omitempty"`
	ExitCode int      `json:"exit_code"`
	Event    string   `json:"event,omitempty"`
	Reason   string   `json:"reason,omitempty"`
	Check    string   `json:"check,omitempty"`
	Output   string   `json:"output,omitempty"`
	Logs     []string `json:"logs,omitempty"`
}

// OutputValue is an output of the pack in JSON.
type OutputValue struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Value       string `json:"value"`
}

// Finished writes the line of type "result".
func (j *JSON) Finished(r *release.Result, outputs []stack.Output) {
	failures := make([]Failure, 0, len(r.Failures))
	for _, f := range r.Failures {
		failures = append(failures, Failure(f))
	}
	values := make([]OutputValue, 0, len(outputs))
	for _, o := range outputs {
		if !endedWell(r) || r.Outcome == release.Awaiting {
			break
		}
		values = append(values, OutputValue{Name: o.Name, Description: o.Description, Value: o.Value})
	}
	line(j.streams.Out, struct {
		Type           string               `json:"type"`
		Outcome        release.Outcome      `json:"outcome"`
		Release        string               `json:"release"`
		Namespace      string               `json:"namespace"`
		Revision       int                  `json:"revision,omitempty"`
		Submitted      []string             `json:"submitted,omitempty"`
		Unchanged      []string             `json:"unchanged,omitempty"`
		Stopped        []string             `json:"stopped,omitempty"`
		Scaled         []release.Scaled     `json:"scaled,omitempty"`
		Hooks          []release.HookRun    `json:"hooks,omitempty"`
		Promoted       []string             `json:"promoted,omitempty"`
		Waiting        []release.Waiting    `json:"awaiting_promotion,omitempty"`
		Left           []string             `json:"not_submitted,omitempty"`
		Restarted      []string             `json:"restarted,omitempty"`
		Destroyed      *release.Destruction `json:"destroyed,omitempty"`
		Tiers          []status.Tier        `json:"tiers"`
		Failures       []Failure            `json:"failures"`
		Outputs        []OutputValue        `json:"outputs"`
		ElapsedSeconds float64              `json:"elapsed_seconds"`
	}{"result", r.Outcome, r.Release, r.Namespace, r.Revision, r.Submitted, r.Unchanged, r.Stopped, r.Scaled, r.Hooks, r.Promoted, r.Waiting, r.Left, r.Restarted, r.Destroyed,
		append([]status.Tier{}, r.Tiers...), failures, values, r.Elapsed.Seconds()})
}

// Version writes the version as an object.
func (j *JSON) Version(v Version) { value(j.streams.Out, v) }

// Error writes {"type": "error", "message": …, "hint": …} to Err.
func (j *JSON) Error(err error, hint string) {
	line(j.streams.Err, struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
	}{"error", err.Error(), hint})
}

// line writes a value on one line.
func line(w io.Writer, v any) { encode(w, v, "") }

// value writes a value over several lines, for people who look at it too.
func value(w io.Writer, v any) { encode(w, v, "  ") }

// encode ignores write errors as fmt.Print does: there is nowhere left to report them.
func encode(w io.Writer, v any, indent string) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	_ = e.Encode(v)
}
