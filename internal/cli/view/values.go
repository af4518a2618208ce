package view

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Values are a pack's variables with their values.
type Values struct {
	Pack string
	Env  string // the env that was picked, or empty
	List []Value
}

// Value is one variable. Value is NilVal where it is sensitive or missing.
type Value struct {
	Name        string
	File        string // the job file that declares it for itself, or empty
	Type        string
	Description string
	Sensitive   bool
	Missing     bool
	Value       cty.Value
	Source      string // default, env-file, environment, var-file, argument
	Origin      string // for people
	Range       *hcl.Range
}

// text is the value for people.
func (v Value) text() string {
	switch {
	case v.Missing:
		return "(no value)"
	case v.Sensitive:
		return "(sensitive)"
	}
	return literal(v.Value)
}

// Values writes a line a variable: its name, its value, where it came from. On a terminal a long value is cut.
func (h *Human) Values(v Values) {
	names, texts := 0, 0
	for _, x := range v.List {
		names = max(names, ansi.StringWidth(x.Name))
		texts = max(texts, ansi.StringWidth(x.text()))
	}
	if h.streams.OutTTY {
		origins := 0
		for _, x := range v.List {
			origins = max(origins, ansi.StringWidth(x.Origin))
		}
		width, _ := h.streams.size()
		texts = min(texts, max(16, width-names-origins-4))
	}
	file := ""
	for _, x := range v.List {
		if x.File != file {
			file = x.File
			fmt.Fprintf(h.streams.Out, "%s\n", h.out.bold(file))
		}
		text := ansi.Truncate(x.text(), texts, "…")
		line := pad(x.Name, names) + "  "
		switch {
		case x.Missing:
			line += h.out.red(pad(text, texts))
		case x.Sensitive:
			line += h.out.dim(pad(text, texts))
		default:
			line += pad(text, texts)
		}
		if x.Origin != "" {
			line += "  " + h.out.dim(x.Origin)
		}
		fmt.Fprintln(h.streams.Out, strings.TrimRight(line, " "))
	}
}

// Values writes {"pack", "env", "variables": […]}. A sensitive variable has no "value".
func (j *JSON) Values(v Values) {
	type variable struct {
		Name        string          `json:"name"`
		File        string          `json:"file,omitempty"`
		Type        string          `json:"type"`
		Description string          `json:"description,omitempty"`
		Sensitive   bool            `json:"sensitive"`
		Missing     bool            `json:"missing,omitempty"`
		Value       json.RawMessage `json:"value,omitempty"`
		Source      string          `json:"source,omitempty"`
		Origin      string          `json:"origin,omitempty"`
		Range       *Range          `json:"range,omitempty"`
	}
	out := struct {
		Pack      string     `json:"pack"`
		Env       string     `json:"env,omitempty"`
		Variables []variable `json:"variables"`
	}{v.Pack, v.Env, []variable{}}
	for _, x := range v.List {
		n := variable{x.Name, x.File, x.Type, x.Description, x.Sensitive, x.Missing, rawJSON(x.Value), x.Source, x.Origin, nil}
		if x.Range != nil && x.Range.Filename != "" {
			r := jsonRange(*x.Range)
			n.Range = &r
		}
		out.Variables = append(out.Variables, n)
	}
	value(j.streams.Out, out)
}

// rawJSON is a value in JSON; nothing of NilVal, and of what JSON cannot hold.
func rawJSON(v cty.Value) json.RawMessage {
	if v == cty.NilVal {
		return nil
	}
	data, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return nil
	}
	return data
}

// literal is a value as HCL on one line.
func literal(v cty.Value) string {
	switch t := v.Type(); {
	case v.IsNull():
		return "null"
	case t.IsPrimitiveType():
		return string(hclwrite.TokensForValue(v).Bytes())
	case t.IsObjectType() || t.IsMapType():
		var parts []string
		for it := v.ElementIterator(); it.Next(); {
			key, element := it.Element()
			name := key.AsString()
			if !hclsyntax.ValidIdentifier(name) {
				name = strconv.Quote(name)
			}
			parts = append(parts, name+" = "+literal(element))
		}
		if len(parts) == 0 {
			return "{}"
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	default:
		var parts []string
		for it := v.ElementIterator(); it.Next(); {
			_, element := it.Element()
			parts = append(parts, literal(element))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
}
