package view

import (
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/diag"
)

// docsOfChecks is where each diagnostic has its section.
const docsOfChecks = "https://github.com/packctl/packctl/blob/main/docs/checks.md#"

// SARIF writes what is wrong with a pack in the Static Analysis Results Interchange Format 2.1.0, which code hosts show
// beside the lines. It is a Human in all else.
type SARIF struct {
	*Human
	version string
}

var _ View = (*SARIF)(nil)

// NewSARIF makes a view whose diagnostics are one SARIF log on Out. version is packctl's own.
func NewSARIF(s *Streams, version string) *SARIF { return &SARIF{NewHuman(s), version} }

type (
	sarifText struct {
		Text string `json:"text"`
	}
	sarifRule struct {
		ID      string    `json:"id"`
		Short   sarifText `json:"shortDescription"`
		HelpURI string    `json:"helpUri"`
	}
	sarifRegion struct {
		StartLine   int        `json:"startLine"`
		StartColumn int        `json:"startColumn,omitempty"`
		EndLine     int        `json:"endLine,omitempty"`
		EndColumn   int        `json:"endColumn,omitempty"`
		Snippet     *sarifText `json:"snippet,omitempty"`
	}
	sarifFile struct {
		URI string `json:"uri"`
	}
	sarifPhysical struct {
		File    sarifFile    `json:"artifactLocation"`
		Region  sarifRegion  `json:"region"`
		Context *sarifRegion `json:"contextRegion,omitempty"` // the whole line, where it may be shown
	}
	sarifLocation struct {
		ID       int           `json:"id,omitempty"`
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifResult struct {
		Rule      string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
		Related   []sarifLocation `json:"relatedLocations,omitempty"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		URI     string      `json:"informationUri"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
)

// Validated writes the log, also when nothing is wrong: a code host then closes what it showed before.
func (s *SARIF) Validated(v Validation) {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{Name: "packctl", Version: s.version, URI: "https://github.com/packctl/packctl", Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	for _, d := range v.Diagnosed.Diags {
		index := slices.IndexFunc(run.Tool.Driver.Rules, func(r sarifRule) bool { return r.ID == d.ID })
		if index < 0 {
			index = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{ID: d.ID, Short: sarifText{d.Summary}, HelpURI: docsOfChecks + d.ID})
		}
		run.Results = append(run.Results, sarifOf(d, index, v.Diagnosed.Sources))
	}
	value(s.streams.Out, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// sarifOf is one diagnostic. Where no file is at fault it has no location, which the format allows.
func sarifOf(d diag.Diagnostic, rule int, sources map[string][]byte) sarifResult {
	r := sarifResult{Rule: d.ID, RuleIndex: rule, Level: d.Severity.String(), Locations: []sarifLocation{}}
	r.Message.Text = d.Summary
	if d.Detail != "" {
		r.Message.Text += ": " + d.Detail
	}
	for _, v := range d.Values {
		r.Message.Text += "\nwith " + v
	}
	if d.HasPlace() {
		r.Locations = append(r.Locations, sarifPlace(jsonRange(d.Subject), sources, d.Hidden))
	}
	for i, x := range d.Related {
		place := sarifPlace(jsonRange(x.Range), sources, d.Hidden)
		place.ID, place.Message = i+1, &sarifText{x.Text}
		r.Related = append(r.Related, place)
	}
	return r
}

// sarifPlace is a place with its line, where that may be shown. Columns count code points there and grapheme clusters
// here, so they are counted again.
func sarifPlace(r Range, sources map[string][]byte, hidden bool) sarifLocation {
	region := sarifRegion{StartLine: r.StartLine, StartColumn: r.StartColumn, EndLine: r.EndLine, EndColumn: r.EndColumn}
	src := sources[r.File]
	points := func(line, column int) int {
		text, ok := sourceLine(src, line)
		if !ok {
			return column
		}
		head, _ := clusters(text, column-1)
		return len([]rune(head)) + 1
	}
	region.StartColumn, region.EndColumn = points(r.StartLine, r.StartColumn), points(r.EndLine, r.EndColumn)
	var context *sarifRegion
	if text, ok := sourceLine(src, r.StartLine); ok && !hidden {
		context = &sarifRegion{StartLine: r.StartLine, Snippet: &sarifText{text}}
	}
	uri := strings.NewReplacer("%", "%25", " ", "%20", "#", "%23", "?", "%3F").Replace(r.File)
	return sarifLocation{Physical: sarifPhysical{File: sarifFile{uri}, Region: region, Context: context}}
}
