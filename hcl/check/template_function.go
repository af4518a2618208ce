package check

import (
	"slices"
	"text/template/parse"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// goFunctions are the functions of Go's text/template.
func goFunctions() []string {
	return []string{"and", "break", "call", "continue", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf", "println", "slice", "urlquery"}
}

// templateFunction: the client fails the task when it parses its template.
func templateFunction() Rule {
	known := append(templateFunctions(), goFunctions()...)
	slices.Sort(known)
	denied := deniedFunctions()
	return Rule{
		ID:    "template-function",
		Finds: "a function in a template that consul-template does not have, or that Nomad clients refuse",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Templates {
				t.Walk(func(n parse.Node) {
					id, ok := n.(*parse.IdentifierNode)
					switch {
					case !ok:
					case slices.Contains(denied, id.Ident):
						f.warn(t.At(id.Pos), "Template function that does not exist", "Nomad clients refuse the function %s unless their operator took it off template.function_denylist.", id.Ident)
					case !slices.Contains(known, id.Ident):
						f.error(t.At(id.Pos), "Template function that does not exist", "A template of task %q calls %q, which consul-template does not have.%s",
							t.Task, id.Ident, diag.DidYouMean(id.Ident, known, ""))
					}
				})
			}
		},
	}
}
