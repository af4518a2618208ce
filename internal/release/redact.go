package release

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/packctl/packctl/internal/status"
)

// redactor takes known secrets out of whatever is shown: an application may print its own password when it fails.
type redactor struct{ r *strings.Replacer }

const redacted = "[redacted]"

// newRedactor knows each value as it is, URL-encoded and in base64, and each line of a value of many (a key).
func newRedactor(values []string) redactor {
	var pairs []string
	add := func(s string) {
		if len(s) >= 6 { // shorter ones would blot out ordinary words
			pairs = append(pairs, s, redacted)
		}
	}
	for _, v := range values {
		for _, s := range append([]string{v}, strings.Split(strings.TrimSpace(v), "\n")...) {
			if strings.HasPrefix(s, "-----") && !strings.Contains(s, "\n") {
				continue // the frame of a PEM block
			}
			add(s)
			add(url.QueryEscape(s))
			add(url.PathEscape(s))
			add(base64.StdEncoding.EncodeToString([]byte(s)))
			add(base64.URLEncoding.EncodeToString([]byte(s)))
		}
	}
	if len(pairs) == 0 {
		return redactor{}
	}
	return redactor{strings.NewReplacer(pairs...)}
}

func (r redactor) text(s string) string {
	if r.r == nil {
		return s
	}
	return r.r.Replace(s)
}

// tiers is a copy in which nothing that came from a task or a check names a secret.
func (r redactor) tiers(in []status.Tier) []status.Tier {
	if r.r == nil {
		return in
	}
	out := make([]status.Tier, len(in))
	for i, t := range in {
		t.Reason = r.text(t.Reason)
		instances := make([]status.Instance, len(t.Instances))
		for j, n := range t.Instances {
			n.Reason = r.text(n.Reason)
			tasks := make([]status.Task, len(n.Tasks))
			for k, task := range n.Tasks {
				task.Event = r.text(task.Event)
				tasks[k] = task
			}
			n.Tasks, n.Checks = tasks, r.checks(n.Checks)
			instances[j] = n
		}
		t.Instances = instances
		out[i] = t
	}
	return out
}

func (r redactor) checks(in []status.Check) []status.Check {
	out := make([]status.Check, len(in))
	for i, c := range in {
		c.Output = r.text(c.Output)
		out[i] = c
	}
	return out
}

func (r redactor) failure(f Failure) Failure {
	f.Event, f.Reason, f.Output = r.text(f.Event), r.text(f.Reason), r.text(f.Output)
	for i, line := range f.Logs {
		f.Logs[i] = r.text(line)
	}
	return f
}
