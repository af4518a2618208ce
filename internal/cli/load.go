package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/compile"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
	"github.com/packctl/packctl/internal/cli/view"
)

// packsDir is where packs are found by name, below the working folder.
const packsDir = "packs"

// loaded is a pack after the whole pipeline, with its diagnostics as they are shown.
type loaded struct {
	*compile.Compiled
	Diagnosed view.Diagnosed
}

// load finds a pack and runs the pipeline on it. The error is about the command line or a file that cannot be read; faults
// of the pack are diagnostics.
func (f *Factory) load(flags packFlags) (*loaded, error) {
	dir, name, err := f.findPack(flags.Pack)
	if err != nil {
		return nil, err
	}
	in := vars.Inputs{Environ: f.Environ(), Args: flags.Vars, Remembered: flags.remembered}
	for _, file := range flags.VarFiles {
		data, err := os.ReadFile(f.path(file))
		if err != nil {
			return nil, WithHint(fmt.Errorf("read -var-file: %w", err), "give the path of a file with lines such as: name = \"value\"")
		}
		in.Files = append(in.Files, vars.File{Path: file, Data: data})
	}
	p, diags := pack.Load(os.DirFS(dir), name)
	rel, err := f.release(flags, p.Name)
	if err != nil {
		return nil, err
	}
	return compiled(p, diags, in, rel, f.Build.Version), nil
}

// compiled runs the pipeline on a pack.
func compiled(p *pack.Pack, diags diag.Diagnostics, in vars.Inputs, rel eval.Release, version string) *loaded {
	c := compile.Compile(p, diags, in, rel, eval.Options{PackctlVersion: version})
	return &loaded{Compiled: c, Diagnosed: view.Diagnosed{Diags: c.Diags, Sources: c.Sources}}
}

// loadValid is load for verbs that go on only with a pack without errors: diagnostics are shown, and errors end the verb.
func (f *Factory) loadValid(flags packFlags, v view.View) (*loaded, error) {
	l, err := f.load(flags)
	if err != nil {
		return nil, err
	}
	v.Diagnostics(l.Diagnosed)
	if l.Diagnosed.HasErrors() {
		return nil, &ErrShown{Code: CodeUsage}
	}
	return l, nil
}

// release is the identity under which the pack is looked at.
func (f *Factory) release(flags packFlags, packName string) (eval.Release, error) {
	rel := eval.Release{Name: flags.Name, Namespace: flags.Namespace}
	if rel.Name == "" {
		rel.Name = packName
	} else if !validName(rel.Name) {
		return rel, WithHint(fmt.Errorf("%q cannot be a release name", rel.Name),
			"it becomes part of service names: lower-case letters, digits and hyphens, 50 at most, a letter first")
	}
	if rel.Namespace == "" {
		rel.Namespace = lookup(f.Environ(), "NOMAD_NAMESPACE")
	}
	if rel.Namespace == "" {
		rel.Namespace = "default"
	}
	return rel, nil
}

// validName keeps release names fit for DNS labels, with room for what packs append.
func validName(s string) bool {
	if len(s) > 50 || s == "" || s[0] < 'a' || s[0] > 'z' || s[len(s)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

// path makes a path that a person typed absolute.
func (f *Factory) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(f.Dir, p)
}

// findPack finds a pack's folder: by path when there is a separator in it or it is such a folder, otherwise by name in
// ./packs. The name is how positions show the folder.
func (f *Factory) findPack(arg string) (dir, name string, err error) {
	byName := !strings.ContainsRune(arg, filepath.Separator) && arg != "." && arg != ".."
	if byName {
		name = filepath.Join(packsDir, arg)
		if isPack(f.path(name)) {
			return f.path(name), filepath.ToSlash(name), nil
		}
	}
	dir = f.path(arg)
	if isPack(dir) {
		return dir, filepath.ToSlash(filepath.Clean(arg)), nil
	}
	known := f.packs()
	hint := "the packs in ./" + packsDir + ": " + strings.Join(known, ", ")
	if len(known) == 0 {
		hint = "there is no pack in ./" + packsDir + " either: go to the folder that holds it, or give a pack's path"
	} else if s := diag.Suggest(arg, known); byName && s != "" {
		hint = "did you mean " + s + "? " + hint
	}
	if !byName {
		if _, statErr := os.Stat(dir); errors.Is(statErr, fs.ErrNotExist) {
			return "", "", WithHint(fmt.Errorf("there is no folder %s", arg), hint)
		}
		return "", "", WithHint(fmt.Errorf("%s is no pack: it has no pack.hcl", arg), hint)
	}
	return "", "", WithHint(fmt.Errorf("there is no pack %q", arg), hint)
}

// packs lists the packs of the working folder, sorted.
func (f *Factory) packs() []string {
	entries, err := os.ReadDir(f.path(packsDir))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if isPack(filepath.Join(f.path(packsDir), e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names
}

func isPack(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "pack.hcl"))
	return err == nil && !info.IsDir()
}

// onePack takes the one argument of verbs that work on a pack.
func (f *Factory) onePack(flags *packFlags) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 1 && args[0] != "":
			flags.Pack = args[0]
			return nil
		case len(args) > 1:
			return WithHint(fmt.Errorf("'%s' takes one pack, but got %q too", cmd.CommandPath(), args[1]), "values are given as -var name=value")
		}
		hint := "give a name from ./" + packsDir + ", or a path"
		if known := f.packs(); len(known) > 0 {
			hint = "the packs in ./" + packsDir + ": " + strings.Join(known, ", ")
		}
		return WithHint(fmt.Errorf("'%s' needs the name or the path of a pack", cmd.CommandPath()), hint)
	}
}
