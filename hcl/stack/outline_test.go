package stack

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// outlined are texts of every kind: the job files of the packs and of the tests of the language, and corners of the syntax.
func outlined(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{"corners": []byte(`job "a\"b$${c}" plain { // said
  one { a = 1 }
  none {}
  a = 1 /* inner */ + 2 # behind
  b = "x${ { c = "}" }["c"] }y" // }
  c = [
    1, # one
    { d = <<EOT
}
${ "}" } %{ if true }
no
%{ endif }
EOT
    },
  ]
  /* between
  e = 1 */
  f = (
    1
  )
  g = <<-EOT
    last
  EOT
}
h = 1`), "empty": nil, "only a comment": []byte("# nothing")}
	for _, root := range []string{"../../packs", "../jobspec/testdata", "../check/testdata"} {
		err := filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(at, ".hcl") && !strings.HasSuffix(at, ".nomad") {
				return err
			}
			out[at], err = os.ReadFile(at)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// What stands where is what HCL's own parser says.
func TestOutline(t *testing.T) {
	compared := 0
	for name, source := range outlined(t) {
		file, diags := hclsyntax.ParseConfig(source, "", hcl.InitialPos)
		if diags.HasErrors() {
			continue
		}
		compared++
		t.Run(name, func(t *testing.T) {
			sameBody(t, "", &newOutline(source).root, file.Body.(*hclsyntax.Body))
		})
	}
	if compared < 40 {
		t.Errorf("only %d texts", compared)
	}
}

func sameBody(t *testing.T, at string, got *block, want *hclsyntax.Body) {
	t.Helper()
	same := func(what string, got span, want hcl.Range) {
		if got.start != want.Start.Byte || got.end != want.End.Byte {
			t.Errorf("%s%s is at %v, want %d-%d", at, what, got, want.Start.Byte, want.End.Byte)
		}
	}
	if len(got.attrs) != len(want.Attributes) || len(got.blocks) != len(want.Blocks) {
		t.Fatalf("%s has %d attributes and %d blocks, want %d and %d", at, len(got.attrs), len(got.blocks), len(want.Attributes), len(want.Blocks))
	}
	for _, a := range want.Attributes {
		g := got.attribute(a.Name)
		if g == nil {
			t.Errorf("%s has no attribute %s", at, a.Name)
			continue
		}
		same(a.Name, g.whole, a.SrcRange)
		same(a.Name+" =", g.value, a.Expr.Range())
	}
	for i, b := range want.Blocks {
		g := got.blocks[i]
		if g.kind != b.Type || !slices.Equal(g.labels, b.Labels) {
			t.Fatalf("%s: block %s %q, want %s %q", at, g.kind, g.labels, b.Type, b.Labels)
		}
		same(b.Type, g.header, b.DefRange())
		same(b.Type+" {", g.body, hcl.RangeBetween(b.OpenBraceRange, b.CloseBraceRange))
		sameBody(t, at+b.Type+".", g, b.Body)
	}
}

// A text that breaks off anywhere has an outline all the same.
func TestOutlineOfABrokenText(t *testing.T) {
	corners := outlined(t)["corners"]
	whole := newOutline(corners)
	if len(whole.root.blocks) != 1 || len(whole.root.attrs) != 1 {
		t.Fatalf("%d blocks and %d attributes", len(whole.root.blocks), len(whole.root.attrs))
	}
	for i := range corners {
		for _, text := range []string{string(corners[:i]), string(corners[i:]), string(corners[:i]) + "}\"{\n" + string(corners[i:])} {
			o := newOutline([]byte(text))
			for _, w := range o.words {
				if w.start > w.end || w.end > len(text) {
					t.Fatalf("cut at %d: a word at %v", i, w)
				}
			}
		}
	}
}

// An outline is there because it costs less than parsing.
func TestOutlineIsCheap(t *testing.T) {
	source, err := os.ReadFile("../../packs/appstack/jobs/app.nomad.hcl")
	if err != nil {
		t.Fatal(err)
	}
	outline := testing.AllocsPerRun(5, func() { newOutline(source) })
	parse := testing.AllocsPerRun(5, func() { _, _ = hclsyntax.ParseConfig(source, "", hcl.InitialPos) })
	if outline*2 > parse {
		t.Errorf("%v allocations, and parsing takes %v", outline, parse)
	}
}
