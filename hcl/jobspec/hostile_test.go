package jobspec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/packctl/packctl/hcl/vars"
)

const tinyJob = "job \"a\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"docker\"\n      config {\n        image = \"x\"\n      }\n      template {\n        destination = \"local/x\"\n        data        = %s\n      }\n    }\n  }\n}\n"

// A pack that means harm, or is a mistake of that size, ends soon, in bounded memory, with an error that says why.
func TestHostilePacks(t *testing.T) {
	many := fstest.MapFS{}
	for i := range 10_000 {
		many[fmt.Sprintf("files/%d/%d", i/100, i)] = &fstest.MapFile{Data: []byte("x")}
	}
	for name, c := range map[string]struct {
		data  string // of a template
		files fstest.MapFS
		want  string // in some diagnostic; empty: nothing is wrong
	}{
		"ten thousand files":             {`jsonencode(fileset("files", "**"))`, many, "too many"},
		"a file of 5 MB":                 {`file("files/big")`, fstest.MapFS{"files/big": {Data: []byte(strings.Repeat("0123456789abcde\n", 5<<16))}}, "too large"},
		"a variables file of 5 MB":       {`"x"`, fstest.MapFS{"variables.hcl": {Data: []byte(strings.Repeat("# 0123456789abc\n", 5<<16))}}, "too large"},
		"brackets, nested deeply":        {strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), nil, "More than"},
		"templates, nested deeply":       {strings.Repeat(`"${`, 20_000) + "1" + strings.Repeat(`}"`, 20_000), nil, "More than"},
		"blocks, nested deeply":          {"1\n" + strings.Repeat("x {\n", 20_000) + strings.Repeat("}\n", 20_000), nil, "More than"},
		"a template nested deeply":       {`templatefile("files/x.tpl", {})`, fstest.MapFS{"files/x.tpl": {Data: []byte(strings.Repeat("${[", 20_000))}}, "More than"},
		"a huge range":                   {"jsonencode(range(100000000))", nil, "range"},
		"a path that goes up":            {`file("../secret")`, nil, ".."},
		"an absolute path":               {`file("/etc/passwd")`, nil, "not a path below"},
		"a template that reads outside":  {`templatefile("files/x.tpl", {})`, fstest.MapFS{"files/x.tpl": {Data: []byte("${file(\"../../secret\")}")}}, ".."},
		"a template that renders itself": {`templatefile("files/x.tpl", {})`, fstest.MapFS{"files/x.tpl": {Data: []byte("${templatefile(\"files/x.tpl\", {})}")}}, "templatefile"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{"pack.hcl": {Data: []byte("pack \"p\" {\n  version = \"1\"\n}\n")}, "jobs/a.nomad.hcl": {Data: fmt.Appendf(nil, tinyJob, c.data)}}
			for k, v := range c.files {
				fsys[k] = v
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			o := run(fsys, vars.Inputs{})
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			text := o.diags.Error()
			if c.want == "" && o.diags.HasErrors() || c.want != "" && !strings.Contains(text, c.want) {
				t.Errorf("diagnostics without %q: %.600s", c.want, text)
			}
			if took > 5*time.Second {
				t.Errorf("it takes %v", took)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 1024 {
				t.Errorf("it takes %d MB", used)
			}
			t.Logf("%v, %d MB: %.200s", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, text)
		})
	}
}

// Links lead nowhere out of the pack for templates either.
func TestATemplateBehindALinkIsRefused(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		outside + "/secret.tpl":   "hidden",
		dir + "/pack.hcl":         "pack \"p\" {\n  version = \"1\"\n}\n",
		dir + "/jobs/a.nomad.hcl": fmt.Sprintf(tinyJob, `templatefile("link.tpl", {})`),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside+"/secret.tpl", dir+"/link.tpl"); err != nil {
		t.Fatal(err)
	}
	o := run(os.DirFS(dir), vars.Inputs{})
	if text := o.diags.Error(); !strings.Contains(text, "leaves the pack's folder") || strings.Contains(text, "hidden") {
		t.Errorf("the link is followed: %v", text)
	}
}
