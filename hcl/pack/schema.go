package pack

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/diag"
)

// CheckBlock compares one block with its schema, labels and all.
func CheckBlock(b *hclsyntax.Block, s *Schema, diags *diag.Diagnostics) {
	if checkLabels(b, s, diags) {
		check(b.Body, s, describe(b), diags)
	}
}

// check compares a body with its schema, all the way down.
func check(body *hclsyntax.Body, s *Schema, where string, diags *diag.Diagnostics) {
	if s.Free {
		return
	}
	for _, a := range Attributes(body) {
		if s.Open || slices.Contains(s.Attributes, a.Name) {
			continue
		}
		hint := diag.DidYouMean(a.Name, s.Attributes, "")
		if _, isBlock := s.Blocks[a.Name]; isBlock {
			hint = fmt.Sprintf(" %s is a block: write it without the equals sign.", a.Name)
		}
		diags.Add("unknown-attribute", a.NameRange, "Unknown attribute", "%s",
			fmt.Sprintf("%s has no attribute %q.%s%s", where, a.Name, hint, allowed("attributes", s.Attributes)))
	}
	first := map[string]hcl.Range{}
	for _, b := range body.Blocks {
		sub, known := s.Blocks[b.Type]
		if !known {
			names := slices.Sorted(maps.Keys(s.Blocks))
			hint := diag.DidYouMean(b.Type, names, "")
			if slices.Contains(s.Attributes, b.Type) {
				hint = fmt.Sprintf(" %s is an attribute: write %s = ….", b.Type, b.Type)
			}
			diags.Add("unknown-block", b.TypeRange, "Unknown block", "%s",
				fmt.Sprintf("%s has no block %q.%s%s", where, b.Type, hint, allowed("blocks", names)))
			continue
		}
		if !checkLabels(b, sub, diags) {
			continue
		}
		key := b.Type
		if sub.Labels == 1 {
			key += " " + b.Labels[0]
		}
		if prev, twice := first[key]; twice && (!sub.Many || sub.Labels == 1) {
			diags.Add("duplicate-block", b.DefRange(), "Duplicate block",
				"%s %s stands twice; the first is at %s:%d.", b.Type, quoted(b.Labels), prev.Filename, prev.Start.Line)
			continue
		}
		first[key] = b.DefRange()
		check(b.Body, sub, describe(b), diags)
	}
}

func checkLabels(b *hclsyntax.Block, s *Schema, diags *diag.Diagnostics) bool {
	switch {
	case len(b.Labels) == s.Labels:
	case s.Labels == 0:
		diags.Add("unexpected-label", b.LabelRanges[0], "Unexpected label", "%s block has no label: write %s { … }.", article(b.Type), b.Type)
		return false
	case len(b.Labels) == 0:
		diags.Add("missing-label", b.TypeRange, "Missing label", "%s block needs a name: write %s \"name\" { … }.", article(b.Type), b.Type)
		return false
	default:
		diags.Add("unexpected-label", b.LabelRanges[s.Labels], "Unexpected label", "%s block has one label.", article(b.Type))
		return false
	}
	if s.Labels == 1 && b.Type != "job" && !hclsyntax.ValidIdentifier(b.Labels[0]) {
		diags.Add("invalid-name", b.LabelRanges[0], "Invalid name",
			"%q cannot name a %s: a name starts with a letter or underscore and has only letters, digits, underscores and hyphens.", b.Labels[0], b.Type)
		return false
	}
	return true
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "An " + noun
	}
	return "A " + noun
}

func describe(b *hclsyntax.Block) string {
	if len(b.Labels) == 0 {
		return b.Type
	}
	return b.Type + " " + quoted(b.Labels)
}

func quoted(labels []string) string {
	if len(labels) == 0 {
		return ""
	}
	return fmt.Sprintf("%q", labels[0])
}

func allowed(what string, names []string) string {
	if len(names) == 0 {
		return " No " + what + " are known here."
	}
	return " Known " + what + ": " + diag.List(names, "") + "."
}

// Attributes are a body's attributes in the order of their places.
func Attributes(body *hclsyntax.Body) []*hclsyntax.Attribute {
	out := slices.Collect(maps.Values(body.Attributes))
	slices.SortFunc(out, func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	return out
}
