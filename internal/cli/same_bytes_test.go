package cli_test

import (
	"bytes"
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/packctl/packctl/hcl/check"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

const shipped = "../../packs"

// given is what packs cannot be rendered without, by pack. An unknown name among the environment's is only a warning.
func given(name, env string) []string {
	out := []string{"PACKCTL_VAR_env=" + env}
	switch name {
	case "hello":
		out = append(out, "PACKCTL_VAR_command=/usr/local/bin/hello")
	case "enstore":
		out = append(out, "PACKCTL_VAR_supplier_url=https://supplier.example.com", `PACKCTL_VAR_profiles=["frontend", "flutter"]`, "PACKCTL_VAR_db_name=x")
	}
	return out
}

// shuffled is a file system that lists its folders in another order each time.
type shuffled struct{ fs.FS }

func (s shuffled) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.FS, name)
	rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return entries, err
}

func (s shuffled) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(s.FS, name) }
func (s shuffled) ReadLink(name string) (string, error)   { return fs.ReadLink(s.FS, name) }

// everything is what the pipeline says about a pack: the rendered text, the order of jobs and tiers, the diagnostics.
func everything(fsys fs.FS, environ []string) []byte {
	var b bytes.Buffer
	p, diags := pack.Load(fsys, "pack")
	v, found := vars.Resolve(p, vars.Inputs{Environ: environ})
	diags = append(diags, found...)
	r, found := eval.Evaluate(p, v, eval.Release{Name: "r", Namespace: "default"}, eval.Options{})
	jobs, parsed := jobspec.Parse(r)
	diags = slices.Concat(diags, found, parsed)
	s, found := stack.Assemble(r, jobs)
	diags = slices.Concat(diags, found, check.Check(s))
	diags.Sort()
	for _, f := range r.Files {
		b.WriteString(f.Name + "\n" + string(f.Source) + "\n")
	}
	for _, wave := range s.Waves {
		for _, j := range wave {
			b.WriteString(j.ID + " ")
		}
		b.WriteString("\n")
	}
	for _, t := range s.Tiers {
		b.WriteString(t.JobID + "/" + t.Name + " " + strings.Join(t.Services, ",") + "\n")
	}
	for _, d := range diags {
		b.WriteString(d.Error() + "\n")
	}
	return b.Bytes()
}

// eachPack runs a test for every pack of the repository, in each of its envs.
func eachPack(t *testing.T, f func(t *testing.T, name, env string)) {
	entries, err := os.ReadDir(shipped)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(shipped, e.Name(), "pack.hcl")); err != nil {
			continue
		}
		for _, env := range []string{"dev", "prod"} {
			t.Run(e.Name()+"/"+env, func(t *testing.T) { f(t, e.Name(), env) })
		}
	}
}

// The same pack and values say the same a hundred times, whatever order the folder and the environment are in.
func TestTheSameBytesAHundredTimes(t *testing.T) {
	eachPack(t, func(t *testing.T, name, env string) {
		fsys, environ := os.DirFS(filepath.Join(shipped, name)), given(name, env)
		want := everything(fsys, environ)
		if len(want) < 500 {
			t.Fatalf("hardly anything comes out: %s", want)
		}
		runs := 100
		if env == "dev" {
			runs = 20
		}
		for i := range runs {
			rand.Shuffle(len(environ), func(i, j int) { environ[i], environ[j] = environ[j], environ[i] })
			if got := everything(shuffled{fsys}, environ); !bytes.Equal(got, want) {
				t.Fatalf("run %d differs:\n%s\n\nfrom\n%s", i+1, got, want)
			}
		}
	})
}

// A pack with mistakes gives the same diagnostics each time, in one order.
func TestTheSameDiagnosticsAHundredTimes(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(shipped, "appstack"))); err != nil {
		t.Fatal(err)
	}
	jobs, err := filepath.Glob(filepath.Join(dir, "jobs", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range jobs {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		broken := strings.NewReplacer("local.sizes", "local.sises", "driver =", "drvier =", "release.name", "release.nam").Replace(string(text))
		if err := os.WriteFile(name, []byte(broken), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	diagnosed := func(fsys fs.FS) diag.Diagnostics {
		p, diags := pack.Load(fsys, "pack")
		v, found := vars.Resolve(p, vars.Inputs{})
		diags = append(diags, found...)
		r, found := eval.Evaluate(p, v, eval.Release{Name: "r", Namespace: "default"}, eval.Options{})
		_, parsed := jobspec.Parse(r)
		diags = slices.Concat(diags, found, parsed)
		diags.Sort()
		return diags
	}
	want := diagnosed(os.DirFS(dir)).Error()
	if strings.Count(want, "\n") < 20 {
		t.Fatalf("only these: %s", want)
	}
	for range 100 {
		if got := diagnosed(shuffled{os.DirFS(dir)}).Error(); got != want {
			t.Fatalf("another time:\n%s\n\nfrom\n%s", got, want)
		}
	}
}

// The working folder, the locale, the time zone, the home folder and the number of processors change nothing.
func TestTheSameBytesElsewhere(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "packctl") // TestMain runs the command line under this name
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Abs(shipped)
	if err != nil {
		t.Fatal(err)
	}
	eachPack(t, func(t *testing.T, name, env string) {
		var want map[string]string
		for _, place := range []struct {
			dir, arg string
			environ  []string
		}{
			{filepath.Dir(packs), name, []string{"LC_ALL=C", "TZ=UTC", "HOME=" + t.TempDir()}},
			{filepath.Join(packs, name), ".", []string{"LC_ALL=tr_TR.UTF-8", "LANG=tr_TR.UTF-8", "TZ=Pacific/Kiritimati", "GOMAXPROCS=1"}},
			{t.TempDir(), filepath.Join(packs, name), []string{"LC_ALL=ja_JP.eucJP", "TZ=America/St_Johns", "GOMAXPROCS=7", "USER=somebody"}},
		} {
			out := t.TempDir()
			cmd := exec.CommandContext(context.Background(), program, "render", place.arg, "-d", out)
			cmd.Dir, cmd.Env = place.dir, append(place.environ, given(name, env)...)
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("in %s: %v: %s", place.dir, err, text)
			}
			got := contents(t, out)
			if want == nil {
				want = got
			}
			if len(got) == 0 || len(got) != len(want) {
				t.Errorf("in %s: %d files, want %d", place.dir, len(got), len(want))
			}
			for file, text := range got {
				if text != want[file] {
					t.Errorf("%s is another in %s with %v:\n%s", file, place.dir, place.environ, text)
				}
			}
		}
	})
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(name)] = string(text)
	}
	return out
}
