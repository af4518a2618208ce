package check

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// templateSyntax: the task could never start. The parser tells the line where it gave up; a misspelt keyword or a missing brace
// stands before it.
func templateSyntax() Rule {
	known := slices.Concat(templateFunctions(), goFunctions(), templateKeywords())
	slices.Sort(known)
	return Rule{
		ID:    "template-syntax",
		Finds: "a template that consul-template cannot parse, or text in it that looks like an action with a brace missing",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Broken {
				brokenTemplate(t, known, f)
			}
			for _, t := range s.Templates {
				for i, l := range strings.Split(t.Text, "\n") {
					if halfAction.MatchString(l) && strings.Count(l, "{{") < strings.Count(l, "}}") {
						f.error(t.Line(i+1), "Template with a syntax error", "Line %d of the template of task %q looks like {{ … }} with a brace missing: it is handed on as text.", i+1, t.Task)
					}
				}
			}
		},
	}
}

func templateKeywords() []string {
	return []string{"block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"}
}

var (
	// firstWord is the word that an action begins with.
	firstWord = regexp.MustCompile(`\{\{-?\s*([A-Za-z_]\w*)`)
	// loneWord is an action of one word, as end and else are.
	loneWord = regexp.MustCompile(`\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}`)
	// halfAction is an action without its second opening brace: {x end }}, { .Address }}.
	halfAction = regexp.MustCompile(`(^|[^{])\{[^{}]?-?\s*(block|define|else|end|if|range|template|with|env|key|service|nomadVar|nomadService|index|\.[A-Za-z]\w*|\$\w+)\b[^{}]*\}\}`)
)

func brokenTemplate(t *stack.Template, known []string, f *findings) {
	const summary = "Template with a syntax error"
	say := func(n int, more string) {
		f.error(t.Line(n), summary, "The template number %d of task %q cannot be parsed: %s. The task could never start.%s", t.Index+1, t.Task, t.Err.Text, more)
	}
	suspects := 0
	lines := strings.Split(t.Text, "\n")
	for i, l := range lines {
		for _, m := range loneWord.FindAllStringSubmatch(l, -1) {
			if hint := diag.DidYouMean(m[1], templateKeywords(), ""); !slices.Contains(templateKeywords(), m[1]) && slices.Contains(known, m[1]) && hint != "" {
				suspects++
				say(i+1, " A function stands alone here."+hint)
			}
		}
		for _, m := range firstWord.FindAllStringSubmatch(l, -1) {
			if !slices.Contains(known, m[1]) {
				suspects++
				say(i+1, " There is no function or keyword "+quote(m[1])+"."+diag.DidYouMean(m[1], known, ""))
			}
		}
		if opened, closed := strings.Count(l, "{{"), strings.Count(l, "}}"); opened != closed && !strings.Contains(l, "/*") && !strings.Contains(l, "*/") && i+1 != t.Err.Line {
			suspects++
			say(i+1, " This line opens and closes different numbers of {{ }}.")
		}
	}
	if suspects == 0 || t.Err.Line < len(lines) {
		say(t.Err.Line, "")
		relateVariables(t, f)
	}
}

var (
	// definedVariable is where a template gives a variable its value, or both of a range.
	definedVariable = regexp.MustCompile(`(\$\w+)(?:\s*,\s*(\$\w+))?\s*:=`)
	usedVariable    = regexp.MustCompile(`\{\{[^{}]*?(\$\w+)[^{}]*\}\}`)
)

// relateVariables adds to the last finding where variables are defined that are nearly one that its line uses without a
// definition.
func relateVariables(t *stack.Template, f *findings) {
	lines := strings.Split(t.Text, "\n")
	defined := map[string]int{}
	for i, l := range lines {
		for _, m := range definedVariable.FindAllStringSubmatch(l, -1) {
			for _, name := range m[1:] {
				if name != "" {
					defined[name] = i + 1
				}
			}
		}
	}
	names := slices.Sorted(maps.Keys(defined))
	for _, m := range usedVariable.FindAllStringSubmatch(lines[min(t.Err.Line, len(lines))-1], -1) {
		if slices.Contains(names, m[1]) {
			continue
		}
		for _, near := range diag.Near(m[1], names) {
			f.diags.Relate(near+" is defined here", t.Line(defined[near]))
		}
	}
}
