package check

import (
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// placed is a service of a group or a task, with the steps that lead to its block.
type placed struct {
	*api.Service
	task  string // empty for one of the group
	steps []stack.Step
}

// services lists every service of a tier, whatever its provider.
func services(t *stack.Tier) []placed {
	group := stack.Block("group", t.Name)
	var out []placed
	for i, svc := range t.Group.Services {
		out = append(out, placed{svc, "", []stack.Step{group, stack.Nth("service", i)}})
	}
	for _, task := range t.Group.Tasks {
		for i, svc := range task.Services {
			out = append(out, placed{svc, task.Name, []stack.Step{group, stack.Block("task", task.Name), stack.Nth("service", i)}})
		}
	}
	return out
}

// at adds steps to those of the service.
func (p placed) at(steps ...stack.Step) []stack.Step {
	return append(append([]stack.Step(nil), p.steps...), steps...)
}

// consul reports whether the service is registered in Consul.
func (p placed) consul() bool {
	return p.Provider == "" || p.Provider == api.ServiceProviderConsul
}

// longRunning reports whether a tier is meant to stay up.
func longRunning(t *stack.Tier) bool { return t.Type == "service" || t.Type == "system" }
