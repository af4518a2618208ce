package jobspec_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/api"
)

// keyed are the blocks that Nomad reads as a map: whatever stands in them is a key, `when` too.
func keyed(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{
		"config": true, "policy": true, // of any form; the language has them as maps of anything
	}
	seen := map[reflect.Type]bool{}
	var look func(reflect.Type)
	look = func(x reflect.Type) {
		switch x.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Map:
			look(x.Elem())
		case reflect.Struct:
			if seen[x] {
				return
			}
			seen[x] = true
			for i := range x.NumField() {
				f := x.Field(i)
				name, kind, _ := strings.Cut(f.Tag.Get("hcl"), ",")
				if kind == "block" && f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() != reflect.Pointer {
					out[name] = true
				}
				if name != "" {
					look(f.Type)
				}
			}
		}
	}
	look(reflect.TypeFor[api.Job]())
	if len(out) < 8 {
		t.Fatalf("only %v are known: the search for them is wrong", out)
	}
	return out
}

// switched is a block of a fixture, with the names of those around it.
type switched struct {
	path  string
	block *hclsyntax.Block
	free  bool
}

func switches(body *hclsyntax.Body, path string, free bool, keys map[string]bool, out *[]switched) {
	for _, b := range body.Blocks {
		name := b.Type
		if name == "dynamic" {
			name = b.Labels[0]
		}
		here, isFree := path+"/"+b.Type, free || keys[name]
		if b.Type == "content" {
			here, isFree = path+"/content", free
		}
		*out = append(*out, switched{here, b, isFree})
		switches(b.Body, here, isFree, keys, out)
	}
}

// with is a source in which the block has a `when`.
func (s switched) with(src []byte, value string) []byte {
	open, closing := s.block.OpenBraceRange.End.Byte, s.block.CloseBraceRange.Start.Byte
	return slices.Concat(src[:open], []byte("\nwhen = "+value+"\n"), src[open:closing], []byte("\n"), src[closing:])
}

// without is a source without the block.
func (s switched) without(src []byte) []byte {
	return slices.Concat(src[:s.block.Range().Start.Byte], src[s.block.CloseBraceRange.End.Byte:])
}

// Each block of each fixture, which together use all of Nomad's language, takes `when`: true changes nothing, false is as if
// the block were not there. Nomad says what the job is without a `when`. In a block of keys it is a key.
func TestEveryBlockTakesWhen(t *testing.T) {
	paths, err := filepath.Glob("testdata/nomad/*.nomad.hcl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	keys, kinds := keyed(t), map[string]bool{}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		parsed, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		var all []switched
		for _, b := range parsed.Body.(*hclsyntax.Body).Blocks {
			if b.Type == "job" {
				switches(b.Body, "job", false, keys, &all)
			}
		}
		for _, s := range all {
			at := fmt.Sprintf("%s:%d: %s", path, s.block.DefRange().Start.Line, s.path)
			switch {
			case s.free && s.block.Type != "dynamic" && s.block.Type != "content":
				alike(t, at+": a key", s.with(src, `"x"`), s.with(src, `"x"`))
			case s.free:
			case s.block.Type == "content":
				alike(t, at+": true", src, s.with(src, "true"))
			default:
				alike(t, at+": true", src, s.with(src, "true"))
				alike(t, at+": false", s.without(src), s.with(src, "false"))
				kinds[s.block.Type] = true
			}
		}
	}
	if len(kinds) < 50 {
		t.Errorf("only %d kinds of block: %v", len(kinds), slices.Sorted(maps.Keys(kinds)))
	}
	t.Logf("%d kinds of block: %v", len(kinds), slices.Sorted(maps.Keys(kinds)))
}

// alike holds what Nomad makes of a text against what it makes of another one rendered.
func alike(t *testing.T, name string, plain, ours []byte) {
	t.Helper()
	want, err := original("x.nomad.hcl", plain)
	got, text, renderErr := rendered(ours)
	switch {
	case err != nil && renderErr != nil:
	case err != nil:
		t.Errorf("%s: rendered, but Nomad refuses the plain one: %v", name, err)
	case renderErr != nil:
		t.Errorf("%s: not rendered: %v", name, renderErr)
	case !same(want, got):
		t.Errorf("%s: different jobs:\n%s\n\n%s", name, firstDifference(asJSON(want), asJSON(got)), text)
	}
}
