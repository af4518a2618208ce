package check

import (
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

const taskSummary = "Task that Nomad refuses"

// taskBlock: what the server says about a task and its small blocks, without a place.
func taskBlock() Rule {
	return Rule{
		ID:    "task-block",
		Finds: "a task, its lifecycle, resources, logs, artifact or signal that Nomad's server refuses",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				leaders := 0
				for _, task := range t.Group.Tasks {
					at := ofTier(t).labelled("task", task.Name)
					if task.Leader {
						if leaders++; leaders > 1 {
							f.error(at.attr("leader"), taskSummary, "Group %q has another leader already; there is one at most.", t.Name)
						}
					}
					if task.Name == "alloc" || strings.ContainsAny(task.Name, `/\`) {
						f.error(at.here(), taskSummary, "A task cannot be called %q: the name becomes a folder beside \"alloc\".", task.Name)
					}
					signal(f, at, "kill_signal", task.KillSignal, taskSummary)
					if task.ShutdownDelay < 0 {
						f.error(at.attr("shutdown_delay"), taskSummary, "shutdown_delay is below zero.")
					}
					lifecycle(f, at, task)
					resources(f, at.nth("resources", 0), task.Resources)
					logs(f, at, t.Group.EphemeralDisk, task.LogConfig)
					artifacts(f, at, task)
				}
			}
		},
	}
}

func lifecycle(f *findings, at place, task *api.Task) {
	if l := task.Lifecycle; l != nil {
		in := at.nth("lifecycle", 0)
		f.oneOf(in, "hook", l.Hook, taskSummary, api.TaskLifecycleHookPrestart, api.TaskLifecycleHookPoststart, api.TaskLifecycleHookPoststop)
		if l.Hook == "" {
			f.error(in.here(), taskSummary, "A lifecycle needs hook: prestart, poststart or poststop.")
		}
	}
}

func resources(f *findings, at place, r *api.Resources) {
	if r == nil {
		return
	}
	memory, most := 300, deref(r.MemoryMaxMB)
	if r.MemoryMB != nil {
		memory = *r.MemoryMB
	}
	switch {
	case deref(r.Cores) > 0 && deref(r.CPU) > 0:
		f.error(at.attr("cores", "cpu"), taskSummary, "A task asks for cpu or for cores, not for both.")
	case r.CPU != nil && deref(r.Cores) == 0 && *r.CPU < 1:
		f.error(at.attr("cpu"), taskSummary, "cpu is %d MHz; the least is 1.", *r.CPU)
	case memory < 10:
		f.error(at.attr("memory"), taskSummary, "memory is %d MB; the least is 10.", memory)
	case most > 0 && most < memory:
		f.error(at.attr("memory_max"), taskSummary, "memory_max is %d MB and memory %d MB: the most is less than what is reserved.", most, memory)
	case deref(r.DiskMB) > 0:
		f.error(at.attr("disk"), taskSummary, "Disk space is asked for by the group: ephemeral_disk { size = %d }.", *r.DiskMB)
	}
}

func logs(f *findings, at place, disk *api.EphemeralDisk, l *api.LogConfig) {
	size := 300
	if disk != nil && disk.SizeMB != nil {
		size = *disk.SizeMB
	}
	if l == nil {
		return
	}
	in := at.nth("logs", 0)
	files, each := 10, 10
	if l.MaxFiles != nil {
		files = *l.MaxFiles
	}
	if l.MaxFileSizeMB != nil {
		each = *l.MaxFileSizeMB
	}
	switch {
	case files < 1:
		f.error(in.attr("max_files"), taskSummary, "max_files is %d; the least is 1.", files)
	case each < 1:
		f.error(in.attr("max_file_size"), taskSummary, "max_file_size is %d MB; the least is 1.", each)
	case files*each >= size:
		f.error(in.attr("max_file_size", "max_files"), taskSummary, "The logs may take %d MB, and the group's ephemeral_disk has %d: keep fewer, or set ephemeral_disk { size = %d }.", files*each, size, files*each+100)
	}
}

func artifacts(f *findings, at place, task *api.Task) {
	for i, a := range task.Artifacts {
		in := at.nth("artifact", i)
		f.oneOf(in, "mode", deref(a.GetterMode), taskSummary, "any", "file", "dir")
		if deref(a.GetterSource) == "" {
			f.error(in.attr("source"), taskSummary, "An artifact needs source.")
		}
		if outside(deref(a.RelativeDest)) {
			f.error(in.attr("destination"), taskSummary, "destination %q leaves the allocation's folder.", deref(a.RelativeDest))
		}
	}
}

// outside reports whether a path of a task's folder leaves the allocation: the task's folder is one of it, so one ".." may stand.
func outside(path string) bool {
	depth := 1
	for _, part := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		switch part {
		case "", ".":
		case "..":
			depth--
		default:
			depth++
		}
		if depth < 0 {
			return true
		}
	}
	return false
}

// signal looks at the name of a signal, as Nomad's clients know them on Linux.
func signal(f *findings, at place, attr, name, summary string) {
	known := []string{
		"SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGIOT", "SIGKILL", "SIGNULL", "SIGPIPE", "SIGPROF", "SIGQUIT",
		"SIGSEGV", "SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGXCPU", "SIGXFSZ",
	}
	f.oneOf(at, attr, strings.ToUpper(name), summary, known...)
}
