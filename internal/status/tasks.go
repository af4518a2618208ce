package status

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// tasksOf lists an allocation's tasks: in the group's order, then those that Nomad added.
func tasksOf(a *api.AllocationListStub, tg *api.TaskGroup) []Task {
	var names, added []string
	for _, t := range tg.Tasks {
		if a.TaskStates[t.Name] != nil {
			names = append(names, t.Name)
		}
	}
	for name, st := range a.TaskStates {
		if st != nil && !slices.Contains(names, name) {
			added = append(added, name)
		}
	}
	slices.Sort(added)
	var tasks []Task
	for _, name := range append(names, added...) {
		st := a.TaskStates[name]
		tasks = append(tasks, Task{
			Name:     name,
			State:    st.State,
			Failed:   st.Failed,
			Restarts: st.Restarts,
			ExitCode: exitCode(st),
			Event:    lastEvent(st),
		})
	}
	return tasks
}

// exitCode is that of the task's last run that ended.
func exitCode(st *api.TaskState) int {
	for _, e := range slices.Backward(st.Events) {
		if e.Type != api.TaskTerminated {
			continue
		}
		if n, err := strconv.Atoi(e.Details["exit_code"]); err == nil {
			return n
		}
		return e.ExitCode
	}
	return 0
}

// allocUnhealthy is an event that Nomad files under each task of an allocation that a deployment gave up; it is not in
// nomad/api.
const allocUnhealthy = "Alloc Unhealthy"

// lastEvent is the last that is about the task itself.
func lastEvent(st *api.TaskState) string {
	for _, e := range slices.Backward(st.Events) {
		if e.Type != allocUnhealthy {
			return eventText(e)
		}
	}
	return ""
}

// Cause is the event that says why a task ended or cannot start, in Nomad's words: not that it is restarted, nor that it
// is not, but what came before. It is the last event when none says.
func Cause(st *api.TaskState) string {
	for _, e := range slices.Backward(st.Events) {
		switch e.Type {
		case api.TaskTerminated, api.TaskDriverFailure, api.TaskSetupFailure, api.TaskFailedValidation, api.TaskArtifactDownloadFailed:
			return eventText(e)
		}
	}
	return lastEvent(st)
}

func eventText(e *api.TaskEvent) string {
	if e.DisplayMessage == "" {
		return e.Type
	}
	return e.Type + ": " + e.DisplayMessage
}

// healthEvent is what Nomad wrote when it gave up on an allocation's health.
func healthEvent(a *api.AllocationListStub) string {
	var text string
	var at int64
	for _, st := range a.TaskStates {
		if st == nil {
			continue
		}
		for _, e := range st.Events {
			if e.Type == allocUnhealthy && e.Time >= at && (e.Time > at || e.DisplayMessage < text) {
				text, at = e.DisplayMessage, e.Time
			}
		}
	}
	if text == "" {
		return "Nomad says unhealthy"
	}
	return text
}

// failure is why an allocation failed: its first failed task with how that ended.
func failure(a *api.AllocationListStub, tasks []Task) string {
	if t := failedTask(a, tasks); t != nil {
		return fmt.Sprintf("task %s failed: %s", t.Name, ended(a.TaskStates[t.Name]))
	}
	if a.ClientDescription != "" {
		return a.ClientDescription
	}
	return "it failed"
}

// failedTask is the task whose fault it is, or nil. A task that only fell with its sibling is not.
func failedTask(a *api.AllocationListStub, tasks []Task) *Task {
	var found *Task
	for i, t := range tasks {
		if !t.Failed {
			continue
		}
		sibling := slices.ContainsFunc(a.TaskStates[t.Name].Events, func(e *api.TaskEvent) bool { return e.Type == api.TaskSiblingFailed })
		if !sibling {
			return &tasks[i]
		}
		if found == nil {
			found = &tasks[i]
		}
	}
	return found
}

// FailedTask names the task of an allocation whose fault its failure is, with how it ended; false when none failed.
func FailedTask(a *api.AllocationListStub, tg *api.TaskGroup) (Task, bool) {
	t := failedTask(a, tasksOf(a, tg))
	if t == nil {
		return Task{}, false
	}
	return *t, true
}

// ended is how a task's last run ended, for people.
func ended(st *api.TaskState) string {
	for _, e := range slices.Backward(st.Events) {
		if e.Type != api.TaskTerminated {
			continue
		}
		if e.Details["oom_killed"] == "true" {
			return "out of memory, killed (resources.memory is too small)"
		}
		if code := exitCode(st); code != 0 {
			return fmt.Sprintf("exit code %d", code)
		}
		break
	}
	if cause := Cause(st); cause != "" {
		return cause
	}
	return "it ended"
}

func restarting(t Task, st *api.TaskState) string {
	return fmt.Sprintf("task %s: %s; restart %d", t.Name, ended(st), t.Restarts)
}

func starting(t Task, st *api.TaskState) string {
	if st == nil || len(st.Events) == 0 {
		return "task " + t.Name + " waits for its turn"
	}
	return "task " + t.Name + ": " + t.Event
}

// prestart tells about an instance whose gate and migration are not done, and returns "" for every other.
func (g *group) prestart(a *api.AllocationListStub, tasks []Task) (State, string) {
	i := slices.IndexFunc(tasks, func(t Task) bool { return t.Name == spec.PrepareTask })
	if i < 0 || tasks[i].State == "dead" {
		return "", ""
	}
	t, p := tasks[i], g.facts.Progress[a.ID]
	if t.State == "pending" {
		if t.Restarts > 0 {
			return Waiting, join(restarting(t, a.TaskStates[t.Name]), progressReason(p))
		}
		return Starting, starting(t, a.TaskStates[t.Name])
	}
	if p == nil {
		return Waiting, join("its gate starts", g.before(a))
	}
	switch p.Phase {
	case spec.PhaseMigrating:
		return Migrating, join(progressReason(p), g.before(a))
	case spec.PhaseFailed:
		return Waiting, "prepare failed: " + p.Reason
	case spec.PhaseDone:
		return Starting, "its gate is open"
	}
	return Waiting, join(progressReason(p), g.before(a))
}

// progressReason is the prestart task's own word, or the first condition that does not hold.
func progressReason(p *spec.Progress) string {
	if p == nil {
		return ""
	}
	if p.Reason != "" {
		return p.Reason
	}
	for _, c := range p.Conditions {
		if !c.Ready {
			return "waiting for " + c.Name + ": " + c.Reason
		}
	}
	return ""
}

// PrestartTask is the task that runs and that the group's main tasks wait for, or "".
func PrestartTask(a *api.AllocationListStub, tg *api.TaskGroup) string {
	for _, t := range tg.Tasks {
		st := a.TaskStates[t.Name]
		if l := t.Lifecycle; l != nil && l.Hook == api.TaskLifecycleHookPrestart && !l.Sidecar && st != nil && st.State == "running" {
			return t.Name
		}
	}
	return ""
}

// afterEnd says whether a task is one that starts only when the others have ended.
func afterEnd(tg *api.TaskGroup, name string) bool {
	for _, t := range tg.Tasks {
		if t.Name == name {
			return t.Lifecycle != nil && t.Lifecycle.Hook == api.TaskLifecycleHookPoststop
		}
	}
	return false
}

// Tasks lists an allocation's tasks: in the group's order, then those that Nomad added.
func Tasks(a *api.AllocationListStub, tg *api.TaskGroup) []Task { return tasksOf(a, tg) }
