package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// runtimeVariable: Nomad leaves the text of a name that it does not know as it is, or makes nothing of it.
func runtimeVariable() Rule {
	known := taskEnvironment()
	return Rule{
		ID:    "runtime-variable",
		Finds: "a name like NOMAD_TASK_DIR that Nomad does not give to tasks, an upstream or an item of meta that does not exist",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				own := ownNames(t)
				for _, m := range mentions(t) {
					if own[m.name] {
						continue
					}
					runtimeName(t, m, known, f)
				}
				nearRuntimeNames(t, own, known, f)
			}
		},
	}
}

func runtimeName(t *stack.Tier, m mention, known []string, f *findings) {
	const summary = "Name that Nomad does not give"
	if _, isPort := portVariable(m.name); isPort || slices.Contains(known, m.name) {
		return
	}
	if up, ok := upstreamVariable(m.name); ok {
		var names []string
		for _, svc := range services(t) {
			for _, u := range upstreams(svc) {
				names = append(names, clean(u.DestinationName))
			}
		}
		if !slices.Contains(names, up) {
			f.error(m.at, summary, "%s is about the upstream %q, and group %q has no such upstream.%s", m.name, up, t.Name, diag.DidYouMean(up, names, ""))
		}
		return
	}
	if key, ok := strings.CutPrefix(m.name, "NOMAD_META_"); ok {
		names := metaKeys(t)
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(clean(n), key) }) {
			f.warn(m.at, summary, "%s is about the meta item %q, and neither the job nor the group nor a task of it has one.%s", m.name, key, diag.DidYouMean(key, names, ""))
		}
		return
	}
	hint := diag.DidYouMean(m.name, known, "")
	if _, label, ok := strings.Cut(m.name, "_"); ok && hint == "" && label != "" {
		hint = " Names with a label are NOMAD_PORT_<label>, NOMAD_ADDR_<label>, NOMAD_IP_<label>, NOMAD_HOST_PORT_<label> and NOMAD_META_<key>."
	}
	f.error(m.at, summary, "Nomad gives no task a variable %s.%s", m.name, hint)
}

// readName is how a template of consul-template reads an environment variable.
var readName = regexp.MustCompile(`\benv \\?"([A-Z][A-Za-z0-9_]*)`)

// nearRuntimeNames finds what is nearly a name that begins with NOMAD_, in an expression or where a template reads the
// environment: it would be taken for a variable of the task's own, which has none of that name.
func nearRuntimeNames(t *stack.Tier, own map[string]bool, known []string, f *findings) {
	look := func(name string, at hcl.Range) {
		if len(name) < len("NOMAD_DC")-1 || strings.HasPrefix(name, "NOMAD_") || own[name] {
			return
		}
		if meant := nearRuntimeName(name, known, portLabels(t)); meant != "" {
			f.warn(at, "Name that Nomad does not give", "Nomad gives no task a variable %s, and no env block of the group sets it. Did you mean %s?", name, meant)
		}
	}
	for _, tok := range t.Job.Texts(stack.Block("group", t.Name)) {
		if tok.Expression {
			look(tok.Text, tok.At(0))
		}
		for _, m := range readName.FindAllStringSubmatchIndex(tok.Text, -1) {
			look(tok.Text[m[2]:m[3]], tok.At(m[2]))
		}
	}
}

// nearRuntimeName is the name of Nomad's that another most probably means, a port's label in it as it stands, or "".
func nearRuntimeName(name string, known, labels []string) string {
	for _, prefix := range known {
		if !strings.HasSuffix(prefix, "_") {
			if diag.Suggest(name, []string{prefix}) != "" {
				return prefix
			}
			continue
		}
		for _, label := range labels {
			if begin, ok := strings.CutSuffix(name, clean(label)); ok && diag.Suggest(begin, []string{prefix}) != "" {
				return prefix + label
			}
		}
	}
	return ""
}

// ownNames are the variables that the author gives to the tier's tasks, such as NOMAD_ADDR for Nomad's own client.
func ownNames(t *stack.Tier) map[string]bool {
	out := map[string]bool{}
	for _, task := range t.Group.Tasks {
		for name := range task.Env {
			out[name] = true
		}
	}
	return out
}

// metaKeys are what a task of the tier can find in its meta, those of a parameterized job's dispatch too.
func metaKeys(t *stack.Tier) []string {
	var out []string
	add := func(m map[string]string) {
		for k := range m {
			out = append(out, k)
		}
	}
	add(t.Job.API.Meta)
	add(t.Group.Meta)
	for _, task := range t.Group.Tasks {
		add(task.Meta)
	}
	if p := t.Job.API.ParameterizedJob; p != nil {
		out = append(append(out, p.MetaRequired...), p.MetaOptional...)
	}
	slices.Sort(out)
	return out
}

// mention is a name of Nomad's runtime in a group.
type mention struct {
	name string
	at   hcl.Range
}

var nomadName = regexp.MustCompile(`\bNOMAD_[A-Za-z0-9_]*`)

// mentions lists the names that begin with NOMAD_ in a group: in expressions, in texts, in templates and in the files of the pack
// that those came from; not in comments, and not what the sidecar's own task reads.
func mentions(t *stack.Tier) []mention {
	var out []mention
	for _, tok := range t.Job.Texts(stack.Block("group", t.Name)) {
		if !strings.Contains(tok.Text, "NOMAD_") {
			continue
		}
		for _, m := range nomadName.FindAllStringIndex(tok.Text, -1) {
			name := strings.TrimSuffix(tok.Text[m[0]:m[1]], "_")
			if rest := tok.Text[m[1]:]; strings.HasSuffix(tok.Text[m[0]:m[1]], "_") || strings.HasPrefix(rest, "${") || name == "NOMAD" {
				continue // the beginning of a name, in prose or before an expression
			}
			out = append(out, mention{name, tok.At(m[0])})
		}
	}
	return out
}

// portVariable is the label that a variable such as NOMAD_PORT_http names.
func portVariable(name string) (label string, ok bool) {
	for _, prefix := range []string{
		"NOMAD_PORT_", "NOMAD_ADDR_", "NOMAD_IP_", "NOMAD_HOST_PORT_", "NOMAD_HOST_ADDR_", "NOMAD_HOST_IP_", "NOMAD_ALLOC_PORT_", "NOMAD_ALLOC_ADDR_", "NOMAD_ALLOC_IP_",
	} {
		if label, ok = strings.CutPrefix(name, prefix); ok {
			return label, true
		}
	}
	return "", false
}

func upstreamVariable(name string) (label string, ok bool) {
	for _, prefix := range []string{"NOMAD_UPSTREAM_IP_", "NOMAD_UPSTREAM_PORT_", "NOMAD_UPSTREAM_ADDR_"} {
		if label, ok = strings.CutPrefix(name, prefix); ok {
			return label, true
		}
	}
	return "", false
}

// clean is a label as it stands in the name of an environment variable.
func clean(label string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, label)
}
