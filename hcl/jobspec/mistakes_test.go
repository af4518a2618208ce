package jobspec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/diag"
)

// A case of testdata/mistakes is one txtar file, named by what is wrong. The message that must come stands on the
// offending line, as "# ERROR: part of it" or "# WARNING: part of it"; what has no line stands in the file "errors".
// Exactly the messages written down must come, no more.
func TestMistakes(t *testing.T) {
	cases, err := filepath.Glob("testdata/mistakes/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		all, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range strings.Split("\n"+string(all), "\n### ")[1:] {
			name, body, _ := strings.Cut(text, "\n")
			t.Run(name, func(t *testing.T) { mistake(t, body) })
		}
	}
}

func mistake(t *testing.T, text string) {
	archive := txtar.Parse([]byte(text))
	fsys := files(archive)
	var want []string
	for _, f := range archive.Files {
		number := 0
		for line := range strings.Lines(string(f.Data)) {
			number++
			if f.Name == "errors" {
				want = append(want, ": "+strings.TrimSpace(line))
				continue
			}
			for _, mark := range []string{"# ERROR: ", "# WARNING: "} {
				if _, message, ok := strings.Cut(line, mark); ok {
					want = append(want, fmt.Sprintf("%s:%d: %s%s", name(f.Name), number, strings.TrimPrefix(mark, "# "), strings.TrimSpace(message)))
				}
			}
		}
	}
	delete(fsys, "errors")
	o := run(fsys, inputs(t, fsys))
	for _, d := range o.diags {
		i := slices.IndexFunc(want, func(w string) bool { return fits(d, w) })
		if i < 0 {
			t.Errorf("not expected: %s: %v", strings.ToUpper(d.Severity.String()), d)
			continue
		}
		want = slices.Delete(want, i, i+1)
	}
	for _, w := range want {
		t.Errorf("did not come: %s", w)
	}
}

func name(file string) string {
	if strings.HasSuffix(file, ".values") {
		return file
	}
	return "packs/shop/" + file
}

func fits(d diag.Diagnostic, want string) bool {
	place := ""
	if d.HasPlace() {
		place = fmt.Sprintf("%s:%d", d.Subject.Filename, d.Subject.Start.Line)
	}
	text := strings.ReplaceAll(d.Summary+": "+d.Detail, "\n", " ")
	at, message, _ := strings.Cut(want, ": ")
	severity, message, _ := strings.Cut(message, ": ")
	return at == place && severity == strings.ToUpper(d.Severity.String()) && strings.Contains(text, message)
}
