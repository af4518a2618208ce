package check

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// migrationDatabase: the prestart task would fail at its first step.
func migrationDatabase() Rule {
	return Rule{
		ID:    "migration-database",
		Finds: "a migration or wait_for whose url_env names an environment variable that the prestart task does not have",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				i := slices.IndexFunc(t.Group.Tasks, func(task *api.Task) bool { return task.Name == spec.PrepareTask })
				if t.Prepare == nil || i < 0 {
					continue
				}
				task := t.Group.Tasks[i]
				if m := t.Prepare.Migration; m != nil && !provides(task, m.Database.URLEnv) {
					f.error(m.Range, "Database that is not named", "The migration %q looks for its database in %s, and nothing sets it. Give the migration %s = \"…\" in an env block, %s_FILE with the path of a file, or a template with env = true.",
						m.Name, m.Database.URLEnv, m.Database.URLEnv, m.Database.URLEnv)
					f.near(t, task, m.Database.URLEnv)
				}
				for _, w := range t.Prepare.WaitFor {
					if name := urlEnv(w.WaitFor); name != "" && !provides(task, name) {
						f.error(w.Range, "Database that is not named", "wait_for %q looks for its address in %s, and nothing sets it. Give it %s = \"…\" in an env block, %s_FILE with the path of a file, or a template with env = true.",
							w.Name, name, name, name)
						f.near(t, task, name)
					}
				}
			}
		},
	}
}

// near adds to the last finding where the prestart task is given variables that are nearly the one that it looks for.
func (f *findings) near(t *stack.Tier, task *api.Task, name string) {
	last := &f.diags[len(f.diags)-1]
	for _, key := range slices.Sorted(maps.Keys(t.Prepare.EnvAt)) {
		if nearly(key, name) {
			last.Related = append(last.Related, diag.Related{Text: key + " is set here", Range: t.Prepare.EnvAt[key]})
		}
	}
	for i, tmpl := range task.Templates {
		x := stack.Template{Tier: t, Task: task.Name, Index: i, Text: deref(tmpl.EmbeddedTmpl)}
		for n, line := range strings.Split(x.Text, "\n") {
			key, _, set := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
			if set && deref(tmpl.Envvars) && nearly(key, name) {
				last.Related = append(last.Related, diag.Related{Text: key + " is set here", Range: x.Line(n + 1)})
			}
		}
	}
}

// nearly reports whether an environment variable may have been meant to be another, or the other's with _FILE.
func nearly(key, name string) bool {
	return diag.Suggest(key, []string{name}) != "" || diag.Suggest(key, []string{name + "_FILE"}) != ""
}

func urlEnv(w spec.WaitFor) string {
	switch {
	case w.Postgres != nil:
		return w.Postgres.URLEnv
	case w.MySQL != nil:
		return w.MySQL.URLEnv
	case w.Redis != nil:
		return w.Redis.URLEnv
	}
	return ""
}

// provides reports whether a task gets an environment variable, or the path of a file with it.
func provides(task *api.Task, name string) bool {
	for _, n := range []string{name, name + "_FILE"} {
		if _, ok := task.Env[n]; ok {
			return true
		}
		line := regexp.MustCompile(`(?m)(^|[\s}])(export\s+)?` + regexp.QuoteMeta(n) + `=`)
		for _, t := range task.Templates {
			if deref(t.Envvars) && line.MatchString(strings.TrimSpace(deref(t.EmbeddedTmpl))) {
				return true
			}
		}
	}
	return false
}
