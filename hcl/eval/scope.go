package eval

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/vars"
)

// scope is what the expressions of one file can read: var, local, pack, release, and inside an expanded dynamic block
// its iterators. Everything else is left to Nomad.
type scope struct {
	ctx      *hcl.EvalContext
	vars     map[string]*vars.Variable
	locals   map[string]*local
	iterator map[string]bool // iterators of expanded dynamic blocks
	left     map[string]bool // iterators of dynamic blocks that Nomad expands
	counted  bool            // inside a dynamic block that Nomad expands, whose blocks have been counted
	dedent   int             // columns by which the lines of an expanded dynamic block move to the left
}

func packRoots() []string { return []string{"local", "pack", "release", "var"} }

// isPack reports whether a name at the root of a traversal is the pack's.
func (s *scope) isPack(root string) bool {
	switch root {
	case "var", "local", "pack", "release":
		return true
	}
	return s.iterator[root]
}

// child adds the iterator of one step of an expanded dynamic block.
func (s *scope) child(name string, value cty.Value) *scope {
	c := *s
	c.ctx = s.ctx.NewChild()
	c.ctx.Variables = map[string]cty.Value{name: value}
	c.iterator = maps.Clone(s.iterator)
	if c.iterator == nil {
		c.iterator = map[string]bool{}
	}
	c.iterator[name] = true
	return &c
}

// leave adds the iterator of a dynamic block that stays as it is.
func (s *scope) leave(name string) *scope {
	c := *s
	c.left = maps.Clone(s.left)
	if c.left == nil {
		c.left = map[string]bool{}
	}
	c.left[name] = true
	return &c
}

// lenient is the scope in which a runtime expression becomes the text "${…}", as it does in Nomad's parser.
func (s *scope) lenient() *hcl.EvalContext {
	c := s.ctx.NewChild()
	c.UndefinedVariable = func(t hcl.Traversal) (cty.Value, hcl.Diagnostics) {
		return cty.StringVal("${" + traversalText(t) + "}"), nil
	}
	return c
}

func traversalText(t hcl.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			b.WriteString(s.Name)
		case hcl.TraverseAttr:
			b.WriteString("." + s.Name)
		case hcl.TraverseIndex:
			b.WriteByte('[')
			// A key in a traversal is a text or a number, both of which can be written.
			_ = writeValue(&b, s.Key)
			b.WriteByte(']')
		case hcl.TraverseSplat:
			b.WriteString("[*]")
		}
	}
	return b.String()
}

var upperCase = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$|^NOMAD_[\w-]+$`)

// runtimeRoots are the names that Nomad interpolates when a task runs, besides names in upper case.
func runtimeRoots() []string { return []string{"attr", "device", "env", "meta", "node", "secret"} }

func isRuntime(root string) bool {
	return upperCase.MatchString(root) || slices.Contains(runtimeRoots(), root)
}

// checkNames finds a name of the pack's that does not exist, and the sensitive variable behind one that does.
func (s *scope) checkNames(t hcl.Traversal, diags *diag.Diagnostics) (sensitive *vars.Variable) {
	root := t.RootName()
	name, at, ok := second(t)
	switch root {
	case "var":
		if !ok {
			return s.anySensitive()
		}
		v, known := s.vars[name]
		if !known {
			names := slices.Sorted(maps.Keys(s.vars))
			diags.Add("unknown-variable", at, "Unknown variable", "%s",
				"The pack declares no variable "+quote(name)+"."+orKnown(diag.DidYouMean(name, names, "var."), "Declare it in variables.hcl", names))
			for _, near := range diag.Near(name, names) {
				diags.Relate("var."+near+" is declared here", s.vars[near].Range)
			}
			return nil
		}
		if v.Sensitive {
			return v
		}
	case "local":
		if !ok {
			return s.anySensitive()
		}
		l, known := s.locals[name]
		if !known {
			names := slices.Sorted(maps.Keys(s.locals))
			diags.Add("unknown-local", at, "Unknown local", "%s",
				"No locals block defines "+quote(name)+"."+orKnown(diag.DidYouMean(name, names, "local."), "Define it in a locals block", names))
			for _, near := range diag.Near(name, names) {
				diags.Relate("local."+near+" is defined here", s.locals[near].at)
			}
			return nil
		}
		return l.sensitive
	case "pack", "release":
		value := s.ctx
		for value.Parent() != nil {
			value = value.Parent()
		}
		names := slices.Sorted(maps.Keys(value.Variables[root].Type().AttributeTypes()))
		if ok && !slices.Contains(names, name) {
			diags.Add("unknown-name", at, "Unknown name", "%s",
				root+" has no "+quote(name)+"."+diag.DidYouMean(name, names, root+".")+" It has: "+strings.Join(names, ", ")+".")
		}
	}
	return nil
}

func orKnown(hint, way string, names []string) string {
	if hint != "" {
		return hint
	}
	return " " + way + "; known: " + diag.List(names, "none") + "."
}

// second is the name after a root, as in var.NAME or var["NAME"].
func second(t hcl.Traversal) (string, hcl.Range, bool) {
	if len(t) < 2 {
		return "", hcl.Range{}, false
	}
	switch step := t[1].(type) {
	case hcl.TraverseAttr:
		return step.Name, step.SrcRange, true
	case hcl.TraverseIndex:
		if step.Key.Type() == cty.String {
			return step.Key.AsString(), step.SrcRange, true
		}
	}
	return "", hcl.Range{}, false
}

func (s *scope) anySensitive() *vars.Variable {
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		if s.vars[name].Sensitive {
			return s.vars[name]
		}
	}
	return nil
}

// functions are those of Nomad's parser without the random ones, and the pack's own in place of those that read files.
func (e *evaluator) functions() map[string]function.Function {
	out := nomadFunctions()
	for name := range refused() {
		delete(out, name)
	}
	inTemplates := maps.Clone(out)
	ours := e.packFunctions(inTemplates)
	maps.Copy(out, ours)
	// A template may read files, but not render templates: that could go on for ever.
	delete(ours, "templatefile")
	maps.Copy(inTemplates, ours)
	e.inTemplates = inTemplates
	return out
}
