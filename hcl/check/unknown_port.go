package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// unknownPort: Nomad accepts such a job and fails to place it, or registers port 0.
func unknownPort() Rule {
	return Rule{
		ID:    "unknown-port",
		Finds: "a service, a check, a proxy, a task's config or a variable like NOMAD_PORT_x that names a port label which the group's network does not have",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				p := &portUses{findings: f, tier: t, labels: portLabels(t), used: map[string]bool{}}
				p.services()
				for _, task := range t.Group.Tasks {
					for _, label := range configPorts(task.Config["ports"]) {
						p.use(label, "The config of task "+quote(task.Name), ofTier(t).labelled("task", task.Name).nth("config", 0).attr("ports"))
					}
				}
				p.runtime()
				p.near.report(f, "port", p.unused())
			}
		},
	}
}

// portUses compares uses of ports with those that a group has.
type portUses struct {
	*findings
	tier   *stack.Tier
	labels []string
	used   map[string]bool
	near   nearby
}

func (p *portUses) use(label, where string, at hcl.Range) {
	if label == "" || runtime(label) {
		return
	}
	if _, err := strconv.Atoi(label); err == nil {
		return
	}
	p.used[label] = true
	if !slices.Contains(p.labels, label) {
		p.unknown(label, where, at)
	}
}

func (p *portUses) unknown(label, where string, at hcl.Range) {
	p.near.add(label, at)
	p.error(at, "Port without a network", "%s uses the port %q, and group %q has no port of that name.%s Its ports: %s.",
		where, label, p.tier.Name, diag.DidYouMean(label, p.labels, ""), diag.List(p.labels, "none: add network { port \""+label+"\" {} }"))
}

func (p *portUses) services() {
	for _, svc := range services(p.tier) {
		at := place{p.tier.Job, svc.steps}
		p.use(svc.PortLabel, "The service "+quote(svc.Name), at.attr("port"))
		for i, c := range svc.Checks {
			p.use(c.PortLabel, "A check of the service "+quote(svc.Name), at.nth("check", i).attr("port"))
		}
		if svc.Connect == nil || svc.Connect.SidecarService == nil {
			continue
		}
		sidecar := at.nth("connect", 0).nth("sidecar_service", 0)
		p.use(svc.Connect.SidecarService.Port, "The proxy of service "+quote(svc.Name), sidecar.attr("port"))
		if proxy := svc.Connect.SidecarService.Proxy; proxy != nil && proxy.Expose != nil {
			for i, path := range proxy.Expose.Paths {
				p.use(path.ListenerPort, "A path that service "+quote(svc.Name)+" exposes", sidecar.nth("proxy", 0).nth("expose", 0).nth("path", i).attr("listener_port"))
			}
		}
	}
}

// runtime looks at variables such as NOMAD_PORT_http, wherever they stand in the group.
func (p *portUses) runtime() {
	for _, m := range mentions(p.tier) {
		label, isPort := portVariable(m.name)
		if !isPort {
			continue
		}
		known := false
		for _, l := range p.labels {
			if clean(l) == label {
				p.used[l], known = true, true
			}
			// "<task>_<label>" is the port of another task of the group.
			for _, task := range p.tier.Group.Tasks {
				known = known || clean(task.Name)+"_"+clean(l) == label
			}
		}
		if !known && !p.proxyPort(label) {
			p.unknown(label, m.name, m.at)
		}
	}
}

// proxyPort reports whether a label is one that Nomad makes for a Connect proxy.
func (p *portUses) proxyPort(label string) bool {
	return strings.HasPrefix(label, "connect_") && slices.ContainsFunc(services(p.tier), func(s placed) bool {
		return s.Connect != nil && strings.HasSuffix(label, clean(s.Name))
	})
}

func (p *portUses) unused() []definition {
	var out []definition
	for _, l := range p.labels {
		if p.used[l] {
			continue
		}
		for i := range p.tier.Group.Networks {
			if at := ofTier(p.tier).nth("network", i).labelled("port", l); at.job.Has(at.steps...) {
				out = append(out, definition{l, at.here()})
			}
		}
	}
	return out
}

// portLabels are the ports of a group's networks and of its tasks' old-style ones, sorted.
func portLabels(t *stack.Tier) []string {
	var labels []string
	networks := slices.Clone(t.Group.Networks)
	for _, task := range t.Group.Tasks {
		if task.Resources != nil {
			networks = append(networks, task.Resources.Networks...)
		}
	}
	for _, n := range networks {
		for _, p := range n.DynamicPorts {
			labels = append(labels, p.Label)
		}
		for _, p := range n.ReservedPorts {
			labels = append(labels, p.Label)
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// configPorts reads the docker driver's list of port labels.
func configPorts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, x := range list {
		out = append(out, fmt.Sprint(x))
	}
	return out
}
