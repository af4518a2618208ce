// Package packs has the tests that every pack of this repository passes.
package packs

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/packctl/packctl/hcl/check"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

var update = flag.Bool("update", false, "write the inputs tables into the READMEs")

// required are values for variables that must be given, by pack.
func required() map[string][]string {
	return map[string][]string{
		"hello":   {"command=/usr/local/bin/hello"},
		"enstore": {"supplier_url=https://supplier.example.com"}, // in prod
	}
}

func folders(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if _, err := os.Stat(e.Name() + "/pack.hcl"); err == nil {
			out = append(out, e.Name())
		}
	}
	return out
}

func TestPacksRenderInEachEnvTwiceTheSame(t *testing.T) {
	for _, name := range folders(t) {
		p, diags := pack.Load(os.DirFS(name), "packs/"+name)
		if diags.HasErrors() {
			t.Errorf("%s: %v", name, diags)
			continue
		}
		for _, env := range append(p.EnvNames(), "") {
			t.Run(name+"/"+env, func(t *testing.T) {
				args := required()[name]
				if env != "" {
					args = append([]string{"env=" + env}, args...)
				}
				first, second := render(t, p, args), render(t, p, args)
				for i := range first.Files {
					if !bytes.Equal(first.Files[i].Source, second.Files[i].Source) {
						t.Errorf("%s renders differently the second time", first.Files[i].Name)
					}
				}
			})
		}
	}
}

// combinations are values under which a pack is run: none for each env alone.
func combinations(name string) [][]string {
	out := [][]string{nil}
	if name == "enstore" {
		out = append(out, []string{`profiles=["frontend"]`}, []string{`profiles=["flutter"]`}, []string{`profiles=["frontend", "flutter"]`})
	}
	return out
}

func TestPacksHaveNothingToComplainAbout(t *testing.T) {
	for _, name := range folders(t) {
		p, diags := pack.Load(os.DirFS(name), "packs/"+name)
		if len(diags) > 0 {
			t.Errorf("%s: %v", name, diags)
			continue
		}
		for _, env := range append(p.EnvNames(), "") {
			for _, more := range combinations(name) {
				args := slices.Concat(required()[name], more)
				if env != "" {
					args = append([]string{"env=" + env}, args...)
				}
				t.Run(name+"/"+strings.Join(args, " "), func(t *testing.T) {
					v, diags := vars.Resolve(p, vars.Inputs{Args: args})
					r, found := eval.Evaluate(p, v, eval.Release{Name: p.Name, Namespace: "default"}, eval.Options{})
					diags = append(diags, found...)
					jobs, found := jobspec.Parse(r)
					diags = append(diags, found...)
					s, found := stack.Assemble(r, jobs)
					diags = append(diags, found...)
					diags = append(diags, check.Check(s)...)
					for _, d := range check.Ignore(diags, p.Sources) {
						t.Errorf("%s: %s", d.ID, d.Error())
					}
				})
			}
		}
	}
}

func render(t *testing.T, p *pack.Pack, args []string) *eval.Result {
	t.Helper()
	v, diags := vars.Resolve(p, vars.Inputs{Args: args})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, diags := eval.Evaluate(p, v, eval.Release{Name: p.Name, Namespace: "default"}, eval.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if _, diags = jobspec.Parse(r); diags.HasErrors() {
		t.Fatal(diags)
	}
	return r
}

func TestReadmesListTheInputs(t *testing.T) {
	const begin, end = "<!-- inputs -->\n", "<!-- /inputs -->"
	for _, name := range folders(t) {
		path := name + "/README.md"
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before, rest, ok := strings.Cut(string(text), begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Errorf("%s has no place for the inputs: %s%s", path, begin, end)
			continue
		}
		p, _ := pack.Load(os.DirFS(name), "packs/"+name)
		want := before + begin + "\n" + vars.Table(p) + "\n" + end + after
		if want == string(text) {
			continue
		}
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s does not list the pack's inputs; run: go test ./packs -update", path)
	}
}
