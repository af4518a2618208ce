package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/packctl/packctl/hcl/diag"
)

// format is a file in canonical form. A file that is no HCL has diagnostics instead.
//
// The formatter of the HCL library settles some files only when it sees its own result, so it is asked until nothing
// changes any more. A file that it never settles, or whose words it would change, stays as it is.
func format(src []byte, name string) ([]byte, diag.Diagnostics) {
	_, hclDiags := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if hclDiags.HasErrors() {
		return nil, diag.FromHCL(hclDiags)
	}
	const rounds = 5
	out := src
	for range rounds {
		next := hclwrite.Format(out)
		if bytes.Equal(next, out) {
			return out, nil
		}
		if !sameWords(out, next) {
			break
		}
		out = next
	}
	return src, nil
}

// sameWords reports whether two files differ by nothing but white space between tokens.
func sameWords(a, b []byte) bool {
	x, _ := hclsyntax.LexConfig(a, "", hcl.InitialPos)
	y, _ := hclsyntax.LexConfig(b, "", hcl.InitialPos)
	return slices.EqualFunc(x, y, func(p, q hclsyntax.Token) bool {
		return p.Type == q.Type && bytes.Equal(p.Bytes, q.Bytes)
	})
}

// packFolders are the folders of a pack that hold HCL.
func packFolders() []string { return []string{"env", "jobs", "tests"} }

// hclFiles lists the files that paths name, sorted, each once: packs by name or folder, other folders, files.
func (f *Factory) hclFiles(paths []string, recursive bool) ([]string, error) {
	var out []string
	for _, p := range paths {
		name := f.folderOf(p)
		info, err := os.Stat(f.path(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			_, _, err := f.findPack(p)
			return nil, WithHint(fmt.Errorf("there is no pack, folder or file %s", p), hintOf(err))
		case err != nil:
			return nil, fmt.Errorf("look at %s: %w", p, err)
		case !info.IsDir():
			out = append(out, filepath.ToSlash(filepath.Clean(name)))
			continue
		}
		found, err := f.below(name, recursive)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// folderOf is the path that an argument means: a pack's name means its folder.
func (f *Factory) folderOf(arg string) string {
	if _, name, err := f.findPack(arg); err == nil {
		return filepath.FromSlash(name)
	}
	return arg
}

// below lists the HCL files of a folder. Hidden files and folders are somebody else's.
func (f *Factory) below(dir string, recursive bool) ([]string, error) {
	ofPack := isPack(f.path(dir))
	var out []string
	root := filepath.ToSlash(filepath.Clean(dir))
	err := fs.WalkDir(os.DirFS(f.path(dir)), ".", func(at string, d fs.DirEntry, err error) error {
		hidden := at != "." && strings.HasPrefix(d.Name(), ".")
		wanted := recursive || at == "." || ofPack && slices.Contains(packFolders(), at)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (hidden || !wanted):
			return fs.SkipDir
		case !d.IsDir() && !hidden && strings.HasSuffix(d.Name(), ".hcl"):
			out = append(out, path.Join(root, at))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", dir, err)
	}
	return out, nil
}
