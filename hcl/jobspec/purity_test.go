package jobspec_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// Every golden case gives the same bytes again, also with its environment in another order.
func TestRenderingDependsOnNothingButItsInput(t *testing.T) {
	cases, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		fsys := files(archive)
		in := inputs(t, fsys)
		want := run(fsys, in)
		for range 5 {
			rand.Shuffle(len(in.Environ), func(i, j int) { in.Environ[i], in.Environ[j] = in.Environ[j], in.Environ[i] })
			got := run(fsys, in)
			if !reflect.DeepEqual(got.diags, want.diags) || !bytes.Equal(text(got), text(want)) {
				t.Errorf("%s renders differently when it runs again", path)
			}
		}
	}
}

// The same diagnostics come in the same order, although Nomad's parser shuffles its own.
func TestDiagnosticsComeInOneOrder(t *testing.T) {
	fsys := fstest.MapFS{
		"pack.hcl": {Data: []byte("pack \"shop\" {\n  version = \"1\"\n}\n")},
		"jobs/a.nomad.hcl": {Data: []byte(`job "a" {
  group "g" {
    a = 1
    b = 2
    c = 3
    task "t" {
      d = 4
      resources {
        e = 5
      }
    }
  }
}`)},
	}
	want := run(fsys, vars.Inputs{}).diags
	if len(want) < 5 {
		t.Fatalf("only %d diagnostics: %v", len(want), want)
	}
	for range 20 {
		if got := run(fsys, vars.Inputs{}).diags; !reflect.DeepEqual(got, want) {
			t.Fatalf("another order:\n%v\n\n%v", want, got)
		}
	}
}

func text(o outcome) []byte {
	var b bytes.Buffer
	for _, f := range o.result.Files {
		fmt.Fprintf(&b, "%s %s\n%s", f.Name, f.Job, f.Source)
	}
	return b.Bytes()
}

// A pack reads files below its own folder only, whatever its symbolic links say.
func TestSymbolicLinksStayInThePack(t *testing.T) {
	outside := t.TempDir()
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(filepath.Join(outside, "secret"), []byte("hidden"), 0o600))
	must(os.MkdirAll(filepath.Join(dir, "files", "sub"), 0o755))
	must(os.WriteFile(filepath.Join(dir, "files", "real"), []byte("seen"), 0o600))
	must(os.Symlink("real", filepath.Join(dir, "files", "inside")))
	must(os.Symlink("../real", filepath.Join(dir, "files", "sub", "up")))
	must(os.Symlink("../files", filepath.Join(dir, "files", "folder")))
	must(os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "files", "absolute")))
	must(os.Symlink("../../"+filepath.Base(outside)+"/secret", filepath.Join(dir, "files", "relative")))
	must(os.Symlink(outside, filepath.Join(dir, "away")))
	must(os.Symlink("loop", filepath.Join(dir, "loop")))
	opened, err := os.OpenRoot(dir)
	must(err)
	defer opened.Close()
	for _, root := range []*pack.Pack{{FS: os.DirFS(dir)}, {FS: opened.FS()}} {
		for at, ok := range map[string]bool{
			"files/real": true, "files/inside": true, "files/sub/up": true, "files/folder/real": true,
			"files/absolute": false, "files/relative": false, "away/secret": false, "loop": false,
			"../secret": false, "files/../../x": false, "/etc/passwd": false, "files": false, "": false,
		} {
			b, err := root.Read(at)
			if ok && string(b) != "seen" || !ok && err == nil {
				t.Errorf("Read(%q) gives %q, %v", at, b, err)
			}
		}
	}
}

// A sensitive value is in no form that a Result can be printed in.
func TestASecretIsNeverPrinted(t *testing.T) {
	fsys := fstest.MapFS{
		"pack.hcl":           {Data: []byte("pack \"shop\" {\n  version = \"1\"\n}\ncredential \"c\" {\n  value = var.token\n}\n")},
		"variables.hcl":      {Data: []byte("variable \"token\" {\n  sensitive = true\n}\n")},
		"jobs/app.nomad.hcl": {Data: []byte("job \"a\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"docker\"\n    }\n  }\n}\n")},
	}
	o := run(fsys, vars.Inputs{Args: []string{"token=hunter2"}})
	if o.diags.HasErrors() {
		t.Fatal(o.diags)
	}
	c := o.result.Credentials[0]
	if got := c.Value.Reveal(); got != "hunter2" {
		t.Fatalf("the release layer would get %q", got)
	}
	holder := struct{ hidden eval.Secret }{*c.Value}
	for _, printed := range []string{
		fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%v %s %q %x", *c.Value, *c.Value, *c.Value, *c.Value),
		fmt.Sprintf("%v %+v %#v", holder, holder, holder), asJSON(o.result), fmt.Sprintf("%+v %#v", o.values.List[0], o.values.List[0]),
		fmt.Sprintf("%v", o.values.List),
	} {
		if strings.Contains(printed, "hunter2") || strings.Contains(printed, "68756e74657232") {
			t.Errorf("printed: %s", printed)
		}
	}
}

// A place in the rendered text leads back to the line that made it, through everything that shifts lines.
func TestTheSourceMapLeadsBack(t *testing.T) {
	src := `variable "text" { default = "one\ntwo\nthree\n" }

job "app" {
  group "g" {
    wait_for "x" {}

    task "t" {
      driver = "docker"
      template {
        data        = var.text
        destination = "läuft" # MARK ümlaut
      }
      env {
        A = "${var.text}" # MARK env
      }
    }
  } # MARK end
}
`
	o := run(fstest.MapFS{"pack.hcl": {Data: []byte("pack \"shop\" {\n  version = \"1\"\n}\n")}, "jobs/a.nomad.hcl": {Data: []byte(src)}}, vars.Inputs{})
	if o.diags.HasErrors() {
		t.Fatal(o.diags)
	}
	f := o.result.Files[0]
	original := strings.Split(src, "\n")
	marks := 0
	for i, line := range strings.Split(string(f.Source), "\n") {
		column := strings.Index(line, "# MARK")
		if column < 0 {
			continue
		}
		marks++
		clusters := len([]rune(line[:column])) + 1
		r := f.Map.Range(i+1, clusters, i+1, clusters+6)
		back := original[r.Start.Line-1]
		if got := string([]rune(back)[r.Start.Column-1:]); !strings.HasPrefix(got, line[column:]) {
			t.Errorf("%q leads to line %d, column %d: %q", line[column:], r.Start.Line, r.Start.Column, got)
		}
	}
	if marks != 3 {
		t.Errorf("%d of 3 marks are in the rendered text", marks)
	}
}

func TestDiagnosticsSortByPlaceAndDropRepetitions(t *testing.T) {
	var all diag.Diagnostics
	o := run(fstest.MapFS{"variables.hcl": {Data: []byte("variabel \"x\" {}\nvariabel \"y\" {}\n")}}, vars.Inputs{})
	all = append(all, o.diags...)
	all = append(all, o.diags...)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	all.Sort()
	if !reflect.DeepEqual(all, o.diags) {
		t.Errorf("sorted:\n%v\n\nwant\n%v", all, o.diags)
	}
}

// Twice the pack takes about twice the time; the numbers come from: go test -bench . ./hcl/jobspec
func BenchmarkPipeline(b *testing.B) {
	for _, groups := range []int{8, 80, 800} {
		fsys := fstest.MapFS{
			"pack.hcl":      {Data: []byte("pack \"shop\" {\n  version = \"1\"\n}\n")},
			"variables.hcl": {Data: []byte("variable \"image\" {\n  default = \"x\"\n}\nvariable \"n\" {\n  default = 3\n}\n")},
		}
		var job strings.Builder
		job.WriteString("job \"app\" {\n")
		for i := range groups {
			fmt.Fprintf(&job, benchGroup, i, i)
		}
		job.WriteString("}\n")
		fsys["jobs/app.nomad.hcl"] = &fstest.MapFile{Data: []byte(job.String())}
		b.Run(fmt.Sprintf("evaluate/%d", groups), func(b *testing.B) {
			for b.Loop() {
				p, _ := pack.Load(fsys, "x")
				v, _ := vars.Resolve(p, vars.Inputs{})
				if _, diags := eval.Evaluate(p, v, eval.Release{Name: "r", Namespace: "default"}, eval.Options{}); diags.HasErrors() {
					b.Fatal(diags)
				}
			}
		})
		o := run(fsys, vars.Inputs{})
		b.Run(fmt.Sprintf("parse/%d", groups), func(b *testing.B) {
			for b.Loop() {
				if _, diags := jobspec.Parse(o.result); diags.HasErrors() {
					b.Fatal(diags)
				}
			}
		})
	}
}

const benchGroup = `
  group "g%d" {
    count = var.n
    wait_for "db" {}
    network {
      mode = "bridge"
      port "http" {
        to = 8000 + var.n
      }
    }
    service {
      name = "${release.name}-s%d"
      port = "http"
      tags = [for x in ["a", "b"] : "${x}-${var.n}-${NOMAD_DC}"]
      check {
        type     = "http"
        path     = "/health"
        interval = "5s"
        timeout  = "2s"
      }
    }
    task "t" {
      driver = "docker"
      config {
        image = "${var.image}:${pack.version}"
        args  = ["--port", "${NOMAD_PORT_http}", "--n=${var.n}"]
      }
      template {
        destination = "local/x"
        data        = <<-EOF
          {{ range service "${release.name}-db" }}
          server {{ .Address }}:{{ .Port }};
          {{ end }}
        EOF
      }
      env {
        A = var.image
        B = "x${var.n}"
      }
      resources {
        cpu    = 100 * var.n
        memory = 128
      }
    }
  }
`
