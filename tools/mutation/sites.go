package main

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// kind is what a site is a character of.
type kind string

const (
	reference kind = "variable reference"
	attribute kind = "attribute name"
	block     kind = "block name"
	port      kind = "port label"
	service   kind = "service name"
	function  kind = "template function"
	brace     kind = "brace or quote"
)

// kinds lists them in the order in which they are counted.
func kinds() []kind {
	return []kind{reference, attribute, block, port, service, function, brace}
}

// site is one character of a pack that a mutation may change.
type site struct {
	pack *subject
	file string
	at   int // byte
	kind kind
}

// finder collects the sites of one file. A byte is a site once: the first kind that claims it counts.
type finder struct {
	src   []byte
	kinds map[int]kind
}

func (f *finder) span(start, end int, k kind) {
	for i := start; i < end && i < len(f.src); i++ {
		if _, taken := f.kinds[i]; !taken {
			f.kinds[i] = k
		}
	}
}

func (f *finder) rng(r hcl.Range, k kind) { f.span(r.Start.Byte, r.End.Byte, k) }

// sites lists a pack's sites by file and place.
func sites(s *subject) []site {
	var out []site
	for _, name := range s.paths() {
		f := &finder{src: s.files[name].Data, kinds: map[int]kind{}}
		if strings.HasSuffix(name, ".tpl") {
			f.template()
		} else {
			f.hcl(name)
		}
		for i := range f.src {
			if k, ok := f.kinds[i]; ok {
				out = append(out, site{s, name, i, k})
			}
		}
	}
	return out
}

func (f *finder) hcl(name string) {
	parsed, _ := hclsyntax.ParseConfig(f.src, name, hcl.InitialPos)
	f.body(parsed.Body.(*hclsyntax.Body), "")
	tokens, _ := hclsyntax.LexConfig(f.src, name, hcl.InitialPos)
	f.tokens(tokens)
}

func (f *finder) template() {
	expr, _ := hclsyntax.ParseTemplate(f.src, "", hcl.InitialPos)
	f.expr(expr)
	f.actions(0, len(f.src))
	tokens, _ := hclsyntax.LexTemplate(f.src, "", hcl.InitialPos)
	f.tokens(tokens)
}

// tokens takes the braces and quotes of the language.
func (f *finder) tokens(tokens hclsyntax.Tokens) {
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenCBrace, hclsyntax.TokenOQuote, hclsyntax.TokenCQuote, hclsyntax.TokenOBrack, hclsyntax.TokenCBrack,
			hclsyntax.TokenOParen, hclsyntax.TokenCParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenTemplateSeqEnd:
			f.rng(t.Range, brace)
		}
	}
}

func (f *finder) body(body *hclsyntax.Body, parent string) {
	for _, a := range body.Attributes {
		f.rng(a.NameRange, attribute)
		switch {
		case a.Name == "port" || a.Name == "ports":
			f.literals(a.Expr, port)
		case a.Name == "name" && parent == "service":
			f.literals(a.Expr, service)
		case a.Name == "data" && parent == "template":
			f.actions(a.Expr.Range().Start.Byte, a.Expr.Range().End.Byte)
		}
		f.expr(a.Expr)
	}
	for _, b := range body.Blocks {
		f.rng(b.TypeRange, block)
		for _, r := range b.LabelRanges {
			// Without the quotes, which are tokens of their own.
			inner := hcl.Range{Start: hcl.Pos{Byte: r.Start.Byte + 1}, End: hcl.Pos{Byte: r.End.Byte - 1}}
			switch b.Type {
			case "port":
				f.rng(inner, port)
			case "wait_for":
				f.rng(inner, service)
			case "variable":
				f.rng(inner, reference)
			}
		}
		f.body(b.Body, b.Type)
	}
}

// literals takes the plain text of an expression.
func (f *finder) literals(e hclsyntax.Expression, k kind) {
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if l, ok := n.(*hclsyntax.LiteralValueExpr); ok && l.Val.Type().FriendlyName() == "string" {
			f.rng(l.SrcRange, k)
		}
		return nil
	})
}

// expr takes the names that an expression reads and the functions that it calls.
func (f *finder) expr(e hclsyntax.Expression) {
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.ScopeTraversalExpr:
			f.rng(n.SrcRange, reference)
		case *hclsyntax.FunctionCallExpr:
			f.rng(n.NameRange, function)
		case *hclsyntax.ObjectConsKeyExpr:
			if !n.ForceNonLiteral && hcl.ExprAsKeyword(n.Wrapped) != "" {
				// A key only looks like a name that is read.
				r := n.Wrapped.Range()
				for i := r.Start.Byte; i < r.End.Byte; i++ {
					delete(f.kinds, i)
				}
			}
		}
		return nil
	})
	f.keysOut(e)
}

// keysOut drops the keys of objects, which the visitor above may meet after it met their text as a name.
func (f *finder) keysOut(e hclsyntax.Expression) {
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		if o, ok := n.(*hclsyntax.ObjectConsExpr); ok {
			for _, item := range o.Items {
				if hcl.ExprAsKeyword(item.KeyExpr) != "" {
					for i := item.KeyExpr.Range().Start.Byte; i < item.KeyExpr.Range().End.Byte; i++ {
						delete(f.kinds, i)
					}
				}
			}
		}
		return nil
	})
}

var (
	action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	// word is what stands in an action of a template: a text, a field or variable, or a function or keyword.
	word    = regexp.MustCompile(`(?s)\\?"[^"]*"|/\*.*?\*/|[.$]\w+|\$\{[^}]*\}|[A-Za-z_]\w*`)
	serving = regexp.MustCompile(`^\\?"(\$\{[^}]*\})?([^"\\$]*)\\?"$`)
)

// actions takes what stands between the double braces of consul-template.
func (f *finder) actions(start, end int) {
	for _, m := range action.FindAllIndex(f.src[start:end], -1) {
		from, to := start+m[0], start+m[1]
		f.span(from, from+2, brace)
		f.span(to-2, to, brace)
		previous := ""
		for _, w := range word.FindAllIndex(f.src[from+2:to-2], -1) {
			text := string(f.src[from+2+w[0] : from+2+w[1]])
			at := from + 2 + w[0]
			switch {
			case strings.HasPrefix(text, "/*"):
			case strings.Contains(text, `"`):
				if sub := serving.FindStringSubmatchIndex(text); sub != nil && previous == "service" {
					f.span(at+sub[4], at+sub[5], service)
				}
				f.span(at, at+1, brace)
				f.span(at+len(text)-1, at+len(text), brace)
			case text[0] == '.' || text[0] == '$':
				f.span(at, at+len(text), reference)
			default:
				f.span(at, at+len(text), function)
			}
			previous = text
		}
	}
}
