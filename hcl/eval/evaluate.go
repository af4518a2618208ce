package eval

import (
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// Evaluate renders every job file of a pack and evaluates its other blocks. A Result comes back also with errors, to
// look for more; it must not be submitted then.
func Evaluate(p *pack.Pack, v *vars.Values, rel Release, opt Options) (*Result, diag.Diagnostics) {
	e := &evaluator{
		pack: p, values: v, options: opt, taken: newTaken(), budget: budget.New(),
		result: &Result{Pack: Pack{Name: p.Name, Version: p.Version}, Release: rel, values: v, read: map[string]readFile{}},
	}
	e.table = e.functions()
	e.names = map[string]bool{}
	for name := range e.table {
		e.names[name] = true
	}
	e.base = e.packScope()
	e.sidecar = e.decodeSidecar()
	e.jobs()
	e.credentials()
	e.volumes()
	e.hooks()
	e.outputs()
	e.external()
	e.result.Texts = e.taken.texts
	e.diags = append(e.diags, e.taken.halfExpressions()...)
	e.diags.Sort()
	return e.result, e.diags
}

type evaluator struct {
	pack        *pack.Pack
	values      *vars.Values
	options     Options
	result      *Result
	budget      *budget.Budget
	diags       diag.Diagnostics
	table       map[string]function.Function
	names       map[string]bool
	inTemplates map[string]function.Function
	base        *scope
	sidecar     sidecar
	taken       *taken
}

// jobs evaluates the job files, several at once: they know nothing of each other. What each gives is joined in the order of
// the files.
func (e *evaluator) jobs() {
	each := make([]evaluator, len(e.pack.Jobs))
	pack.Each(len(each), func(i int) {
		each[i] = *e
		each[i].diags = nil
		each[i].spendAlone(budget.Share(len(each)))
		each[i].result = &Result{Pack: e.result.Pack, Release: e.result.Release, values: e.values, read: map[string]readFile{}}
		each[i].job(e.pack.Jobs[i])
	})
	for _, x := range each {
		e.diags = append(e.diags, x.diags...)
		e.result.Files = append(e.result.Files, x.result.Files...)
		e.result.Removed = append(e.result.Removed, x.result.Removed...)
		maps.Copy(e.result.read, x.result.read)
	}
}

// spendAlone gives an evaluator a budget of its own, for its calls of templatefile too: what a job file may compute must not
// depend on which others are evaluated at the same moment.
func (e *evaluator) spendAlone(b *budget.Budget) {
	e.budget = b
	base := *e.base
	base.ctx = e.base.ctx.NewChild()
	base.ctx.Variables = e.base.ctx.Variables
	base.ctx.Functions = map[string]function.Function{"templatefile": e.templateFunction(e.inTemplates)}
	e.base = &base
}

// packScope is what every file of the pack sees.
func (e *evaluator) packScope() *scope {
	values, declared := e.values.Scope("")
	s := &scope{vars: declared, locals: map[string]*local{}}
	s.ctx = &hcl.EvalContext{
		Functions: e.table,
		Variables: map[string]cty.Value{
			"var": cty.ObjectVal(values),
			"pack": cty.ObjectVal(map[string]cty.Value{
				"name": cty.StringVal(e.result.Pack.Name), "version": cty.StringVal(e.result.Pack.Version),
			}),
			"release": cty.ObjectVal(map[string]cty.Value{
				"name": cty.StringVal(e.result.Release.Name), "namespace": cty.StringVal(e.result.Release.Namespace),
			}),
		},
	}
	e.locals(s, e.pack.Locals)
	for _, f := range e.pack.Files {
		e.remember(f.Name, f.Body, s)
	}
	return s
}

// fileScope adds the variables and locals of one job file.
func (e *evaluator) fileScope(f pack.File) *scope {
	var blocks []*hclsyntax.Block
	own := false
	for _, b := range f.Body.Blocks {
		own = own || b.Type == "variable"
		if b.Type == "locals" {
			blocks = append(blocks, b)
		}
	}
	if !own && len(blocks) == 0 {
		return e.base
	}
	values, declared := e.values.Scope(f.Path)
	s := &scope{vars: declared, locals: map[string]*local{}}
	s.ctx = e.base.ctx.NewChild()
	s.ctx.Variables = map[string]cty.Value{"var": cty.ObjectVal(values), "local": e.base.ctx.Variables["local"]}
	for name, l := range e.base.locals {
		s.locals[name] = l
	}
	e.locals(s, blocks)
	return s
}

// fileEval is the evaluation of one file's expressions.
type fileEval struct {
	*evaluator
	file       *file
	at         pack.File
	out        *File
	removed    []hcl.Range // blocks that their `when` takes out
	everything bool        // take every `when` as true
	only       []hcl.Range // with everything: what is neither in these blocks nor around them is left out
}

func (e *evaluator) job(f pack.File) {
	block := f.Job()
	if block == nil || len(block.Labels) != 1 {
		return
	}
	label := block.Labels[0]
	x := &fileEval{evaluator: e, file: newFile(f.Name, f.Source), at: f}
	x.out = &File{Name: f.Name, Path: f.Path, Label: label, Job: e.result.Release.Name + "-" + label}
	sc := e.fileScope(f)
	e.remember(f.Name, f.Body, sc)
	if keep, _ := x.when(block.Body, sc); keep {
		x.render(block, sc)
		e.result.Files = append(e.result.Files, *x.out)
	} else {
		x.namesOnly(block.Body, sc, "job")
		x.removed = append(x.removed, block.Range())
	}
	if len(x.removed) == 0 || e.budget.Spent() {
		return
	}
	// What was taken out is rendered as well, for the parser to look at, with nothing but the blocks that it stands in. What
	// fails to evaluate does not matter there: only its names and its schema must be right.
	quiet := *e
	quiet.diags = nil
	y := &fileEval{evaluator: &quiet, file: x.file, at: f, everything: true, only: x.removed}
	y.out = &File{Name: f.Name, Path: f.Path, Label: label, Job: x.out.Job}
	y.render(block, sc)
	if e.budget.Spent() { // then the parser may not look at it either
		e.diags = append(e.diags, diag.FromHCL(e.budget.Over())...)
		return
	}
	e.result.Removed = append(e.result.Removed, Removed{Name: y.out.Name, Source: y.out.Source, Map: y.out.Map, Ranges: x.removed})
}

func (f *fileEval) render(block *hclsyntax.Block, sc *scope) {
	var edits []edit
	for _, b := range f.at.Body.Blocks {
		if b.Type != "job" {
			edits = append(edits, f.file.removeLines(b.Range().Start.Byte, b.Range().End.Byte))
		}
	}
	edits = append(edits, replaceRange(block.LabelRanges[0], quote(f.out.Job)))
	edits = append(edits, f.jobMeta(block, sc)...)
	edits = append(edits, f.body(block.Body, "job", "", sc)...)
	f.out.Source, f.out.Map = f.file.join(f.file.pieces(0, len(f.at.Source), edits))
}
