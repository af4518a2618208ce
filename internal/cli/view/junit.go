package view

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
)

// The elements of JUnit's XML that the readers of build servers know.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		File      string        `xml:"file,attr"`
		Line      int           `xml:"line,attr,omitempty"`
		Time      string        `xml:"time,attr"`
		Failure   *junitMessage `xml:"failure"`
		Error     *junitMessage `xml:"error"`
	}
	junitMessage struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit is a suite a pack and a case a run. Test files that cannot be read are a case with an error.
func JUnit(t Tests) ([]byte, error) {
	out := junitSuites{Time: seconds(t.Elapsed)}
	for _, p := range t.Packs {
		s := junitSuite{Name: p.Pack}
		var took time.Duration
		if p.Diagnosed.HasErrors() {
			d := p.Diagnosed.Diags[0]
			s.Errors++
			s.Cases = append(s.Cases, junitCase{
				Name: "tests", ClassName: p.Pack, File: d.Subject.Filename, Line: d.Subject.Start.Line, Time: seconds(0),
				Error: &junitMessage{Type: d.ID, Message: d.Summary, Text: p.Diagnosed.Diags.Error()},
			})
		}
		for _, r := range p.Runs {
			took += r.Elapsed
			c := junitCase{Name: r.Run.Name, ClassName: p.Pack + "/" + r.Run.Group, File: r.Run.Range.Filename, Line: r.Run.Range.Start.Line, Time: seconds(r.Elapsed)}
			if r.Failed() {
				s.Failures++
				c.Failure = r.junit()
			}
			s.Cases = append(s.Cases, c)
		}
		s.Tests, s.Time = len(s.Cases), seconds(took)
		out.Tests += s.Tests
		out.Failures += s.Failures
		out.Errors += s.Errors
		out.Suites = append(out.Suites, s)
	}
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode JUnit's XML: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}

// junit is what failed: the first fault as the message, all of them as the text.
func (t TestRun) junit() *junitMessage {
	var all []string
	for _, d := range t.Failures {
		all = append(all, fmt.Sprintf("%s: %s: %s", t.place(d), d.Summary, d.Detail))
	}
	first, _, _ := strings.Cut(t.Failures[0].Summary+": "+t.Failures[0].Detail, "\n")
	return &junitMessage{Type: t.Failures[0].ID, Message: first, Text: "\n" + strings.Join(all, "\n") + "\n"}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
