package packtest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

func schema() *pack.Schema {
	return &pack.Schema{Blocks: map[string]*pack.Schema{
		"variables": {Open: true},
		"run": {
			Labels: 1, Many: true,
			Attributes: []string{"env", "release", "namespace", "expect_errors", "golden"},
			Blocks: map[string]*pack.Schema{
				"variables": {Open: true},
				"assert":    {Many: true, Attributes: []string{"condition", "error_message"}},
			},
		},
	}}
}

// Load reads a pack's tests. A folder without any is no fault.
func Load(p *pack.Pack) (*Suite, diag.Diagnostics) {
	s := &Suite{Pack: p, Sources: maps.Clone(p.Sources)}
	var diags diag.Diagnostics
	names, err := p.Glob(Folder, "*.hcl")
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			diags.Add("unreadable-file", at(p, Folder), "Folder cannot be read", "%s: %v.", p.FileName(Folder), err)
		}
		return s, diags
	}
	for _, name := range names {
		f := &file{pack: p, path: path.Join(Folder, name)}
		f.load()
		diags = append(diags, f.diags...)
		s.Runs = append(s.Runs, f.runs...)
		s.Sources[p.FileName(f.path)] = f.source
	}
	diags.Sort()
	return s, diags
}

func at(p *pack.Pack, name string) hcl.Range {
	return hcl.Range{Filename: p.FileName(name), Start: hcl.InitialPos, End: hcl.InitialPos}
}

// file is a test file on its way.
type file struct {
	pack   *pack.Pack
	path   string
	source []byte
	shared []vars.File // the file's own variables block
	runs   []*Run
	diags  diag.Diagnostics
}

func (f *file) load() {
	src, err := f.pack.Read(f.path)
	if err != nil {
		f.diags.Add("unreadable-file", at(f.pack, f.path), "File cannot be read", "%s: %v.", f.pack.FileName(f.path), err)
		return
	}
	f.source = src
	parsed, found := hclsyntax.ParseConfig(src, f.pack.FileName(f.path), hcl.InitialPos)
	f.diags = append(f.diags, diag.FromHCL(found)...)
	if found.HasErrors() {
		return
	}
	body := parsed.Body.(*hclsyntax.Body)
	pack.CheckBlock(&hclsyntax.Block{Type: f.path, Body: body}, schema(), &f.diags)
	if f.diags.HasErrors() {
		return
	}
	for _, b := range body.Blocks {
		if b.Type == "variables" {
			f.shared = append(f.shared, f.only(b.OpenBraceRange.End.Byte, b.CloseBraceRange.Start.Byte))
		}
	}
	for _, b := range body.Blocks {
		if b.Type == "run" {
			f.runs = append(f.runs, f.run(b))
		}
	}
}

func (f *file) run(b *hclsyntax.Block) *Run {
	r := &Run{
		File: f.path, Group: strings.TrimSuffix(path.Base(f.path), ".hcl"), Name: b.Labels[0], Range: b.DefRange(),
		values: append([]vars.File{}, f.shared...),
	}
	attrs := b.Body.Attributes
	f.constant(attrs["release"], cty.String, func(v cty.Value) { r.release = v.AsString() })
	f.constant(attrs["namespace"], cty.String, func(v cty.Value) { r.namespace = v.AsString() })
	f.constant(attrs["golden"], cty.Bool, func(v cty.Value) { r.golden = v.True() })
	if a := attrs["env"]; a != nil {
		r.values = append(r.values, f.only(a.SrcRange.Start.Byte, a.SrcRange.End.Byte))
	}
	if a := attrs["expect_errors"]; a != nil {
		r.expected = f.expected(a)
	}
	for _, sub := range b.Body.Blocks {
		if sub.Type == "variables" {
			r.values = append(r.values, f.only(sub.OpenBraceRange.End.Byte, sub.CloseBraceRange.Start.Byte))
			continue
		}
		x := assert{source: f.source}
		for name, to := range map[string]*hclsyntax.Expression{"condition": &x.condition, "error_message": &x.message} {
			if a := sub.Body.Attributes[name]; a != nil {
				*to = a.Expr
			}
		}
		if x.condition == nil || x.message == nil {
			f.diags.Add("missing-attribute", sub.DefRange(), "Missing attribute", "An assert block needs both condition and error_message.")
			continue
		}
		r.asserts = append(r.asserts, x)
	}
	return r
}

// only is the file as a -var-file with nothing but a part of it: the rest is blank, so that every place stays what it is.
func (f *file) only(from, to int) vars.File {
	blank := bytes.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, f.source[:from])
	// Map shortens a rune of several bytes to one; places count lines and columns, of which that changes none.
	return vars.File{Path: f.pack.FileName(f.path), Data: append(blank, f.source[from:to]...)}
}

func (f *file) expected(a *hclsyntax.Attribute) []expectation {
	list, ok := a.Expr.(*hclsyntax.TupleConsExpr)
	if !ok {
		f.diags.Add("not-constant", a.Expr.Range(), "Not a list of IDs", "expect_errors is a list of diagnostics' IDs, such as [\"unknown-port\"].")
		return nil
	}
	var out []expectation
	for _, e := range list.Exprs {
		v, found := budget.New().Value(e, nil)
		if found.HasErrors() || v.IsNull() || v.Type() != cty.String {
			f.diags.Add("not-constant", e.Range(), "Not an ID", "expect_errors lists diagnostics' IDs as plain texts, such as \"unknown-port\".")
			continue
		}
		out = append(out, expectation{id: v.AsString(), at: e.Range()})
	}
	return out
}

func (f *file) constant(a *hclsyntax.Attribute, want cty.Type, take func(cty.Value)) {
	if a == nil {
		return
	}
	v, found := budget.New().Value(a.Expr, nil)
	if found.HasErrors() || v.IsNull() || v.Type() != want {
		f.diags.Add("not-constant", a.Expr.Range(), "Not a constant", "%s",
			fmt.Sprintf("%s of a run is a plain %s.", a.Name, want.FriendlyName()))
		return
	}
	take(v)
}
