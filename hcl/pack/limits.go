package pack

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// What a pack may hold. Beyond it, it is a mistake or means harm: Nomad takes no job of more than a megabyte, and a parser
// that goes down one more bracket each time can end the program.
const (
	maxFileSize = 4 << 20
	maxFiles    = 5000 // in one folder of the pack, or that one pattern of fileset looks at
	maxDepth    = 200

	// maxBrackets is how many a file may have before they are looked at one by one. A parser can go down as many.
	maxBrackets = 20_000
)

// TooDeep finds where a text of the language, or a template, goes too deep to be parsed. Only a text with very many
// brackets is looked at closely.
func TooDeep(src []byte, name string, template bool) hcl.Diagnostics {
	if most, all := depth(src); most <= maxDepth && all <= maxBrackets {
		return nil
	}
	lex := hclsyntax.LexConfig
	if template {
		lex = hclsyntax.LexTemplate
	}
	tokens, _ := lex(src, name, hcl.InitialPos)
	open := 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			open++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			open--
		}
		if open > maxDepth {
			return hcl.Diagnostics{{
				Severity: hcl.DiagError, Summary: "Nested too deeply", Subject: t.Range.Ptr(),
				Detail: fmt.Sprintf("More than %d brackets are open here at once: something is not closed, or repeats itself.", maxDepth),
			}}
		}
	}
	return nil
}

// depth is about how many brackets are open at once, and how many are opened in all. Those in texts and comments make it wrong.
func depth(src []byte) (most, all int) {
	open := 0
	for _, c := range src {
		switch c {
		case '{', '[', '(':
			open++
			all++
			most = max(most, open)
		case '}', ']', ')':
			open = max(open-1, 0) // one in a text may close nothing
		}
	}
	return most, all
}
