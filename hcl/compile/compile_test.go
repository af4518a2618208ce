package compile

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// A case is a pack with the expected diagnostics on their lines: "# ERROR: id text" or "# WARNING: id text", the text being a
// part of the detail; "# RELATED: text" is a related place of any of them. All that the pipeline finds counts, and only the
// related places that a case names.
func TestCompile(t *testing.T) {
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
			want := expected(archive)
			for _, d := range compiled(archive, "env=prod").Diags {
				if i := slices.IndexFunc(want, func(e expectation) bool { return e.meets(d) }); i >= 0 {
					want = slices.Delete(want, i, i+1)
				} else {
					t.Errorf("not expected: %s %s: %s", d.Severity, d.ID, d.Error())
				}
				want = slices.DeleteFunc(want, func(e expectation) bool { return e.related(d) })
			}
			for _, e := range want {
				t.Errorf("not found: %+v", e)
			}
		})
	}
}

func compiled(archive *txtar.Archive, args ...string) *Compiled {
	fsys := fstest.MapFS{"pack.hcl": {Data: []byte("pack \"shop\" {\n  version = \"1.0.0\"\n}\n")}}
	for _, f := range archive.Files {
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	p, loading := pack.Load(fsys, "shop")
	in := vars.Inputs{}
	if len(p.Envs) > 0 {
		in.Args = args
	}
	return Compile(p, loading, in, eval.Release{Name: "shop", Namespace: "default"}, eval.Options{})
}

type expectation struct {
	file, kind, id, text string
	line                 int
}

func (e expectation) meets(d diag.Diagnostic) bool {
	return e.file == d.Subject.Filename && e.line == d.Subject.Start.Line && e.id == d.ID && e.kind == strings.ToUpper(d.Severity.String()) &&
		strings.Contains(d.Detail, e.text)
}

func (e expectation) related(d diag.Diagnostic) bool {
	return e.kind == "RELATED" && slices.ContainsFunc(d.Related, func(r diag.Related) bool {
		return r.Range.Filename == e.file && r.Range.Start.Line == e.line && strings.Contains(r.Text, strings.TrimSpace(e.id+" "+e.text))
	})
}

var mark = regexp.MustCompile(`# (ERROR|WARNING|RELATED): (\S+) ?(.*)`)

func expected(archive *txtar.Archive) []expectation {
	var out []expectation
	for _, f := range archive.Files {
		for i, line := range strings.Split(string(f.Data), "\n") {
			if m := mark.FindStringSubmatch(line); m != nil {
				out = append(out, expectation{"shop/" + f.Name, m[1], m[2], m[3], i + 1})
			}
		}
	}
	return out
}

// What the steps made is there as far as they went: a check's error leaves the jobs, and takes the stack.
func TestCompiledEndsWhereTheErrorsAre(t *testing.T) {
	job := func(lines string) *txtar.Archive {
		return txtar.Parse([]byte("-- jobs/app.nomad.hcl --\njob \"app\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"raw_exec\"\n" + lines + "\n      config {\n        command = \"/bin/true\"\n      }\n    }\n  }\n}\n"))
	}
	for name, c := range map[string]struct {
		lines                             string
		resolved, result, jobs, assembled bool
	}{
		"nothing wrong":       {"", true, true, true, true},
		"a check's error":     {"kill_signal = \"SIGNOT\"", true, true, true, false},
		"an unknown name":     {"user = var.x", true, false, false, false},
		"what does not parse": {"user = ", false, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := compiled(job(c.lines))
			if got.Resolved != c.resolved || (got.Result != nil) != c.result || (got.Jobs != nil) != c.jobs || (got.Stack != nil) != c.assembled {
				t.Errorf("resolved %t, result %t, jobs %t, stack %t: %v", got.Resolved, got.Result != nil, got.Jobs != nil, got.Stack != nil, got.Diags)
			}
			if got.Diags.HasErrors() == c.assembled {
				t.Errorf("diagnostics: %v", got.Diags)
			}
		})
	}
}
