package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
)

// schema is as much of JSON Schema as docs/schemas uses.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Enum       []string          `json:"enum"`
	Const      string            `json:"const"`
	Minimum    *float64          `json:"minimum"`
	MinItems   int               `json:"minItems"`
	Required   []string          `json:"required"`
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Defs       map[string]schema `json:"$defs"`
}

// check lists how a value differs from a schema. Unlike JSON Schema it takes a property that the schema does not name for
// a fault: the documentation would lack it.
func (s schema) check(root schema, at string, v any) (faults []string) {
	if s.Ref != "" {
		return root.Defs[filepath.Base(s.Ref)].check(root, at, v)
	}
	say := func(format string, args ...any) { faults = append(faults, at+": "+fmt.Sprintf(format, args...)) }
	if text, isText := v.(string); isText && (s.Enum != nil && !slices.Contains(s.Enum, text) || s.Const != "" && text != s.Const) {
		say("%q is not one of its words", text)
	}
	if got := typeOf(v); s.Type != "" && got != s.Type {
		say("%s instead of %s", got, s.Type)
		return faults
	}
	switch v := v.(type) {
	case float64:
		if s.Minimum != nil && v < *s.Minimum {
			say("%v is less than %v", v, *s.Minimum)
		}
	case []any:
		if len(v) < s.MinItems {
			say("%d items", len(v))
		}
		for i, x := range v {
			faults = append(faults, s.Items.check(root, fmt.Sprint(at, "/", i), x)...)
		}
	case map[string]any:
		for _, name := range s.Required {
			if _, ok := v[name]; !ok {
				say("%s is missing", name)
			}
		}
		for name, x := range v {
			sub, ok := s.Properties[name]
			if !ok {
				say("%s is not documented", name)
				continue
			}
			faults = append(faults, sub.check(root, at+"/"+name, x)...)
		}
	}
	slices.Sort(faults)
	return faults
}

func typeOf(v any) string {
	switch x := v.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case float64:
		if x == float64(int(x)) {
			return "integer"
		}
		return "number"
	}
	return "null"
}

// TestTheSchemaOfDiagnosticsIsTrue: what is written has the documented form, and nothing that is not documented.
func TestTheSchemaOfDiagnosticsIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../../docs/schemas/diagnostics.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var root schema
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	check := func(def, written string) {
		t.Helper()
		var v any
		if err := json.Unmarshal([]byte(written), &v); err != nil {
			t.Fatal(err)
		}
		for _, fault := range root.Defs[def].check(root, def, v) {
			t.Error(fault)
		}
	}
	var out, errs bytes.Buffer
	v := NewJSON(streams(&out, &errs))
	v.Diagnostics(diagnosed())
	check("talk", errs.String())
	v.Validated(Validation{Pack: "shop", Release: "shop", Diagnosed: diagnosed()})
	check("validation", out.String())
	out.Reset()
	v.Validated(Validation{Pack: "shop", Release: "shop", Jobs: 2, Tiers: 3, Waves: [][]string{{"a"}, {"b"}}})
	check("validation", out.String())

	var wrong any = map[string]any{"id": 1.0, "severity": "fatal", "extra": true}
	if got := root.Defs["diagnostic"].check(root, "d", wrong); len(got) != 4 {
		t.Errorf("the comparison itself is blind: %q", got)
	}
}

func TestSARIF(t *testing.T) {
	d := diagnosed()
	wide := diag.New("wide", hcl.Range{Filename: "a b.hcl", Start: hcl.Pos{Line: 1, Column: 3}, End: hcl.Pos{Line: 1, Column: 4}}, "Wide", "A family is one column, and seven code points.")
	d.Diags = append(d.Diags, wide)
	d.Sources["a b.hcl"] = []byte("👨‍👩‍👧‍👦 x\n")
	var out, errs bytes.Buffer
	v := NewSARIF(streams(&out, &errs), "1.2.3")
	v.Validated(Validation{Pack: "shop", Release: "shop", Diagnosed: d})
	if errs.Len() > 0 || bytes.Contains(out.Bytes(), []byte("hunter2")) {
		t.Errorf("talk, or a hidden line: %s%s", errs.String(), out.String())
	}
	golden(t, "diagnostics.sarif.json", out.String())
}
