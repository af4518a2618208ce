package packtest_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/check"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/packtest"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

// A case is a pack with its tests. What must fail stands on the line where it is told, as "# FAILS: part of the text";
// several follow each other after " && ". Exactly that must fail.
func TestRuns(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, at := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(at), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(at)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, f := range archive.Files {
				for i, line := range strings.Split(string(f.Data), "\n") {
					_, marks, _ := strings.Cut(line, "# FAILS: ")
					for _, text := range strings.Split(marks, " && ") {
						if text != "" {
							want = append(want, fmt.Sprintf("shop/%s:%d: %s", f.Name, i+1, strings.TrimSpace(text)))
						}
					}
				}
			}
			for _, d := range failures(t, files(archive)) {
				i := slices.IndexFunc(want, func(w string) bool { return fits(d, w) })
				if i < 0 {
					t.Errorf("not expected: %s: %v", d.ID, d)
					continue
				}
				want = slices.Delete(want, i, i+1)
			}
			for _, w := range want {
				t.Errorf("did not fail: %s", w)
			}
		})
	}
}

func fits(d diag.Diagnostic, want string) bool {
	at := fmt.Sprintf("%s:%d: ", d.Subject.Filename, d.Subject.Start.Line)
	text, ok := strings.CutPrefix(want, at)
	return ok && strings.Contains(strings.ReplaceAll(d.Summary+": "+d.Detail, "\n", " | "), text)
}

func files(archive *txtar.Archive) fstest.MapFS {
	out := fstest.MapFS{"pack.hcl": {Data: []byte("pack \"shop\" {\n  version = \"1.2.3\"\n}\n")}}
	for _, f := range archive.Files {
		out[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	return out
}

// failures is everything that fails in a pack's tests.
func failures(t *testing.T, fsys fstest.MapFS) diag.Diagnostics {
	t.Helper()
	p, loading := pack.Load(fsys, "shop")
	suite, diags := packtest.Load(p)
	for _, r := range suite.Runs {
		diags = append(diags, suite.Execute(r, compiler(p, loading)).Failures...)
	}
	return diags
}

func compiler(p *pack.Pack, loading diag.Diagnostics) packtest.Compile {
	return func(in vars.Inputs, rel eval.Release) packtest.Compiled {
		var c packtest.Compiled
		v, found := vars.Resolve(p, in)
		c.Values, c.Diags = v, slices.Concat(loading, found)
		if c.Diags.HasErrors() {
			return c
		}
		r, found := eval.Evaluate(p, v, rel, eval.Options{})
		jobs, parsed := jobspec.Parse(r)
		if c.Diags = slices.Concat(c.Diags, found, parsed); c.Diags.HasErrors() {
			return c
		}
		c.Result = r
		s, found := stack.Assemble(r, jobs)
		if c.Diags = slices.Concat(c.Diags, found, check.Check(s)); !c.Diags.HasErrors() {
			c.Stack = s
		}
		return c
	}
}

// A golden run says what it wants written, and what it wants removed; once that is done, it passes.
func TestGoldens(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/shapes.txtar")
	if err != nil {
		t.Fatal(err)
	}
	fsys := files(archive)
	fsys["tests/golden.hcl"] = &fstest.MapFile{Data: []byte("run \"all\" {\n  golden = true\n}\n")}
	fsys["tests/golden/golden/all/gone.nomad.hcl"] = &fstest.MapFile{Data: []byte("x")}
	one := func() packtest.Result {
		p, loading := pack.Load(fsys, "shop")
		suite, diags := packtest.Load(p)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		i := slices.IndexFunc(suite.Runs, func(r *packtest.Run) bool { return r.ID() == "golden/all" })
		return suite.Execute(suite.Runs[i], compiler(p, loading))
	}
	got := one()
	if len(got.Failures) != 2 || len(got.Goldens) != 2 {
		t.Fatalf("a missing and a stray file give %v and %v", got.Failures, got.Goldens)
	}
	for _, g := range got.Goldens {
		if g.Data == nil {
			delete(fsys, g.Path)
			continue
		}
		fsys[g.Path] = &fstest.MapFile{Data: g.Data}
	}
	if got = one(); len(got.Failures) > 0 || len(got.Goldens) > 0 {
		t.Fatalf("after the update: %v", got.Failures)
	}
	changed := "tests/golden/golden/all/app.nomad.hcl"
	fsys[changed].Data = []byte(strings.Replace(string(fsys[changed].Data), "count = 2", "count = 3", 1))
	got = one()
	if len(got.Failures) != 1 || !strings.Contains(got.Failures[0].Detail, "should be\n    count = 3\nand is now\n    count = 2") {
		t.Errorf("a changed line gives %v", got.Failures)
	}
}
