package jobspec_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/nomad/api"
	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// outcome is everything that the pipeline gives for one pack.
type outcome struct {
	pack   *pack.Pack
	values *vars.Values
	result *eval.Result
	diags  diag.Diagnostics
}

// run is the pipeline as the CLI runs it: everything that is wrong up to the step that cannot go on.
func run(fsys fs.FS, in vars.Inputs) outcome {
	var o outcome
	var found diag.Diagnostics
	o.pack, found = pack.Load(fsys, "packs/shop")
	o.diags = append(o.diags, found...)
	o.values, found = vars.Resolve(o.pack, in)
	o.diags = append(o.diags, found...)
	o.result, found = eval.Evaluate(o.pack, o.values, eval.Release{Name: "shop", Namespace: "default"}, eval.Options{})
	o.diags = append(o.diags, found...)
	if !o.diags.HasErrors() {
		_, found = jobspec.Parse(o.result)
		o.diags = append(o.diags, found...)
	}
	o.diags.Sort()
	return o
}

// files makes a file system of a txtar text. A pack.hcl and a variables.hcl come with it where it has none.
func files(archive *txtar.Archive) fstest.MapFS {
	out := fstest.MapFS{}
	for _, f := range archive.Files {
		out[f.Name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
	}
	if out["pack.hcl"] == nil {
		out["pack.hcl"] = &fstest.MapFile{Data: []byte("pack \"shop\" {\n  version = \"1.2.3\"\n}\n")}
	}
	return out
}

// inputs reads the file "inputs" of a case: a line each, "-var x=1", "PACKCTL_VAR_x=1" or "-var-file name".
func inputs(t *testing.T, fsys fstest.MapFS) vars.Inputs {
	t.Helper()
	var in vars.Inputs
	f := fsys["inputs"]
	if f == nil {
		return in
	}
	for line := range strings.Lines(string(f.Data)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case strings.HasPrefix(line, "-var-file "):
			name := strings.TrimPrefix(line, "-var-file ")
			in.Files = append(in.Files, vars.File{Path: name, Data: fsys[name].Data})
		case strings.HasPrefix(line, "-var "):
			in.Args = append(in.Args, strings.TrimPrefix(line, "-var "))
		default:
			in.Environ = append(in.Environ, line)
		}
	}
	return in
}

// parsedJob is the one job that a pack renders.
func parsedJob(t *testing.T, o outcome) *api.Job {
	t.Helper()
	jobs, diags := jobspec.Parse(o.result)
	if len(jobs) != 1 || diags.HasErrors() {
		t.Fatalf("%d jobs: %v", len(jobs), diags)
	}
	return jobs[0]
}
