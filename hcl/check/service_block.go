package check

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

const serviceSummary = "Service that Nomad refuses"

// serviceBlock: what the server says about service and check blocks, without a place.
func serviceBlock() Rule {
	return Rule{
		ID:    "service-block",
		Finds: "a service or check block that Nomad's server refuses",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				var tasks []string
				for _, task := range t.Group.Tasks {
					tasks = append(tasks, task.Name)
				}
				var first *placed
				for _, svc := range services(t) {
					at := place{t.Job, svc.steps}
					service(f, at, svc, tasks)
					if first == nil {
						first = &svc
					} else if first.consul() != svc.consul() {
						f.error(at.attr("provider"), serviceSummary, "The services of a group have one provider, and %q of group %q has another than this.", first.Name, t.Name)
					}
					for i := range svc.Checks {
						healthCheck(f, at.nth("check", i), svc, &svc.Checks[i], tasks)
					}
				}
			}
		},
	}
}

func service(f *findings, at place, svc placed, tasks []string) {
	f.oneOf(at, "provider", svc.Provider, serviceSummary, "consul", "nomad")
	f.oneOf(at, "address_mode", svc.AddressMode, serviceSummary, "auto", "host", "driver", "alloc", "alloc_ipv6")
	f.oneOf(at, "on_update", svc.OnUpdate, serviceSummary, "require_healthy", "ignore_warnings", "ignore")
	f.oneOf(at, "kind", svc.Kind, serviceSummary, "api-gateway", "ingress-gateway", "mesh-gateway", "terminating-gateway")
	inTask := svc.task != ""
	switch {
	case inTask && (svc.AddressMode == "alloc" || svc.AddressMode == "alloc_ipv6"):
		f.error(at.attr("address_mode"), serviceSummary, "address_mode %q is for services of a group.", svc.AddressMode)
	case !inTask && svc.AddressMode == "driver":
		f.error(at.attr("address_mode"), serviceSummary, "address_mode \"driver\" is for services of a task.")
	case svc.Address != "" && svc.AddressMode != "" && svc.AddressMode != "auto":
		f.error(at.attr("address"), serviceSummary, "address goes with address_mode \"auto\" only.")
	case svc.Connect != nil && inTask:
		f.error(at.nth("connect", 0).here(), serviceSummary, "connect is for services of a group.")
	case svc.Connect != nil && !svc.consul():
		f.error(at.nth("connect", 0).here(), serviceSummary, "connect needs the provider consul.")
	}
	taskOf(f, at, svc.TaskName, tasks)
}

func taskOf(f *findings, at place, task string, tasks []string) {
	if task != "" && !slices.Contains(tasks, task) {
		f.error(at.attr("task"), serviceSummary, "task is %q, and the group has no such task.%s It has: %s.", task, diag.DidYouMean(task, tasks, ""), diag.List(tasks, ""))
	}
}

func healthCheck(f *findings, at place, svc placed, c *api.ServiceCheck, tasks []string) {
	types := []string{"grpc", "http", "script", "tcp"}
	if !svc.consul() {
		types = []string{"http", "tcp"}
	}
	kind := strings.ToLower(c.Type)
	f.oneOf(at, "type", kind, serviceSummary, types...)
	f.oneOf(at, "initial_status", c.InitialStatus, serviceSummary, "passing", "warning", "critical")
	f.oneOf(at, "address_mode", c.AddressMode, serviceSummary, "host", "driver", "alloc", "alloc_ipv6")
	f.oneOf(at, "on_update", c.OnUpdate, serviceSummary, "require_healthy", "ignore_warnings", "ignore")
	f.oneOf(at, "protocol", c.Protocol, serviceSummary, "http", "https")
	f.oneOf(at, "method", c.Method, serviceSummary, "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
	taskOf(f, at, c.TaskName, tasks)
	networked := kind == "http" || kind == "tcp" || kind == "grpc"
	thresholds := c.SuccessBeforePassing + c.FailuresBeforeCritical + c.FailuresBeforeWarning
	switch {
	case kind == "":
		f.error(at.here(), serviceSummary, "A check needs type: %s.", diag.List(types, ""))
	case kind == "http" && c.Path == "":
		f.error(at.here(), serviceSummary, "An HTTP check needs path.")
	case kind == "http" && strings.Contains(c.Path, "://"):
		f.error(at.attr("path"), serviceSummary, "path is %q; it is the path alone, such as \"/health\".", c.Path)
	case kind == "http" && !strings.HasPrefix(c.Path, "/") && !runtime(c.Path):
		f.warn(at.attr("path"), serviceSummary, "path is %q; a path begins with a slash.", c.Path)
	case kind == "script" && c.Command == "":
		f.error(at.here(), serviceSummary, "A script check needs command.")
	case kind == "script" && c.TaskName == "" && svc.TaskName == "" && svc.task == "":
		f.error(at.here(), serviceSummary, "A script check of a group's service needs task, where the command is run: task = %q.", tasks[len(tasks)-1])
	case networked && c.PortLabel == "" && svc.PortLabel == "":
		f.error(at.here(), serviceSummary, "The check needs a port, and neither it nor the service %q has one.", svc.Name)
	case c.Interval < time.Second:
		f.error(at.attr("interval"), serviceSummary, "interval is %s; the least is 1s.", c.Interval)
	case c.Timeout < time.Second:
		f.error(at.attr("timeout"), serviceSummary, "timeout is %s; the least is 1s.", c.Timeout)
	case c.OnUpdate == "ignore" && c.CheckRestart != nil:
		f.error(at.attr("on_update"), serviceSummary, "on_update = \"ignore\" and check_restart exclude each other.")
	case thresholds != 0 && kind == "script":
		f.error(at.attr("failures_before_critical", "success_before_passing", "failures_before_warning"), serviceSummary, "A script check has no thresholds.")
	case c.Expose && kind != "http" && kind != "grpc":
		f.error(at.attr("expose"), serviceSummary, "expose is for checks of type http and grpc.")
	case kind == "tcp" && svc.Connect != nil && svc.Connect.SidecarService != nil:
		f.error(at.attr("type"), serviceSummary, "Behind a Connect proxy a TCP check says nothing about the service.")
	}
}
