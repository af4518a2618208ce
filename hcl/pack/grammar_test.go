package pack

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

var update = flag.Bool("update", false, "write the grammar into docs/grammar.md")

// TestTheGrammarExplainsEverything: each attribute of the schemas has its meaning, and no meaning is of something else.
func TestTheGrammarExplainsEverything(t *testing.T) {
	var paths []string
	var walk func(s *Schema, path string)
	walk = func(s *Schema, path string) {
		for _, a := range s.Attributes {
			paths = append(paths, path+a)
		}
		for name, sub := range s.Blocks {
			if path+name != "volume.parameters" { // an attribute, too
				paths = append(paths, path+name)
			}
			walk(sub, path+name+".")
		}
	}
	walk(packSchema(), "")
	walk(variablesSchema(), "")
	words := meanings()
	for _, path := range paths {
		if _, ok := words[path]; !ok {
			t.Errorf("meanings() lacks %s", path)
		}
	}
	for path := range words {
		if !slices.Contains(paths, path) {
			t.Errorf("meanings() has %s, which no schema has", path)
		}
	}
}

// TestTheGrammarIsDocumented compares docs/grammar.md.
func TestTheGrammarIsDocumented(t *testing.T) {
	const page, begin, end = "../../docs/grammar.md", "<!-- grammar -->\n```hcl\n", "```\n<!-- /grammar -->"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, opened := strings.Cut(string(text), begin)
	got, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		t.Fatalf("%s has no place for the grammar", page)
	}
	if got == Grammar() {
		return
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+begin+Grammar()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not what the schemas say; run: go test ./hcl/pack -run Grammar -update", page)
}

// TestTheGrammarIsShapedAsHCL: with something in the place of <…>, it is HCL, as deep as it says.
func TestTheGrammarIsShapedAsHCL(t *testing.T) {
	text := strings.NewReplacer(
		`"<name>"`, `"x"`, "{ <name> = <any>… }", "{}", "{ <name> = <text>… }", "{}", "[<text>…]", "[]",
		"= <text>", "= 1", "= <bool>", "= 1", "= <number>", "= 1", "= <any>", "= 1", "= <type>", "= 1", "= <duration>", "= 1",
	).Replace(Grammar())
	if _, diags := hclsyntax.ParseConfig([]byte(text), "grammar", hcl.InitialPos); diags.HasErrors() {
		t.Errorf("%v in\n%s", diags, text)
	}
}
