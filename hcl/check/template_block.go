package check

import (
	"strconv"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// templateBlock: what the server says about template blocks, without a place.
func templateBlock() Rule {
	return Rule{
		ID:    "template-block",
		Finds: "a template block that Nomad's server refuses",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, task := range t.Group.Tasks {
					for i, tmpl := range task.Templates {
						template(f, ofTier(t).labelled("task", task.Name).nth("template", i), tmpl)
					}
				}
			}
		},
	}
}

func template(f *findings, at place, t *api.Template) {
	const summary = "Template that Nomad refuses"
	mode := deref(t.ChangeMode)
	f.oneOf(at, "change_mode", mode, summary, "noop", "restart", "signal", "script")
	signal(f, at, "change_signal", deref(t.ChangeSignal), summary)
	if p := deref(t.Perms); p != "" {
		if n, err := strconv.ParseUint(p, 8, 12); err != nil {
			f.error(at.attr("perms"), summary, "perms is %q; it is an octal number such as \"0640\".", p)
		} else if n < 0o100 {
			f.warn(at.attr("perms"), summary, "perms is %q, so its owner may do nothing with the file.", p)
		}
	}
	if w := t.Wait; w != nil && w.Min != nil && w.Max != nil && *w.Min > *w.Max {
		f.error(at.nth("wait", 0).attr("min"), summary, "wait's min (%s) is longer than its max (%s).", *w.Min, *w.Max)
	}
	switch destination := deref(t.DestPath); {
	case deref(t.SourcePath) == "" && deref(t.EmbeddedTmpl) == "":
		f.error(at.attr("data", "source"), summary, "A template needs data, the text itself, or source, a file on the node.")
	case destination == "":
		f.error(at.attr("destination"), summary, "A template needs destination.")
	case outside(destination):
		f.error(at.attr("destination"), summary, "destination %q leaves the allocation's folder.", destination)
	case !runtime(destination) && !strings.HasPrefix(destination, "/") && !beginsWith(destination, "local/", "secrets/", "alloc/", "../alloc/", "tmp/"):
		f.warn(at.attr("destination"), "Template outside the task's folders", "destination is %q, which is none of local/, secrets/ and alloc/.", destination)
	case strings.Count(destination, "{") != strings.Count(destination, "}"):
		f.warn(at.attr("destination"), "Template outside the task's folders", "destination is %q: one of its braces has no other.", destination)
	case mode == "signal" && deref(t.ChangeSignal) == "":
		f.error(at.attr("change_mode"), summary, "change_mode = \"signal\" needs change_signal.")
	case mode == "signal" && deref(t.Envvars):
		f.error(at.attr("change_mode"), summary, "A template of environment variables cannot be announced by a signal: use change_mode = \"restart\".")
	case mode == "script" && (t.ChangeScript == nil || deref(t.ChangeScript.Command) == ""):
		f.error(at.attr("change_mode"), summary, "change_mode = \"script\" needs change_script { command = \"…\" }.")
	case deref(t.Splay) < 0:
		f.error(at.attr("splay"), summary, "splay is below zero.")
	}
}

func beginsWith(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
