package check

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// duplicateName: Nomad's server refuses two of a name, without a place.
func duplicateName() Rule {
	return Rule{
		ID:    "duplicate-name",
		Finds: "two groups, tasks, ports, services or template destinations of one name",
		inspect: func(s *stack.Stack, f *findings) {
			for _, j := range s.Jobs {
				groups := names{f: f, what: "group", in: "job " + quote(j.ID)}
				for _, g := range j.API.TaskGroups {
					groups.add(deref(g.Name), func(i int) hcl.Range { return j.At(stack.Again("group", deref(g.Name), i)) })
				}
			}
			for _, t := range s.Tiers {
				duplicatesInTier(t, f)
			}
		},
	}
}

func duplicatesInTier(t *stack.Tier, f *findings) {
	at := ofTier(t)
	in := "group " + quote(t.Name)
	ports := names{f: f, what: "port", in: in}
	for i, n := range t.Group.Networks {
		for _, p := range append(n.ReservedPorts, n.DynamicPorts...) {
			ports.add(p.Label, func(nth int) hcl.Range {
				if r := t.Job.At(append(at.nth("network", i).steps, stack.Again("port", p.Label, nth))...); r != at.nth("network", i).here() {
					return r
				}
				return at.nth("network", i).labelled("port", p.Label).here()
			})
		}
	}
	tasks := names{f: f, what: "task", in: in}
	for _, task := range t.Group.Tasks {
		tasks.add(task.Name, func(nth int) hcl.Range { return t.Job.At(append(at.steps, stack.Again("task", task.Name, nth))...) })
		inConfig := map[string]bool{}
		for _, label := range configPorts(task.Config["ports"]) {
			if inConfig[label] {
				f.error(at.labelled("task", task.Name).nth("config", 0).attr("ports"), "Name that stands twice", "ports of task %q names the port %q twice.", task.Name, label)
			}
			inConfig[label] = true
		}
		destinations := names{f: f, what: "template destination", in: "task " + quote(task.Name)}
		for i, tmpl := range task.Templates {
			destinations.add(deref(tmpl.DestPath), func(int) hcl.Range {
				return at.labelled("task", task.Name).nth("template", i).attr("destination")
			})
		}
	}
	// One name may stand for several ports of a tier, as HTTP and HTTPS of one service do.
	services1 := names{f: f, what: "service", in: in}
	for _, svc := range services(t) {
		if svc.Name != "" {
			services1.key(svc.Name+"\x00"+svc.PortLabel+"\x00"+svc.task, svc.Name, func(int) hcl.Range { return t.Job.At(svc.at(stack.Attr("name"))...) })
		}
	}
}

// names finds what stands twice.
type names struct {
	f        *findings
	what, in string
	first    map[string]hcl.Range
	count    map[string]int
}

func (n *names) add(name string, at func(nth int) hcl.Range) { n.key(name, name, at) }

func (n *names) key(key, name string, at func(nth int) hcl.Range) {
	if n.first == nil {
		n.first, n.count = map[string]hcl.Range{}, map[string]int{}
	}
	nth := n.count[key]
	n.count[key]++
	if nth == 0 {
		n.first[key] = at(0)
		return
	}
	n.f.error(at(nth), "Name that stands twice", "The %s %q of %s stands twice. Give one of them another name.", n.what, name, n.in)
	last := &n.f.diags[len(n.f.diags)-1]
	last.Related = []diag.Related{{Text: "the other one", Range: n.first[key]}}
}
