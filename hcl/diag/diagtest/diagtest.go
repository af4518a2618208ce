// Package diagtest holds what was diagnosed against what a test case expects on its lines:
//
//	# ERROR: id text      an error of that ID on this line, text being a part of its detail; WARNING likewise
//	# RELATED: id text    a related place of a diagnostic of that ID, text being a part of what it says there
//
// Several stand in one comment with "; " between them. Only tests import it.
package diagtest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/diag"
)

// related is the severity of a mark that expects a related place.
const related = "related"

// mark is one expectation.
type mark struct {
	File     string
	Line     int
	Severity string
	ID       string
	Text     string
}

var written = regexp.MustCompile(`(ERROR|WARNING|RELATED): (\S+) ?(.*)`)

// Compare fails the test for each diagnostic that no mark in the case's files expects, and for each mark that nothing meets.
// A related place without a mark is no fault. dir is how positions show the folder of the files.
func Compare(t *testing.T, archive *txtar.Archive, dir string, got []diag.Diagnostic) {
	t.Helper()
	want := marks(archive, dir)
	for _, d := range got {
		i := slices.IndexFunc(want, func(m mark) bool { return m.meets(d) })
		if i < 0 {
			t.Errorf("not expected: %s %s: %s", d.Severity, d.ID, d.Error())
			continue
		}
		want = slices.Delete(want, i, i+1)
	}
	for _, d := range got {
		want = slices.DeleteFunc(want, func(m mark) bool { return m.related(d) })
	}
	for _, m := range want {
		t.Errorf("not found: %+v", m)
	}
}

func marks(archive *txtar.Archive, dir string) []mark {
	var out []mark
	for _, f := range archive.Files {
		for i, line := range strings.Split(string(f.Data), "\n") {
			_, comment, _ := strings.Cut(line, "# ")
			for _, part := range strings.Split(comment, "; ") {
				if m := written.FindStringSubmatch(part); m != nil {
					out = append(out, mark{dir + "/" + f.Name, i + 1, strings.ToLower(m[1]), m[2], m[3]})
				}
			}
		}
	}
	return out
}

func (m mark) meets(d diag.Diagnostic) bool {
	return m.File == d.Subject.Filename && m.Line == d.Subject.Start.Line && m.ID == d.ID &&
		m.Severity == d.Severity.String() && strings.Contains(d.Detail, m.Text)
}

func (m mark) related(d diag.Diagnostic) bool {
	return m.Severity == related && m.ID == d.ID && slices.ContainsFunc(d.Related, func(r diag.Related) bool {
		return r.Range.Filename == m.File && r.Range.Start.Line == m.Line && strings.Contains(r.Text, m.Text)
	})
}
