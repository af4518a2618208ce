package stack

import (
	"slices"
	"strings"
	"text/template/parse"
)

// Read is one item of a Nomad Variable that a template asks for.
type Read struct {
	Path string // of the Nomad Variable; empty when the template computes it
	Item string
	Line int // of the text, from 1
}

// TemplateReads lists the items of Nomad Variables that a consul-template text reads by name, sorted and without
// repetition. It follows "with", assigned variables, "index" and named templates, so
//
//	{{ with nomadVar "nomad/jobs/app" }}{{ .db }}{{ end }}
//	{{ $v := nomadVar "nomad/jobs/app" }}{{ $v.db }}
//	{{ index (nomadVar "nomad/jobs/app") "db" }}
//
// are the same. A template that ranges over a whole variable, or hands it to another function, reads no item by name: what
// it will find there is not knowable from the text. Empty delimiters are the usual ones. The error is a syntax error of the text.
func TemplateReads(text, left, right string) ([]Read, error) {
	main, trees, err := parseTemplate(text, left, right)
	if err != nil {
		return nil, err
	}
	return templateReads(text, main, trees), nil
}

// parseTemplate reads a consul-template text, whatever functions it calls.
func parseTemplate(text, left, right string) (*parse.Tree, map[string]*parse.Tree, error) {
	trees := map[string]*parse.Tree{}
	main := parse.New("template")
	main.Mode = parse.SkipFuncCheck
	if _, err := main.Parse(text, left, right, trees); err != nil {
		return nil, nil, err
	}
	return main, trees, nil
}

func templateReads(text string, main *parse.Tree, trees map[string]*parse.Tree) []Read {
	r := &reader{text: text, trees: trees, calls: map[string]bool{}}
	if main.Root != nil {
		r.node(main.Root, nil, scope{})
	}
	slices.SortFunc(r.reads, func(a, b Read) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		if c := strings.Compare(a.Item, b.Item); c != 0 {
			return c
		}
		return a.Line - b.Line
	})
	return slices.CompactFunc(r.reads, func(a, b Read) bool { return a.Path == b.Path && a.Item == b.Item })
}

// variable is a value known to be the content of a Nomad Variable; nil is any other value.
type variable struct{ path string }

// scope holds the template variables that are known to be Nomad Variables. It is copied where a block opens.
type scope map[string]*variable

func (s scope) copy() scope {
	c := make(scope, len(s))
	for k, v := range s {
		c[k] = v
	}
	return c
}

// reader walks a parsed template.
type reader struct {
	text  string
	trees map[string]*parse.Tree
	calls map[string]bool // named templates that are being walked: recursion ends there
	reads []Read
}

func (r *reader) read(v *variable, item string, at parse.Pos) {
	if v != nil {
		r.reads = append(r.reads, Read{Path: v.path, Item: item, Line: line(r.text, at)})
	}
}

// node walks a statement. dot is the value of "." in it.
func (r *reader) node(n parse.Node, dot *variable, vars scope) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			r.node(child, dot, vars)
		}
	case *parse.ActionNode:
		r.pipe(n.Pipe, dot, vars)
	case *parse.IfNode:
		r.branch(&n.BranchNode, dot, vars, func(*variable) *variable { return dot })
	case *parse.WithNode:
		r.branch(&n.BranchNode, dot, vars, func(v *variable) *variable { return v })
	case *parse.RangeNode:
		r.branch(&n.BranchNode, dot, vars, func(*variable) *variable { return nil })
	case *parse.TemplateNode:
		r.call(n, dot, vars)
	}
}

// branch walks the pipe of an if, with or range, and its two lists; inner says what "." is in the first.
func (r *reader) branch(n *parse.BranchNode, dot *variable, vars scope, inner func(*variable) *variable) {
	vars = vars.copy()
	value := r.pipe(n.Pipe, dot, vars)
	if n.NodeType == parse.NodeRange && n.Pipe != nil {
		for _, decl := range n.Pipe.Decl {
			delete(vars, decl.Ident[0]) // an element, not the whole
		}
	}
	r.node(n.List, inner(value), vars.copy())
	r.node(n.ElseList, dot, vars.copy())
}

// call walks {{ template "name" value }}.
func (r *reader) call(n *parse.TemplateNode, dot *variable, vars scope) {
	value := r.pipe(n.Pipe, dot, vars)
	tree := r.trees[n.Name]
	if tree == nil || r.calls[n.Name] {
		return
	}
	r.calls[n.Name] = true
	r.node(tree.Root, value, scope{})
	delete(r.calls, n.Name)
}

// pipe walks a pipeline, binds what it declares and returns its value if that is a Nomad Variable.
func (r *reader) pipe(p *parse.PipeNode, dot *variable, vars scope) *variable {
	if p == nil {
		return nil
	}
	var value *variable
	for i, cmd := range p.Cmds {
		var piped parse.Node
		if i > 0 && len(p.Cmds[i-1].Args) == 1 {
			piped = p.Cmds[i-1].Args[0]
		}
		value = r.command(cmd, piped, i > 0, dot, vars)
	}
	for _, decl := range p.Decl {
		vars[decl.Ident[0]] = value
	}
	return value
}

// command walks one command of a pipeline; piped is what comes in from the one before, where that is a single operand.
func (r *reader) command(cmd *parse.CommandNode, piped parse.Node, last bool, dot *variable, vars scope) *variable {
	args := cmd.Args
	if fn, ok := args[0].(*parse.IdentifierNode); ok {
		rest := args[1:]
		if last {
			rest = append(slices.Clone(rest), piped)
		}
		switch {
		case fn.Ident == "nomadVar":
			path := ""
			if len(rest) > 0 {
				path = constant(rest[0])
			}
			return &variable{path: path}
		case fn.Ident == "index" && len(rest) >= 2:
			r.read(r.operand(rest[0], dot, vars), constant(rest[1]), rest[1].Position())
			return nil
		}
		for _, arg := range args[1:] {
			r.operand(arg, dot, vars)
		}
		return nil
	}
	var value *variable
	for i, arg := range args {
		v := r.operand(arg, dot, vars)
		if i == 0 {
			value = v
		}
	}
	return value
}

// operand walks an expression and returns its value if that is a whole Nomad Variable.
func (r *reader) operand(n parse.Node, dot *variable, vars scope) *variable {
	switch n := n.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		r.read(dot, n.Ident[0], n.Pos)
	case *parse.VariableNode:
		v := vars[n.Ident[0]]
		if len(n.Ident) == 1 {
			return v
		}
		r.read(v, n.Ident[1], n.Pos)
	case *parse.ChainNode:
		r.read(r.operand(n.Node, dot, vars), n.Field[0], n.Pos)
	case *parse.PipeNode:
		return r.pipe(n, dot, vars)
	}
	return nil
}

// constant is the text of a string literal, empty for anything that is computed.
func constant(n parse.Node) string {
	switch n := n.(type) {
	case *parse.StringNode:
		return n.Text
	case *parse.PipeNode:
		if len(n.Cmds) == 1 && len(n.Cmds[0].Args) == 1 {
			return constant(n.Cmds[0].Args[0])
		}
	}
	return ""
}
