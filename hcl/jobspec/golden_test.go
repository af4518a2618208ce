package jobspec_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/eval"
)

var update = flag.Bool("update", false, "write what comes out into the golden files")

// A golden case is one txtar file: the pack's files and "inputs", then what comes out, below want/: the rendered jobs,
// and as JSON the toolkit's blocks, credentials, volumes and outputs.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var in txtar.Archive
			in.Comment = archive.Comment
			want := map[string]string{}
			for _, f := range archive.Files {
				if name, ok := strings.CutPrefix(f.Name, "want/"); ok {
					want[name] = string(f.Data)
				} else {
					in.Files = append(in.Files, f)
				}
			}
			fsys := files(&in)
			o := run(fsys, inputs(t, fsys))
			if o.diags.HasErrors() {
				t.Fatal(o.diags)
			}
			got := outputs(t, o.result)
			if *update {
				in.Files = append(in.Files, got...)
				if err := os.WriteFile(path, txtar.Format(&in), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, f := range got {
				name := strings.TrimPrefix(f.Name, "want/")
				if string(f.Data) != want[name] {
					t.Errorf("%s differs (go test -update writes it):\n%s", name, firstDifference(want[name], string(f.Data)))
				}
				delete(want, name)
			}
			for name := range want {
				t.Errorf("%s is not made any more", name)
			}
		})
	}
}

func outputs(t *testing.T, r *eval.Result) []txtar.File {
	t.Helper()
	var out []txtar.File
	for _, f := range r.Files {
		out = append(out, txtar.File{Name: "want/" + f.Path, Data: f.Source})
	}
	type blocks struct {
		Prepares    []eval.Prepare    `json:",omitempty"`
		Credentials []eval.Credential `json:",omitempty"`
		Volumes     []eval.Volume     `json:",omitempty"`
		Outputs     []eval.Output     `json:",omitempty"`
	}
	b := blocks{Credentials: r.Credentials, Volumes: r.Volumes, Outputs: r.Outputs}
	for _, f := range r.Files {
		b.Prepares = append(b.Prepares, f.Prepares...)
	}
	if b.Prepares == nil && b.Credentials == nil && b.Volumes == nil && b.Outputs == nil {
		return out
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(b); err != nil {
		t.Fatal(err)
	}
	return append(out, txtar.File{Name: "want/blocks.json", Data: buf.Bytes()})
}
