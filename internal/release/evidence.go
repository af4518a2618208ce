package release

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/status"
)

const (
	logBytes = 8 << 10
	logLines = 20
)

// failures collects the evidence about tiers ("job/tier"), in the stack's order. It works also when the run was
// interrupted.
func (j *judge) failures(ctx context.Context, o status.Observation, tiers []status.Tier, names []string) []Failure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpWithin)
	defer cancel()
	var out []Failure
	for _, t := range tiers {
		if !slices.Contains(names, t.Job+"/"+t.Name) {
			continue
		}
		for i, job := range j.run.jobs {
			if job.ID == t.Job {
				out = append(out, j.run.secret.failure(j.failure(ctx, job, o.Jobs[i], t)))
			}
		}
	}
	return out
}

func (j *judge) failure(ctx context.Context, job *planned, f status.JobFacts, t status.Tier) Failure {
	out := Failure{Tier: t.Name, Job: t.Job, Reason: t.Reason}
	if f.Job == nil {
		return out
	}
	tg := job.api.LookupTaskGroup(t.Name)
	alloc := suspect(f.Allocs, t, job.version)
	if alloc == nil || tg == nil {
		return out
	}
	out.Alloc, out.Node = alloc.ID, alloc.NodeName
	if task, ok := guilty(alloc, tg); ok {
		out.Task, out.ExitCode, out.Event = task.Name, task.ExitCode, status.Cause(alloc.TaskStates[task.Name])
		out.Logs = j.run.logs(ctx, alloc.ID, task.Name)
	}
	if checks := j.checks[alloc.ID]; len(checks) > 0 && (out.Task == "" || checks[0].Output != "") { // what never ran could not pass
		out.Check, out.Output = checks[0].Name, strings.TrimSpace(checks[0].Output)
		if out.Task == "" {
			if task := mainTask(tg); task != "" {
				out.Logs = j.run.logs(ctx, alloc.ID, task)
			}
		}
	}
	if t.State == status.Healthy || out.Reason == "" { // the version that failed is no longer the one that is shown
		out.Reason = reasonOf(out)
	}
	return out
}

func reasonOf(f Failure) string {
	switch {
	case f.Task != "":
		return "task " + f.Task + " failed: " + f.Event
	case f.Check != "":
		return "check " + f.Check + " did not pass"
	}
	return "its deployment failed"
}

// suspect is the allocation of a version that tells most about a tier's failure, or nil when none was placed.
func suspect(allocs []*api.AllocationListStub, t status.Tier, version uint64) *api.AllocationListStub {
	var best *api.AllocationListStub
	bestScore := -1
	for _, a := range allocs {
		if a.TaskGroup != t.Name || a.JobVersion != version {
			continue
		}
		if s := suspicion(a); s > bestScore || (s == bestScore && a.CreateIndex > best.CreateIndex) {
			best, bestScore = a, s
		}
	}
	return best
}

// suspicion weighs how much an allocation has to say.
func suspicion(a *api.AllocationListStub) int {
	restarted := false
	for _, st := range a.TaskStates {
		if st == nil {
			continue
		}
		if st.Failed {
			return 4
		}
		restarted = restarted || st.Restarts > 0
	}
	switch {
	case restarted:
		return 3
	case a.DeploymentStatus != nil && a.DeploymentStatus.Healthy != nil && !*a.DeploymentStatus.Healthy:
		return 2
	case a.DesiredStatus == api.AllocDesiredStatusRun:
		return 1
	}
	return 0
}

// guilty is the task to blame: one that failed, or was restarted, or the gate or other prestart task that has not ended.
func guilty(a *api.AllocationListStub, tg *api.TaskGroup) (status.Task, bool) {
	if t, ok := status.FailedTask(a, tg); ok {
		return t, true
	}
	for _, t := range status.Tasks(a, tg) {
		if t.Restarts > 0 && t.ExitCode != 0 {
			return t, true
		}
	}
	for _, t := range status.Tasks(a, tg) {
		if t.Name == spec.PrepareTask && t.State != "dead" {
			return t, true
		}
	}
	for _, t := range status.Tasks(a, tg) {
		if t.Name == status.PrestartTask(a, tg) {
			return t, true
		}
	}
	return status.Task{}, false
}

// mainTask is the group's first task without a lifecycle.
func mainTask(tg *api.TaskGroup) string {
	for _, t := range tg.Tasks {
		if t.Lifecycle == nil {
			return t.Name
		}
	}
	return ""
}

// logs are the last lines of a task: standard error, and standard output too, each marked where both have something.
func (r *run) logs(ctx context.Context, alloc, task string) []string {
	stderr, stdout := r.tail(ctx, alloc, task, "stderr"), r.tail(ctx, alloc, task, "stdout")
	switch {
	case len(stdout) == 0:
		return stderr
	case len(stderr) == 0:
		return stdout
	}
	var out []string
	for _, l := range last(stdout, logLines/2) {
		out = append(out, "stdout: "+l)
	}
	for _, l := range last(stderr, logLines/2) {
		out = append(out, "stderr: "+l)
	}
	return out
}

// tail is empty where the log cannot be read: missing evidence must not hide the failure itself.
func (r *run) tail(ctx context.Context, alloc, task, stream string) []string {
	text, err := r.deps.Nomad.LogTail(ctx, alloc, task, stream, logBytes)
	if err != nil {
		r.say(Warn, "", "%v", err)
	}
	text = strings.Trim(text, "\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	if len(text) >= logBytes-1 && len(lines) > 1 {
		lines = lines[1:] // cut in the middle
	}
	return last(lines, logLines)
}

func last(list []string, n int) []string { return list[max(0, len(list)-n):] }
