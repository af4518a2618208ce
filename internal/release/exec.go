package release

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// ExecOptions say where a command is to run.
type ExecOptions struct {
	Release string // empty: the one release that has the tier
	Tier    string // as in Target
	Task    string // empty: the tier's main task
	Index   int    // of the instance; negative: any, a healthy one first
	Session Session
}

// Session is a command with its streams.
type Session struct {
	Command []string
	TTY     bool
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Sizes   <-chan api.TerminalSize // of the terminal; nil without TTY
}

// Place is a task of an allocation.
type Place struct {
	Alloc string
	Task  string
}

// Exec runs a command in a task of a running instance and returns its exit code. An error is an *Error: the command did not
// run, or it is not known how it ended.
func (e *Engine) Exec(ctx context.Context, opt ExecOptions) (int, error) {
	x := &execution{verb: verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}, opt: opt}
	at, err := x.place(ctx)
	code := 0
	if err == nil {
		code, err = e.deps.Nomad.Exec(ctx, at, opt.Session)
	}
	if err == nil {
		return code, nil
	}
	out := x.classify(ctx, err)
	if out.Outcome == Interrupted {
		out.Hint = ""
	}
	return 0, out
}

// execution is one search for the place of a command.
type execution struct {
	verb
	opt ExecOptions
}

func (x *execution) place(ctx context.Context) (Place, error) {
	name, err := x.release(ctx)
	if err != nil {
		return Place{}, err
	}
	tiers, err := x.tiers(ctx, name)
	if err != nil {
		return Place{}, err
	}
	t, err := theTier(name, x.opt.Tier, tiers)
	if err != nil {
		return Place{}, err
	}
	task, err := theTask(t.job.before.LookupTaskGroup(t.group), x.opt.Task)
	if err != nil {
		return Place{}, err
	}
	allocs, _, err := x.deps.Nomad.Allocs(ctx, []string{t.job.ID}, 0)
	if err != nil {
		return Place{}, err
	}
	return x.instance(t, task, allocs)
}

// release finds the one release that has the tier, when none was named.
func (x *execution) release(ctx context.Context) (string, error) {
	if x.opt.Release != "" {
		return x.opt.Release, nil
	}
	jobs, err := x.deps.Nomad.ReleaseTiers(ctx)
	if err != nil {
		return "", err
	}
	var have, known []string
	for _, name := range sorted(jobs) {
		for _, tier := range jobs[name] {
			_, group, _ := strings.Cut(tier, "/")
			known = append(known, group)
			if job, _, _ := strings.Cut(tier, "/"); named(x.opt.Tier, name, job, group) && !slices.Contains(have, name) {
				have = append(have, name)
			}
		}
	}
	switch len(have) {
	case 1:
		return have[0], nil
	case 0:
		slices.Sort(known)
		return "", &Error{Outcome: Refused, Err: fmt.Errorf("no release in this namespace has a tier %q", x.opt.Tier),
			Hint: nameHint(x.opt.Tier, "the tiers that there are", slices.Compact(known))}
	}
	return "", &Error{Outcome: Refused, Err: fmt.Errorf("%d releases have a tier %q: %s", len(have), x.opt.Tier, strings.Join(have, ", ")),
		Hint: "name the release too: packctl exec " + have[0] + " " + x.opt.Tier + " -- …"}
}

// theTier is the tier of a release that a person named; a stopped job counts only when no other has it.
func theTier(release, word string, tiers []*target) (*target, error) {
	var found []*target
	for _, t := range tiers {
		if named(word, release, t.job.ID, t.group) && !value(t.job.before.Stop) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, &Error{Outcome: Refused, Err: fmt.Errorf("release %s has no tier %q that runs", release, word), Hint: nameHint(word, "its tiers", tierNames(tiers))}
	}
	return nil, &Error{Outcome: Refused, Err: fmt.Errorf("%d jobs of release %s have a tier %q", len(found), release, word),
		Hint: "name its job too: " + found[0].name() + " or " + found[1].name()}
}

// theTask is the task that was named, or the tier's first that is none of its helpers.
func theTask(tg *api.TaskGroup, word string) (string, error) {
	var names []string
	for _, t := range tg.Tasks {
		names = append(names, t.Name)
	}
	switch {
	case word == "":
		return cmp.Or(mainTask(tg), names[0]), nil
	case slices.Contains(names, word):
		return word, nil
	}
	return "", &Error{Outcome: Refused, Err: fmt.Errorf("tier %s has no task %q", value(tg.Name), word), Hint: nameHint(word, "its tasks", names)}
}

// instance picks a running allocation whose task runs: the newest version's before another's, a healthy one before one
// that is not, then by index.
func (x *execution) instance(t *target, task string, allocs []*api.AllocationListStub) (Place, error) {
	var fit []*api.AllocationListStub
	var indexes []string
	for _, a := range allocs {
		if a.TaskGroup != t.group || a.ClientStatus != api.AllocClientStatusRunning {
			continue
		}
		indexes = append(indexes, fmt.Sprint(status.Index(a.Name)))
		st := a.TaskStates[task]
		if (x.opt.Index < 0 || status.Index(a.Name) == x.opt.Index) && st != nil && st.State == "running" {
			fit = append(fit, a)
		}
	}
	slices.Sort(indexes)
	if len(fit) == 0 {
		hint := "packctl status shows what there is"
		if x.opt.Index >= 0 && len(indexes) > 0 {
			hint = "the instances that run: " + strings.Join(indexes, ", ")
		}
		return Place{}, &Error{Outcome: Refused, Err: fmt.Errorf("no instance of tier %s runs whose task %s could take a command", t.group, task), Hint: hint}
	}
	best := slices.MinFunc(fit, func(a, b *api.AllocationListStub) int {
		return cmp.Or(cmp.Compare(b.JobVersion, a.JobVersion), cmp.Compare(illness(a), illness(b)), cmp.Compare(status.Index(a.Name), status.Index(b.Name)))
	})
	return Place{Alloc: best.ID, Task: task}, nil
}

// illness is 0 for an allocation that its deployment found healthy, or that none has judged and all of whose tasks are well.
func illness(a *api.AllocationListStub) int {
	if d := a.DeploymentStatus; d != nil && d.Healthy != nil && !*d.Healthy {
		return 2
	}
	for _, st := range a.TaskStates {
		if st != nil && (st.Failed || st.State == "pending") {
			return 1
		}
	}
	return 0
}
