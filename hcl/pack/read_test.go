package pack

import (
	"slices"
	"testing"
	"testing/fstest"
)

func TestGlob(t *testing.T) {
	p := &Pack{FS: fstest.MapFS{
		"files/a.conf": {}, "files/b.txt": {}, "files/sub/c.conf": {}, "files/sub/deep/d.conf": {}, "other/e.conf": {},
	}}
	for name, c := range map[string]struct {
		dir, pattern string
		want         []string
		fails        bool
	}{
		"one folder, by ending":         {dir: "files", pattern: "*.conf", want: []string{"a.conf"}},
		"any depth":                     {dir: "files", pattern: "**/*.conf", want: []string{"a.conf", "sub/c.conf", "sub/deep/d.conf"}},
		"everything below a folder":     {dir: "files/sub", pattern: "**", want: []string{"c.conf", "deep/d.conf"}},
		"from the pack's own folder":    {dir: ".", pattern: "*/e.conf", want: []string{"other/e.conf"}},
		"no match is no fault":          {dir: "files", pattern: "*.none"},
		"a folder that is not there":    {dir: "none", pattern: "*", fails: true},
		"a pattern that is none":        {dir: "files", pattern: "[", fails: true},
		"a folder outside":              {dir: "../files", pattern: "*", fails: true},
		"a folder at an absolute place": {dir: "/files", pattern: "*", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := p.Glob(c.dir, c.pattern)
			if (err != nil) != c.fails || !slices.Equal(got, c.want) {
				t.Errorf("Glob gives %q, %v, want %q", got, err, c.want)
			}
		})
	}
}
