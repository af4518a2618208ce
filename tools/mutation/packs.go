package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/compile"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// subject is a pack under test with the ways in which it is installed.
type subject struct {
	name  string
	files fstest.MapFS
	ways  [][]string // -var arguments, one list an installation
	base  []outcome  // of the pack as it is, by way
}

// ways says how each pack is installed, so that every block of it is in some installation.
func ways(name string) [][]string {
	switch name {
	case "hello":
		return [][]string{{"env=dev", "command=/bin/hello"}, {"env=prod", "command=/bin/hello"}}
	case "enstore":
		return [][]string{
			{"env=dev", `profiles=["frontend", "flutter"]`},
			{"env=prod", `profiles=["frontend", "flutter"]`, "supplier_url=https://supplier.example.com"},
		}
	}
	return [][]string{{"env=dev"}, {"env=prod"}}
}

// open reads a pack and makes sure that nothing is wrong with it: whatever comes later is then the mutation's.
func open(root fs.FS, name string) (*subject, error) {
	s := &subject{name: name, files: fstest.MapFS{}, ways: ways(name)}
	err := fs.WalkDir(root, name, func(at string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, at)
		s.files[strings.TrimPrefix(at, name+"/")] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read pack %s: %w", name, err)
	}
	for _, way := range s.ways {
		o := s.validate(s.files, way)
		if len(o.diags) > 0 {
			return nil, fmt.Errorf("pack %s is not clean with %v: %w", name, way, o.diags)
		}
		s.base = append(s.base, o)
	}
	return s, nil
}

// outcome is what the pipeline makes of one installation of a pack.
type outcome struct {
	jobs  []*api.Job // nil where there is an error before or in Nomad's parser
	pack  packBlocks
	diags diag.Diagnostics
}

// packBlocks are what pack.hcl says beside the jobs. Nomad knows none of it, so api.Job does not have it.
type packBlocks struct {
	Credentials []eval.Credential
	Volumes     []*api.HostVolume
	Outputs     []eval.Output
}

// validate does what packctl validate does.
func (s *subject) validate(files fs.FS, args []string) outcome {
	p, loading := pack.Load(files, path.Join("packs", s.name))
	c := compile.Compile(p, loading, vars.Inputs{Args: args}, eval.Release{Name: p.Name, Namespace: "default"}, eval.Options{})
	o := outcome{jobs: c.Jobs, diags: c.Diags}
	if c.Result == nil {
		return o
	}
	for _, x := range c.Result.Credentials {
		x.Range = hcl.Range{} // where a block stands is not what it says
		o.pack.Credentials = append(o.pack.Credentials, x)
	}
	for _, v := range c.Result.Volumes {
		o.pack.Volumes = append(o.pack.Volumes, v.Spec)
	}
	o.pack.Outputs = c.Result.Outputs
	return o
}

// with is the pack with one file replaced.
func (s *subject) with(name string, data []byte) fs.FS {
	files := make(fstest.MapFS, len(s.files))
	for k, v := range s.files {
		files[k] = v
	}
	files[name] = &fstest.MapFile{Data: data, Mode: 0o644}
	return files
}

// paths lists the files that hold the language, sorted.
func (s *subject) paths() []string {
	var out []string
	for name, f := range s.files {
		if (strings.HasSuffix(name, ".hcl") && !strings.HasPrefix(name, "tests/") || strings.HasSuffix(name, ".tpl")) && !bytes.Contains(f.Data, []byte{0}) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
