package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// source is a package's variables and functions, as written.
type source struct {
	vars      map[string]ast.Expr
	functions map[string]ast.Node
	types     map[string]ast.Expr
}

func parseFolder(dir string) (*source, error) {
	packages, err := parser.ParseDir(token.NewFileSet(), dir, func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", dir, err)
	}
	s := &source{vars: map[string]ast.Expr{}, functions: map[string]ast.Node{}, types: map[string]ast.Expr{}}
	for _, p := range packages {
		for _, file := range p.Files {
			for _, decl := range file.Decls {
				s.add(decl)
			}
		}
	}
	return s, nil
}

func (s *source) add(decl ast.Decl) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil {
			s.functions[decl.Name.Name] = decl
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			if t, ok := spec.(*ast.TypeSpec); ok {
				s.types[t.Name.Name] = t.Type
			}
			v, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, name := range v.Names {
				if i < len(v.Values) {
					s.vars[name.Name] = v.Values[i]
				}
			}
		}
	}
}

// object writes the composite literal of an hclspec object.
func (s *source) object(b *bytes.Buffer, e ast.Expr) error {
	name, args := s.call(e)
	if name != "NewObject" || len(args) != 1 {
		return fmt.Errorf("an object of hclspec is expected, not %s", name)
	}
	literal, ok := args[0].(*ast.CompositeLit)
	if !ok {
		return fmt.Errorf("NewObject without a literal map")
	}
	b.WriteString("{\n")
	for _, elt := range literal.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			return fmt.Errorf("an object's element without a key")
		}
		key, ok := text(kv.Key)
		if !ok {
			return fmt.Errorf("an object's key that is no literal")
		}
		fmt.Fprintf(b, "%q: ", key)
		if err := s.field(b, kv.Value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		b.WriteString(",\n")
	}
	b.WriteString("}")
	return nil
}

// field writes one key of an object.
func (s *source) field(b *bytes.Buffer, e ast.Expr) error {
	name, args := s.call(e)
	switch name {
	case "NewDefault":
		return s.field(b, args[0])
	case "NewAttr":
		kind, _ := text(args[1])
		fmt.Fprintf(b, "{kind: %q, required: %t}", kind, isTrue(args[2]))
	case "NewBlockAttrs":
		fmt.Fprintf(b, "{kind: %q}", "map")
	case "NewBlock", "NewBlockList", "NewBlockSet":
		fmt.Fprintf(b, "{kind: %q, many: %t, body: configBody", "block", name != "NewBlock")
		if err := s.object(b, args[len(args)-1]); err != nil {
			return err
		}
		b.WriteString("}")
	default:
		return fmt.Errorf("hclspec.%s is not known here", name)
	}
	return nil
}

// call is the name and the arguments of a call, behind variables of the package.
func (s *source) call(e ast.Expr) (string, []ast.Expr) {
	for {
		id, ok := e.(*ast.Ident)
		if !ok {
			break
		}
		if e, ok = s.vars[id.Name]; !ok {
			return id.Name, nil
		}
	}
	c, ok := e.(*ast.CallExpr)
	if !ok {
		return "", nil
	}
	switch f := c.Fun.(type) {
	case *ast.SelectorExpr:
		return f.Sel.Name, c.Args
	case *ast.Ident:
		return f.Name, c.Args
	}
	return "", nil
}

func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

func isTrue(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "true"
}

// exported lists the exported fields of structs, sorted.
func (s *source) exported(names ...string) []string {
	var out []string
	for _, name := range names {
		t, ok := s.types[name].(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range t.Fields.List {
			for _, n := range f.Names {
				if n.IsExported() {
					out = append(out, n.Name)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
