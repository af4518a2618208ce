package check

import (
	"slices"
	"text/template/parse"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/stack"
)

// call is a function that a template calls with a text as its first operand.
type call struct {
	template *stack.Template
	function string
	text     string
	at       hcl.Range
}

// calls lists the calls of some functions whose operand is a literal; what a template computes is not known here.
func calls(s *stack.Stack, functions ...string) []call {
	var out []call
	for _, t := range s.Templates {
		t.Walk(func(n parse.Node) {
			pipe, ok := n.(*parse.PipeNode)
			if !ok {
				return
			}
			for i, cmd := range pipe.Cmds {
				fn, ok := cmd.Args[0].(*parse.IdentifierNode)
				if !ok || !slices.Contains(functions, fn.Ident) {
					continue
				}
				operands := cmd.Args[1:]
				if len(operands) == 0 && i > 0 { // {{ "x" | service }}
					operands = pipe.Cmds[i-1].Args
				}
				if len(operands) == 0 {
					continue
				}
				if text, ok := operands[len(operands)-1].(*parse.StringNode); ok && fn.Ident != "service" && fn.Ident != "nomadService" {
					out = append(out, call{t, fn.Ident, text.Text, t.At(text.Pos)})
				} else if text := firstText(operands); text != nil {
					out = append(out, call{t, fn.Ident, text.Text, t.At(text.Pos)})
				}
			}
		})
	}
	return out
}

// firstText is the name of service "name" "passing", and of nomadService 2 "key" "name": the last but the filters.
func firstText(operands []parse.Node) *parse.StringNode {
	if _, counted := operands[0].(*parse.NumberNode); counted {
		text, _ := operands[len(operands)-1].(*parse.StringNode)
		return text
	}
	text, _ := operands[0].(*parse.StringNode)
	return text
}
