package eval

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/vars"
)

// reads says what an expression reads.
type reads struct {
	pack      bool   // the pack's scope
	runtime   bool   // something that Nomad knows when the task runs
	warned    bool   // the runtime part has been warned of
	whole     bool   // it calls one of the pack's functions on something that is not the pack's alone
	bound     uint64 // variables of enclosing loops, a bit for each depth
	sensitive *vars.Variable
}

func (r *reads) add(o reads) {
	r.pack = r.pack || o.pack
	r.runtime = r.runtime || o.runtime
	r.warned = r.warned || o.warned
	r.bound |= o.bound
	if r.sensitive == nil {
		r.sensitive = o.sensitive
	}
}

// alone reports whether the pack's scope suffices to evaluate it.
func (r reads) alone() bool { return !r.runtime && r.bound == 0 }

// maxDepth is the bit for loops nested deeper than there are bits, and for iterators that Nomad will expand: it is
// never cleared, so what reads them is never evaluated.
const maxDepth = 63

// classifier finds out what each part of an expression reads, in one walk, and names what does not exist.
type classifier struct {
	scope     *scope
	at        map[hclsyntax.Node]reads
	diags     *diag.Diagnostics
	loops     []map[string]bool
	functions map[string]bool
	secretOK  bool // a sensitive variable may be read here
}

func (c *classifier) expr(e hclsyntax.Expression) reads {
	var r reads
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		r = c.traversal(e.Traversal)
	case *hclsyntax.FunctionCallExpr:
		r = c.call(e)
	case *hclsyntax.ForExpr:
		r = c.loop(e)
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			if k, ok := item.KeyExpr.(*hclsyntax.ObjectConsKeyExpr); !ok || k.ForceNonLiteral || hcl.ExprAsKeyword(k.Wrapped) == "" {
				r.add(c.expr(item.KeyExpr))
			}
			r.add(c.expr(item.ValueExpr))
		}
	case *hclsyntax.ConditionalExpr:
		cond := c.expr(e.Condition)
		c.warn(&cond, e.Condition.Range(), "decides a condition")
		r.add(cond)
		r.add(c.expr(e.TrueResult))
		r.add(c.expr(e.FalseResult))
	case *hclsyntax.IndexExpr:
		r.add(c.expr(e.Collection))
		key := c.expr(e.Key)
		c.warn(&key, e.Key.Range(), "is an index")
		r.add(key)
	case *hclsyntax.BinaryOpExpr:
		left, right := c.expr(e.LHS), c.expr(e.RHS)
		c.warn(&left, e.LHS.Range(), "is compared or calculated with")
		c.warn(&right, e.RHS.Range(), "is compared or calculated with")
		r.add(left)
		r.add(right)
	default:
		for _, child := range children(e) {
			r.add(c.expr(child))
		}
	}
	c.at[e] = r
	return r
}

// children are the direct parts of an expression, in the order of their places.
func children(e hclsyntax.Expression) []hclsyntax.Expression {
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		return []hclsyntax.Expression{e.Expression}
	case *hclsyntax.TemplateExpr:
		return e.Parts
	case *hclsyntax.TemplateWrapExpr:
		return []hclsyntax.Expression{e.Wrapped}
	case *hclsyntax.TemplateJoinExpr:
		return []hclsyntax.Expression{e.Tuple}
	case *hclsyntax.TupleConsExpr:
		return e.Exprs
	case *hclsyntax.ObjectConsExpr:
		var out []hclsyntax.Expression
		for _, item := range e.Items {
			out = append(out, item.KeyExpr, item.ValueExpr)
		}
		return out
	case *hclsyntax.ObjectConsKeyExpr:
		return []hclsyntax.Expression{e.Wrapped}
	case *hclsyntax.FunctionCallExpr:
		return e.Args
	case *hclsyntax.ConditionalExpr:
		return []hclsyntax.Expression{e.Condition, e.TrueResult, e.FalseResult}
	case *hclsyntax.BinaryOpExpr:
		return []hclsyntax.Expression{e.LHS, e.RHS}
	case *hclsyntax.UnaryOpExpr:
		return []hclsyntax.Expression{e.Val}
	case *hclsyntax.IndexExpr:
		return []hclsyntax.Expression{e.Collection, e.Key}
	case *hclsyntax.RelativeTraversalExpr:
		return []hclsyntax.Expression{e.Source}
	case *hclsyntax.SplatExpr:
		return []hclsyntax.Expression{e.Source, e.Each}
	case *hclsyntax.ForExpr:
		out := []hclsyntax.Expression{e.CollExpr}
		for _, x := range []hclsyntax.Expression{e.KeyExpr, e.ValExpr, e.CondExpr} {
			if x != nil {
				out = append(out, x)
			}
		}
		return out
	}
	return nil
}

func (c *classifier) traversal(t hcl.Traversal) reads {
	root := t.RootName()
	for depth := len(c.loops) - 1; depth >= 0; depth-- {
		if c.loops[depth][root] {
			return reads{bound: 1 << min(depth, maxDepth)}
		}
	}
	switch {
	case c.scope.isPack(root):
		r := reads{pack: true, sensitive: c.scope.checkNames(t, c.diags)}
		if r.sensitive != nil && !c.secretOK {
			c.leak(t, r.sensitive)
		}
		return r
	case c.scope.left[root]:
		return reads{bound: 1 << maxDepth}
	case !isRuntime(root):
		c.unknownRoot(t)
	}
	return reads{runtime: true}
}

func (c *classifier) leak(t hcl.Traversal, v *vars.Variable) {
	d := diag.New("sensitive-value", t.SourceRange(), "Sensitive value outside a credential", "%s",
		traversalText(t)+" holds the sensitive variable "+quote(v.Name)+", declared at "+place(v.Range)+
			". It may flow only into a credential: write credential \"name\" { value = var."+v.Name+" } in pack.hcl, and read it in a template with {{ with nomadVar … }}.")
	d.Related = []diag.Related{{Text: "declared sensitive", Range: v.Range}}
	*c.diags = append(*c.diags, d)
}

func (c *classifier) unknownRoot(t hcl.Traversal) {
	root := t.RootName()
	known := append(packRoots(), runtimeRoots()...)
	known = append(known, slices.Sorted(maps.Keys(c.scope.iterator))...)
	text := traversalText(t)
	hint := diag.DidYouMean(root, known, "")
	if _, isVar := c.scope.vars[root]; isVar {
		hint = " Did you mean var." + root + "?"
	} else if _, isLocal := c.scope.locals[root]; isLocal {
		hint = " Did you mean local." + root + "?"
	}
	c.diags.Add("unknown-name", t.SourceRange(), "Unknown name", "%s",
		"Neither the pack nor Nomad knows "+quote(root)+"."+hint+" To keep the text as it is, write $${"+text+"}.")
}

func (c *classifier) call(e *hclsyntax.FunctionCallExpr) reads {
	var r reads
	if why, no := refused()[e.Name]; no {
		c.diags.Add("refused-function", e.NameRange, "Function not allowed", "%s", e.Name+" cannot be used in a pack: "+why+".")
	} else if !c.functions[e.Name] {
		names := slices.Sorted(maps.Keys(c.functions))
		c.diags.Add("unknown-function", e.NameRange, "Unknown function", "%s", "There is no function "+quote(e.Name)+"."+diag.DidYouMean(e.Name, names, ""))
	}
	args := e.Args
	if e.Name == "convert" && len(args) == 2 {
		args = args[:1] // the second is a type, whose keywords only look like names
	}
	for _, a := range args {
		got := c.expr(a)
		if !joins(e.Name) {
			c.warn(&got, a.Range(), "is an argument of "+e.Name)
		}
		r.add(got)
	}
	if isPackFunction(e.Name) {
		r.pack = true
		r.whole = true
	}
	return r
}

func (c *classifier) loop(e *hclsyntax.ForExpr) reads {
	var r reads
	r.add(c.expr(e.CollExpr))
	depth := len(c.loops)
	c.loops = append(c.loops, map[string]bool{e.ValVar: true, e.KeyVar: e.KeyVar != ""})
	var inner reads
	for _, x := range []hclsyntax.Expression{e.KeyExpr, e.ValExpr, e.CondExpr} {
		if x != nil {
			inner.add(c.expr(x))
		}
	}
	c.loops = c.loops[:depth]
	if depth < maxDepth {
		inner.bound &^= 1 << depth
	}
	r.add(inner)
	return r
}

// warn says that Nomad's parser will take a runtime expression for the text "${…}" here.
func (c *classifier) warn(r *reads, at hcl.Range, what string) {
	if !r.runtime || r.warned {
		return
	}
	r.warned = true
	d := diag.New("runtime-too-early", at, "Runtime value used too early",
		"This "+what+", but its value is known only when the task runs: Nomad takes the text \"${…}\" itself here.")
	d.Severity = diag.Warning
	*c.diags = append(*c.diags, d)
}

func place(r hcl.Range) string {
	return r.Filename + ":" + itoa(r.Start.Line)
}
