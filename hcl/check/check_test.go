package check

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/hcl/v2"
	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/diag/diagtest"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

// A case is a pack with the expected diagnostics on their lines. A file is about the check whose ID is its name, and what others
// find in it does not count; in clean.txtar everything counts.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			id := strings.TrimSuffix(filepath.Base(file), ".txtar")
			got := slices.DeleteFunc(Check(assemble(t, archive)), func(d diag.Diagnostic) bool { return id != "clean" && d.ID != id })
			diagtest.Compare(t, archive, "shop", got)
			ids := slices.Collect(func(yield func(string) bool) {
				for _, r := range Rules() {
					if !yield(r.ID) {
						return
					}
				}
			})
			for _, d := range got {
				if !slices.Contains(ids, d.ID) {
					t.Errorf("%s is no rule's ID", d.ID)
				}
			}
		})
	}
}

func assemble(t *testing.T, archive *txtar.Archive) *stack.Stack {
	t.Helper()
	fsys := fstest.MapFS{
		"pack.hcl": {Data: []byte("pack \"shop\" {\n  version = \"1.0.0\"\n}\n")},
	}
	for _, f := range archive.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	p, diags := pack.Load(fsys, "shop")
	v, found := vars.Resolve(p, vars.Inputs{})
	diags = append(diags, found...)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, diags := eval.Evaluate(p, v, eval.Release{Name: "shop", Namespace: "default"}, eval.Options{})
	jobs, found := jobspec.Parse(r)
	diags = append(diags, found...)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s, diags := stack.Assemble(r, jobs)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return s
}

func TestRulesAreOrderedAndExplained(t *testing.T) {
	rules := Rules()
	if !slices.IsSortedFunc(rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) }) {
		t.Error("not in the order of their IDs")
	}
	for _, r := range rules {
		if r.Finds == "" || r.ID == "" {
			t.Errorf("%q says nothing about itself", r.ID)
		}
		if files, err := filepath.Glob("testdata/" + r.ID + ".txtar"); err != nil || len(files) != 1 {
			t.Errorf("%s has no case of its own", r.ID)
		}
	}
}

func TestIgnore(t *testing.T) {
	source := "a # packctl:ignore x because\n# packctl:ignore y because\nb\nc # packctl:ignore z\nname = \"packctl:ignore x because\"\n"
	at := func(line int, id string, s diag.Severity) diag.Diagnostic {
		d := diag.New(id, rangeAt("f", line), "s", "d")
		d.Severity = s
		return d
	}
	for name, tc := range map[string]struct {
		d    diag.Diagnostic
		gone bool
	}{
		"on its line":                          {at(1, "x", diag.Warning), true},
		"on the line before":                   {at(3, "y", diag.Warning), true},
		"another ID stays":                     {at(1, "y", diag.Warning), false},
		"an error stays":                       {at(1, "x", diag.Error), false},
		"without a reason it stays":            {at(4, "z", diag.Warning), false},
		"a text that is no comment is none":    {at(5, "x", diag.Warning), false},
		"a file that is not known is no fault": {func() diag.Diagnostic { d := at(1, "x", diag.Warning); d.Subject.Filename = "g"; return d }(), false},
	} {
		t.Run(name, func(t *testing.T) {
			got := Ignore(diag.Diagnostics{tc.d}, map[string][]byte{"f": []byte(source)})
			if gone := len(got) == 0; gone != tc.gone {
				t.Error(fmt.Sprint("gone: ", gone))
			}
		})
	}
}

func rangeAt(file string, line int) hcl.Range {
	return hcl.Range{Filename: file, Start: hcl.Pos{Line: line, Column: 1}, End: hcl.Pos{Line: line, Column: 2}}
}

func TestEveryCheckHasItsSectionInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		if !strings.Contains(string(text), "\n## "+r.ID+"\n\nFinds "+r.Finds+".") {
			t.Errorf("docs/checks.md has no section that begins: ## %s, Finds %s.", r.ID, r.Finds)
		}
	}
	for _, id := range []string{stack.IDTierCycle, stack.IDJobCycle, "half-expression"} {
		if !strings.Contains(string(text), "\n## "+id+"\n") {
			t.Errorf("docs/checks.md has no section %s", id)
		}
	}
}

// The sources are what tells which IDs the steps before the checks have: a diagnostic is made where its fault is found.
func TestEveryDiagnosticHasItsSectionInTheDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/checks.md")
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`(?:diags|out)\.Add\("([a-z-]+)"|\bID: +"([a-z-]+)"`)
	found := 0
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range id.FindAllSubmatch(source, -1) {
			found++
			if name := string(m[1]) + string(m[2]); !strings.Contains(string(text), "\n## "+name+"\n") {
				t.Errorf("%s: docs/checks.md has no section %s", path, name)
			}
		}
		return err
	})
	if err != nil || found < 60 {
		t.Errorf("%d diagnostics found, %v", found, err)
	}
}
