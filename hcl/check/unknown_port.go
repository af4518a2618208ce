package check

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// unknownPort: Nomad accepts such a job and fails to place it, or registers port 0.
func unknownPort() Rule {
	return Rule{
		ID:    "unknown-port",
		Finds: "a service, a check or a task's config that names a port label which the group's network does not have",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				labels := portLabels(t)
				look := func(label, where string, steps []stack.Step) {
					if label == "" || runtime(label) || slices.Contains(labels, label) {
						return
					}
					if _, err := strconv.Atoi(label); err == nil {
						return
					}
					f.error(t.Job.At(steps...), "Port without a network",
						"%s uses the port %q, and group %q has no port of that name.%s Its ports: %s.",
						where, label, t.Name, diag.DidYouMean(label, labels, ""), diag.List(labels, "none: add network { port \""+label+"\" {} }"))
				}
				for _, svc := range services(t) {
					look(svc.PortLabel, "The service "+strconv.Quote(svc.Name), svc.at(stack.Attr("port")))
					for i, c := range svc.Checks {
						look(c.PortLabel, "A check of the service "+strconv.Quote(svc.Name), svc.at(stack.Nth("check", i), stack.Attr("port")))
					}
				}
				for _, task := range t.Group.Tasks {
					for _, label := range configPorts(task.Config["ports"]) {
						look(label, "The config of task "+strconv.Quote(task.Name),
							[]stack.Step{stack.Block("group", t.Name), stack.Block("task", task.Name), stack.Nth("config", 0), stack.Attr("ports")})
					}
				}
			}
		},
	}
}

// portLabels are the ports of a group's networks and of its tasks' old-style ones, sorted.
func portLabels(t *stack.Tier) []string {
	var labels []string
	for _, n := range t.Group.Networks {
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
