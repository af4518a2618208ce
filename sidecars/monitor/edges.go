package monitor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/status"
)

// The registered jobs are the only place the monitor knows, so the edges between tiers are read back from them: which
// Consul services a group registers, and which conditions its prestart task was given.

func tierID(job, group string) string { return job + "/" + group }

// facts of one group, as registered.
type groupFacts struct {
	kind     string
	schedule string
	launches bool
	services []string
	needs    []Need
	volumes  []Volume
}

// groupsOf indexes the registered groups by tier ID.
func groupsOf(obs status.Observation) map[string]groupFacts {
	out := map[string]groupFacts{}
	for _, j := range obs.Jobs {
		if j.Job == nil {
			continue
		}
		for _, g := range j.Job.TaskGroups {
			if g == nil || g.Name == nil {
				continue
			}
			out[tierID(j.ID, *g.Name)] = groupFacts{
				kind:     deref(j.Job.Type),
				schedule: scheduleOf(j.Job),
				launches: j.Job.IsPeriodic() || j.Job.IsParameterized(),
				services: servicesOf(g),
				needs:    needsOf(g),
				volumes:  volumesOf(g),
			}
		}
	}
	return out
}

// scheduleOf is when a periodic job is launched, as its author wrote it.
func scheduleOf(j *api.Job) string {
	if j.Periodic == nil {
		return ""
	}
	specs := j.Periodic.Specs
	if one := deref(j.Periodic.Spec); one != "" {
		specs = []string{one}
	}
	text := strings.Join(specs, "; ")
	if zone := deref(j.Periodic.TimeZone); zone != "" {
		text += " (" + zone + ")"
	}
	return text
}

func servicesOf(g *api.TaskGroup) []string {
	var names []string
	for _, s := range g.Services {
		names = append(names, s.Name)
	}
	for _, t := range g.Tasks {
		for _, s := range t.Services {
			names = append(names, s.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// needsOf reads the conditions out of the prestart task. A value that is not ours is not an error: the tier simply shows
// no needs.
func needsOf(g *api.TaskGroup) []Need {
	for _, t := range g.Tasks {
		raw := t.Env[spec.PrepareEnv]
		if raw == "" {
			continue
		}
		var p spec.Prepare
		if json.Unmarshal([]byte(raw), &p) != nil {
			return nil
		}
		needs := make([]Need, 0, len(p.WaitFor))
		for _, w := range p.WaitFor {
			needs = append(needs, Need{Name: w.Name, What: describe(w)})
		}
		return needs
	}
	return nil
}

// describe says what a condition asks. It never shows a URL whole: one may hold a password.
func describe(w spec.WaitFor) string {
	switch {
	case w.Service != nil && w.Service.Min > 1:
		return fmt.Sprintf("service %s, %d instances", w.Service.Name, w.Service.Min)
	case w.Service != nil:
		return "service " + w.Service.Name
	case w.TCP != nil:
		return "tcp " + w.TCP.Address
	case w.Kind == spec.KindPostgres:
		return "PostgreSQL"
	case w.Kind == spec.KindMySQL:
		return "MySQL"
	case w.Kind == spec.KindRedis:
		return "Redis"
	case w.Kind == spec.KindHTTP:
		return "HTTP"
	}
	return string(w.Kind)
}

func volumesOf(g *api.TaskGroup) []Volume {
	var out []Volume
	for name, v := range g.Volumes {
		out = append(out, Volume{Name: name, Type: v.Type, Source: v.Source, ReadOnly: v.ReadOnly})
	}
	slices.SortFunc(out, func(a, b Volume) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// resolve points every need at the tier that fulfils it: the one that registers the service asked for, else the one
// that has the condition's name. A need that nobody here fulfils stays without a tier.
func resolve(tiers []Tier) {
	byService, byName := map[string]string{}, map[string]string{}
	for _, t := range tiers {
		for _, s := range t.Services {
			byService[s] = t.ID
		}
		byName[t.Name] = t.ID
	}
	for i := range tiers {
		for k := range tiers[i].Needs {
			n := &tiers[i].Needs[k]
			service := strings.TrimPrefix(n.What, "service ")
			service, _, _ = strings.Cut(service, ",")
			id, ok := byService[service]
			if !ok {
				id = byName[n.Name]
			}
			if id != tiers[i].ID {
				n.Tier = id
			}
		}
	}
}

// order returns the tiers with dependencies before those who need them, and otherwise as they came. Tiers of a cycle
// (a pack with one is refused, but the monitor shows what is registered) keep their place at the end.
func order(tiers []Tier) []Tier {
	out := make([]Tier, 0, len(tiers))
	placed := map[string]bool{}
	known := map[string]bool{}
	for _, t := range tiers {
		known[t.ID] = true
	}
	for len(out) < len(tiers) {
		before := len(out)
		var ready []Tier
		for _, t := range tiers {
			if placed[t.ID] {
				continue
			}
			free := true
			for _, n := range t.Needs {
				if known[n.Tier] && !placed[n.Tier] {
					free = false
				}
			}
			if free {
				ready = append(ready, t)
			}
		}
		for _, t := range ready {
			placed[t.ID] = true
		}
		out = append(out, ready...)
		if len(out) == before {
			for _, t := range tiers {
				if !placed[t.ID] {
					placed[t.ID] = true
					out = append(out, t)
				}
			}
		}
	}
	return out
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
