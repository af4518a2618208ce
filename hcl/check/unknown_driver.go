package check

import (
	"maps"
	"slices"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// unknownDriver: no node has it, so the tier stays pending. A plugin's driver is somebody's own, so it is a warning where
// nothing is near.
func unknownDriver() Rule {
	known := append(slices.Sorted(maps.Keys(driverConfigs())), "containerd-driver", "firecracker-task-driver", "lxc", "nspawn", "podman", "singularity", "nomad-driver-virt", "exec2", "mock_driver")
	return Rule{
		ID:    "unknown-driver",
		Finds: "a task whose driver is none of Nomad's",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, task := range t.Group.Tasks {
					if slices.Contains(known, task.Driver) {
						continue
					}
					at := ofTier(t).labelled("task", task.Name).attr("driver")
					switch hint := diag.DidYouMean(task.Driver, known, ""); {
					case task.Driver == "":
						f.error(at, "Driver that Nomad does not have", "Task %q has no driver: set driver = \"docker\", for one.", task.Name)
					case hint != "":
						f.error(at, "Driver that Nomad does not have", "The driver of task %q is %q.%s", task.Name, task.Driver, hint)
					default:
						f.warn(at, "Driver that Nomad does not have", "The driver of task %q is %q: a client needs a plugin for it. Nomad's own: %s.",
							task.Name, task.Driver, diag.List(slices.Sorted(maps.Keys(driverConfigs())), ""))
					}
				}
			}
		},
	}
}
