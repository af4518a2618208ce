package check

import (
	"regexp"
	"strings"

	"github.com/packctl/packctl/hcl/stack"
)

// halfExpression: a slip of one character makes an expression a text.
func halfExpression() Rule {
	half := regexp.MustCompile(`\$[^\s${}]\{(var\.|local\.|release\.|pack\.|NOMAD_|attr\.|node\.|meta\.|[a-z]+\()|\{\$(var|local|release|pack|attr|node|meta)\.|\{\$NOMAD_\w+\}|\$(var|local|release|pack)\.\w+\}|(^|[^$\w{])\{(var|local|release|pack)\.\w+\}`)
	return Rule{
		ID:    "half-expression",
		Finds: "a text that looks like ${…} with a character too many or too few",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, text := range t.Job.Texts(stack.Block("group", t.Name)) {
					if !strings.ContainsAny(text.Text, "{}") {
						continue // most words: the expression below need not look at them
					}
					for _, m := range half.FindAllStringIndex(text.Text, -1) {
						f.warn(text.At(m[0]), "Expression that is only a text", "%q looks like an expression, ${…}, and is handed on as text. To mean the text, silence this warning.", text.Text[m[0]:m[1]])
					}
				}
			}
		},
	}
}
