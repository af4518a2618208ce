package cli

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// packFiles are the HCL files of the packs here, of the scaffold, and of the tests.
func packFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, root := range []string{"../../packs", "scaffold", "testdata/packs", "../../hcl/jobspec/testdata"} {
		err := filepath.WalkDir(root, func(p string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(p, ".hcl") {
				files[p], err = os.ReadFile(p)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// settled checks what format promises: the same words, and itself again.
func settled(t *testing.T, name string, src []byte) {
	t.Helper()
	out, diags := format(src, name)
	if diags.HasErrors() {
		return
	}
	if again, _ := format(out, name); !bytes.Equal(again, out) {
		t.Errorf("%s: the second time it becomes\n%q\nafter\n%q", name, again, out)
	}
	if !sameWords(src, out) {
		t.Errorf("%s: words changed in\n%q\nfrom\n%q", name, out, src)
	}
	if _, wrong := hclsyntax.ParseConfig(out, name, hcl.InitialPos); wrong.HasErrors() {
		t.Errorf("%s: no HCL any more: %v", name, wrong)
	}
}

// TestFmtSettles over files whose spaces were shaken: between tokens, never inside one.
func TestFmtSettles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same shaking each time
	for name, src := range packFiles(t) {
		settled(t, name, src)
		tokens, _ := hclsyntax.LexConfig(src, name, hcl.InitialPos)
		inside := 0 // in a template, where spaces count
		var shaken bytes.Buffer
		last := 0
		for _, token := range tokens {
			gap := src[last:token.Range.Start.Byte]
			if inside == 0 && len(bytes.Trim(gap, " \t")) == 0 && (len(gap) > 0 || random.IntN(20) == 0 && token.Type == hclsyntax.TokenOBrace) {
				gap = []byte(strings.Repeat(" ", 1+random.IntN(6)))
			}
			switch token.Type {
			case hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
				inside++
			case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
				inside--
			}
			shaken.Write(gap)
			shaken.Write(token.Bytes)
			last = token.Range.End.Byte
		}
		if _, diags := format(shaken.Bytes(), name); diags.HasErrors() {
			t.Fatalf("%s: the shaking broke it: %v", name, diags)
		}
		settled(t, name+" (shaken)", shaken.Bytes())
	}
}

func FuzzFormat(f *testing.F) {
	for _, src := range packFiles(f) {
		if len(src) < 3000 {
			f.Add(src)
		}
	}
	f.Add([]byte("a = [ # x\n1,\n  2]\r\nb{}\n"))
	f.Add([]byte("a = <<-EOT\n\t${ b }  %{ if c }\n EOT\nbb = 1 # c\n"))
	f.Fuzz(func(t *testing.T, src []byte) { settled(t, "fuzz", src) })
}
