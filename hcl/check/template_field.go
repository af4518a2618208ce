package check

import (
	"slices"
	"strings"
	"text/template/parse"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// templateField: the client fails the task when it renders its template. What a template makes itself has names of its own, so only
// a name that is near to a known one is told.
func templateField() Rule {
	known := templateFields()
	return Rule{
		ID:    "template-field",
		Finds: "a field in a template that is nearly the name of one that services and variables have",
		inspect: func(s *stack.Stack, f *findings) {
			own := items(s)
			for _, t := range s.Templates {
				small := onlyKnown(t)
				t.Walk(func(n parse.Node) {
					for _, name := range fieldsOf(n) {
						capital := name[0] >= 'A' && name[0] <= 'Z'
						near := diag.Suggest(name, known)
						if near == "" || near == name || slices.Contains(own, name) || !capital && (!small || strings.EqualFold(near, name)) {
							continue
						}
						f.error(t.At(n.Position()), "Field that does not exist",
							"A template of task %q reads .%s, and nothing that consul-template gives has such a field. Did you mean .%s?", t.Task, name, near)
					}
				})
			}
		},
	}
}

// onlyKnown reports whether everything that a template reads has known fields: it asks for services and variables only, and makes
// no values of texts.
func onlyKnown(t *stack.Template) bool {
	asks, makes := false, false
	t.Walk(func(n parse.Node) {
		if id, ok := n.(*parse.IdentifierNode); ok {
			asks = asks || id.Ident == "service" || id.Ident == "nomadService" || id.Ident == "nomadVar"
			makes = makes || strings.HasPrefix(id.Ident, "parse") || strings.HasPrefix(id.Ident, "sprig_")
		}
	})
	return asks && !makes
}

func fieldsOf(n parse.Node) []string {
	switch n := n.(type) {
	case *parse.FieldNode:
		return n.Ident
	case *parse.VariableNode:
		return n.Ident[1:]
	case *parse.ChainNode:
		return n.Field
	}
	return nil
}
