package packtest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/packctl/packctl/hcl/diag"
)

// goldens compares what a run renders with the files in tests/golden/<file>/<run>/.
func (s *Suite) goldens(r *Run, c Compiled) ([]Golden, diag.Diagnostics) {
	var out []Golden
	var diags diag.Diagnostics
	fail := func(detail string, args ...any) {
		diags.Add(GoldenDiffers, r.Range, "Golden file differs", "%s", fmt.Sprintf(detail, args...)+" If that is right, packctl test -update writes it.")
	}
	if c.Result == nil {
		diags.Add(GoldenDiffers, r.Range, "Golden file differs", "Nothing is rendered: the pack has errors, so this run cannot have golden = true.")
		return nil, diags
	}
	folder := path.Join(Folder, "golden", r.Group, r.Name)
	made := map[string]bool{}
	for _, f := range c.Result.Files {
		at := path.Join(folder, path.Base(f.Path))
		made[path.Base(f.Path)] = true
		have, err := s.Pack.Read(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			fail("%s is not there yet.", s.Pack.FileName(at))
		case err != nil:
			fail("%s cannot be read: %v.", s.Pack.FileName(at), err)
		case !bytes.Equal(have, f.Source):
			line, want, got := firstDifference(string(have), string(f.Source))
			fail("%s is not what %s becomes: line %d should be\n%s\nand is now\n%s\n", s.Pack.FileName(at), f.Name, line, want, got)
		default:
			continue
		}
		out = append(out, Golden{Path: at, Data: f.Source})
	}
	// A folder that is not there has no file too many.
	names, _ := s.Pack.Glob(folder, "*")
	for _, name := range names {
		if !made[name] {
			fail("%s is there, but no job becomes it.", s.Pack.FileName(path.Join(folder, name)))
			out = append(out, Golden{Path: path.Join(folder, name)})
		}
	}
	return out, diags
}

// firstDifference is the first line that differs, from 1, in both texts.
func firstDifference(want, got string) (int, string, string) {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	line := func(lines []string) string {
		if i >= len(lines) {
			return "    (the end)"
		}
		return "    " + strings.TrimSpace(lines[i])
	}
	return i + 1, line(a), line(b)
}
