package stack

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"

	"github.com/hashicorp/hcl/v2"
)

// Template is the text of one template block.
type Template struct {
	Tier  *Tier
	Task  string
	Index int // in the task
	Text  string
	Main  *parse.Tree
	Trees map[string]*parse.Tree // by the name that the text gives them
	Err   *TemplateError         // a syntax error; there are no trees then
}

// TemplateError is a syntax error of a template.
type TemplateError struct {
	Line int // where the parser saw it
	Text string
}

// Line is the place of a line of the text.
func (t *Template) Line(n int) hcl.Range {
	return t.Tier.Job.textLine(t.Steps(Attr("data")), t.Text, n)
}

// Steps lead to the template's block.
func (t *Template) Steps(more ...Step) []Step {
	return append([]Step{Block("group", t.Tier.Name), Block("task", t.Task), Nth("template", t.Index)}, more...)
}

// At is the place of a position in the text.
func (t *Template) At(p parse.Pos) hcl.Range { return t.Line(line(t.Text, p)) }

// line is the line of a position, from 1.
func line(text string, p parse.Pos) int {
	return 1 + strings.Count(text[:min(int(p), len(text))], "\n")
}

// textLine is the place of a line of a multi-line text that an attribute holds, in the author's file: in the heredoc, or in
// the file of the pack that file() or templatefile() took it from. Where the line cannot be found, it is the attribute.
func (j *Job) textLine(steps []Step, text string, n int) hcl.Range {
	attr := j.attribute(steps...)
	if attr == nil {
		return j.At(steps...)
	}
	at := attr.value
	if attr.heredoc {
		at = j.places.text.line(at, n)
	}
	found := j.places.author(at)
	if in, ok := j.fileLine(found, text, n); ok {
		return in
	}
	if found.Start.Line != found.End.Line {
		return j.At(steps...)
	}
	return found
}

// taken finds the file in an author's expression.
var taken = regexp.MustCompile(`\b(?:template)?file\(\s*"([^"$]+)"`)

// fileLine finds line n of a text in the file that an expression of the author's names.
func (j *Job) fileLine(expr hcl.Range, text string, n int) (hcl.Range, bool) {
	source := j.places.maps.Source()
	m := taken.FindSubmatch(source[min(expr.Start.Byte, len(source)):min(expr.End.Byte, len(source))])
	if m == nil {
		return hcl.Range{}, false
	}
	name := path.Join(path.Dir(path.Dir(j.File)), string(m[1]))
	content, ok := j.texts[name]
	if !ok {
		return hcl.Range{}, false
	}
	theirs := strings.Split(string(content), "\n")
	lines := align(theirs, strings.Split(text, "\n"))
	if n < 1 || n > len(lines) || lines[n-1] == 0 {
		return hcl.Range{}, false
	}
	n = lines[n-1]
	return hcl.Range{Filename: name, Start: hcl.Pos{Line: n, Column: 1}, End: hcl.Pos{Line: n, Column: 1 + len(theirs[n-1])}}, true
}

// addTemplates parses the templates of every task, those of the prestart task too, and finds what they read.
func (s *Stack) addTemplates() {
	for _, t := range s.Tiers {
		for _, task := range t.Group.Tasks {
			for i, tmpl := range task.Templates {
				if tmpl.EmbeddedTmpl == nil {
					continue
				}
				x := &Template{Tier: t, Task: task.Name, Index: i, Text: *tmpl.EmbeddedTmpl}
				var err error
				x.Main, x.Trees, err = parseTemplate(x.Text, deref(tmpl.LeftDelim), deref(tmpl.RightDelim))
				if err != nil {
					x.Err = tidyTemplateError(err)
					s.Broken = append(s.Broken, x)
					continue
				}
				s.Templates = append(s.Templates, x)
				s.addReads(x)
			}
		}
	}
}

var templateError = regexp.MustCompile(`^template: template:(\d+):\s*(?:\d+:\s*)?`)

// unclosedAt is where the parser says that what it misses the end of began.
var unclosedAt = regexp.MustCompile(`started at template:(\d+)`)

// tidyTemplateError takes the line from a syntax error, whose text is all that the parser gives.
func tidyTemplateError(err error) *TemplateError {
	text := err.Error()
	m := templateError.FindStringSubmatch(text)
	if m == nil {
		return &TemplateError{1, text}
	}
	what := text[len(m[0]):]
	if began := unclosedAt.FindStringSubmatch(what); began != nil {
		m, what = began, unclosedAt.ReplaceAllString(what, "started in line $1")
	}
	n, _ := strconv.Atoi(m[1]) // the expression lets only digits through
	return &TemplateError{n, what}
}

// addReads notes which items of Nomad Variables a template reads.
func (s *Stack) addReads(t *Template) {
	for _, r := range templateReads(t.Text, t.Main, t.Trees) {
		at := r.Path
		if at == "" {
			// The usual computed path names the job by its environment variable.
			at = VariablePrefix + t.Tier.JobID
		}
		s.Reads = append(s.Reads, CredentialRead{
			Job: t.Tier.Job, Tier: t.Tier, Task: t.Task, Template: t.Index, Path: at, Item: r.Item, Computed: r.Path == "",
			Range: t.Tier.Job.textLine(t.Steps(Attr("data")), t.Text, r.Line),
		})
	}
}

// Walk visits every node of the text and of the templates that it defines.
func (t *Template) Walk(visit func(parse.Node)) {
	for _, name := range slices.Sorted(maps.Keys(t.Trees)) {
		if tree := t.Trees[name]; tree.Root != nil {
			walk(tree.Root, visit)
		}
	}
	if t.Main.Root != nil && t.Trees[t.Main.Name] != t.Main {
		walk(t.Main.Root, visit)
	}
}

func walk(n parse.Node, visit func(parse.Node)) {
	visit(n)
	branch := func(b *parse.BranchNode) {
		walk(b.Pipe, visit)
		walk(b.List, visit)
		if b.ElseList != nil {
			walk(b.ElseList, visit)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, c := range n.Nodes {
			walk(c, visit)
		}
	case *parse.ActionNode:
		walk(n.Pipe, visit)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			walk(n.Pipe, visit)
		}
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			walk(c, visit)
		}
	case *parse.CommandNode:
		for _, a := range n.Args {
			walk(a, visit)
		}
	case *parse.ChainNode:
		walk(n.Node, visit)
	}
}
