package compile

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/diag/diagtest"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// A case is a pack with the expected diagnostics on their lines. All that the pipeline finds counts.
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
			diagtest.Compare(t, archive, "shop", compiled(archive, "env=prod").Diags)
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
