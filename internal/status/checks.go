package status

import (
	"fmt"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// failingCheck is the first check of an instance that keeps it from being healthy, with its output, or "". Where nobody
// asked Consul (Checks is nil) it is silent: Nomad's own word about health then decides alone.
func (g *group) failingCheck(alloc string) string {
	if g.facts.Checks == nil {
		return ""
	}
	checks := g.facts.Checks[alloc]
	if len(checks) == 0 {
		if name := g.checkedService(); name != "" {
			return "service " + name + " is not in Consul yet"
		}
		return ""
	}
	for _, c := range checks {
		if g.counts(c) {
			return checkText(c)
		}
	}
	return ""
}

func checkText(c Check) string {
	text := fmt.Sprintf("check %q of service %s is %s", c.Name, c.Service, c.Status)
	if out := firstLine(c.Output); out != "" {
		text += ": " + out
	}
	return text
}

// counts says whether a check speaks against its instance, as the job's on_update says.
func (g *group) counts(c Check) bool {
	if c.Status == "passing" {
		return false
	}
	switch g.onUpdate(c) {
	case api.OnUpdateIgnore:
		return false
	case api.OnUpdateIgnoreWarn:
		return c.Status != "warning"
	}
	return true
}

func (g *group) onUpdate(c Check) string {
	for _, s := range g.services() {
		if s.Name != c.Service {
			continue
		}
		for _, k := range s.Checks {
			if k.Name == c.Name && k.OnUpdate != "" {
				return k.OnUpdate
			}
		}
		return s.OnUpdate
	}
	return ""
}

// checkedService is a service of the group that Consul must list checks for, or "". A name that is only complete at
// run time cannot be looked up and is not asked for.
func (g *group) checkedService() string {
	for _, s := range g.services() {
		if len(s.Checks) > 0 && !strings.Contains(s.Name, "${") {
			return s.Name
		}
	}
	return ""
}

// services are those of the group and its tasks that are registered in Consul.
func (g *group) services() []*api.Service {
	var out []*api.Service
	add := func(list []*api.Service) {
		for _, s := range list {
			if s.Provider == "" || s.Provider == api.ServiceProviderConsul {
				out = append(out, s)
			}
		}
	}
	add(g.tg.Services)
	for _, t := range g.tg.Tasks {
		add(t.Services)
	}
	return out
}

func firstLine(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		s = strings.TrimSpace(s[:i])
	}
	const limit = 200
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
