package eval

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// Where the ${ … } of an expression is seen without the lexer, the lexer sees the same.
func TestPlainInterp(t *testing.T) {
	texts := map[string][]byte{"corners": []byte("a = \"$${x} ${a} ${ b }$${${~ c }${d ~}%{ if e }${\n f\n}%{ endif } ${ /* ${ */ g } ${ # ${\n h } ${\"${i}\"} ${ { k = \"}\" }[\"k\"] } ${(l)} $$${m} ${n} ${o.*.p}\"\n")}
	names, err := filepath.Glob("../../packs/*/jobs/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if texts[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range texts {
		body, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		f := newFile(name, text)
		seen, plain := 0, 0
		_ = hclsyntax.VisitAll(body.Body.(*hclsyntax.Body), func(n hclsyntax.Node) hcl.Diagnostics {
			e, ok := n.(*hclsyntax.TemplateExpr)
			if !ok {
				return nil
			}
			for _, p := range e.Parts {
				r := p.Range()
				if _, literal := p.(*hclsyntax.LiteralValueExpr); literal || text[r.Start.Byte] == '%' {
					continue
				}
				seen++
				got, ok := f.plainInterp(r.Start.Byte, r.End.Byte)
				if !ok {
					continue
				}
				plain++
				if want := lexedInterp(f, r.Start.Byte); got != want {
					t.Errorf("%s: %q is %+v, want %+v", r, text[got.start:got.end], got, want)
				}
			}
			return nil
		})
		if seen > 0 && plain*2 < seen {
			t.Errorf("%s: only %d of %d are seen", name, plain, seen)
		}
	}
}

// What nearly all expressions look like needs no lexer.
func TestPlainFilesAreNotLexed(t *testing.T) {
	f := newFile("x", []byte(`a = "${var.b}"`))
	if _, ok := f.interp(hcl.Range{Start: hcl.Pos{Byte: 7}, End: hcl.Pos{Byte: 12}}); !ok || f.fixed != nil {
		t.Errorf("found %v, lexed %v", ok, f.fixed != nil)
	}
}

func lexedInterp(f *file, at int) interp {
	var found interp
	for _, x := range f.lexed().interps {
		if x.start < at && at < x.end {
			found = x
		}
	}
	return found
}

// Job files are evaluated at once. They share templates and what the pack says, so the race detector has something to look at.
func TestManyJobsAtOnce(t *testing.T) {
	fsys := fstest.MapFS{
		"pack.hcl":      {Data: []byte("pack \"p\" {\n  version = \"1\"\n}\n")},
		"variables.hcl": {Data: []byte("locals {\n  all = [{ a = \"x\" }]\n}\n")},
		"files/x.tpl":   {Data: []byte("%{ for a in all.*.a }${a}%{ endfor }")},
		"files/no.tpl":  {Data: []byte("${")},
	}
	const jobs = 30
	for i := range jobs {
		fsys[fmt.Sprintf("jobs/j%02d.nomad.hcl", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, `job "j%02d" {
  meta {
    text = templatefile("files/x.tpl", { all = local.all })
    same = "${file("files/x.tpl")}-${join(",", local.all.*.a)}"
    none = templatefile("files/no.tpl", {})
  }
}
`, i)}
	}
	p, diags := pack.Load(fsys, "p")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	v, _ := vars.Resolve(p, vars.Inputs{})
	r, diags := Evaluate(p, v, Release{Name: "r", Namespace: "default"}, Options{})
	if len(r.Files) != jobs || len(diags) != 1 || len(r.Texts) != 2 {
		t.Fatalf("%d files, %d texts, %d diagnostics: %v", len(r.Files), len(r.Texts), len(diags), diags)
	}
	for i, f := range r.Files {
		if want := fmt.Sprintf("r-j%02d", i); f.Job != want {
			t.Errorf("file %d is %s, want %s", i, f.Job, want)
		}
	}
}
