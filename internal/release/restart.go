package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// RestartOptions say which tiers of a release are restarted.
type RestartOptions struct {
	Release   string
	Namespace string
	Tiers     []string // as in Target; none: all
	Timeout   time.Duration
}

// Operator acts on what runs.
type Operator interface {
	// RestartAlloc restarts an allocation's running tasks in place; those that have ended, such as the prestart task, stay so.
	RestartAlloc(ctx context.Context, alloc string) error
	// Exec runs a command in a task's environment until it ends, and returns its exit code.
	Exec(ctx context.Context, at Place, s Session) (int, error)
	// DeleteVolume deletes a dynamic host volume with its data.
	DeleteVolume(ctx context.Context, id string) error
}

// Restart restarts the instances of tiers, one after the other: each is healthy again before the next one's turn.
func (e *Engine) Restart(ctx context.Context, opt RestartOptions, obs Observer) (*Result, error) {
	r := &restart{run: run{verb: verb{deps: e.deps, obs: obs, began: e.deps.Now()}}, opt: opt}
	r.res = &Result{Release: opt.Release, Namespace: opt.Namespace}
	return r.finish(ctx, opt.Timeout, r.do)
}

// restart is one rolling restart. Its jobs are those that have a tier to be restarted.
type restart struct {
	run
	opt     RestartOptions
	targets []*target // in the order of their turns
	w       *watching
	turn    *instanceTurn // whose turn it is
	left    []string      // names of those whose turn has not come
}

// instanceTurn is one instance that is being restarted.
type instanceTurn struct {
	target *target
	alloc  string
	name   string
	before map[string]time.Time // when each task that ran was started
	checks int                  // that Consul had of it
	until  time.Time            // when it is to be healthy
}

func (r *restart) do(ctx context.Context) error {
	r.enter(PhasePlan, "looking for the tiers of release %s", r.opt.Release)
	if err := r.reach(ctx); err != nil {
		return err
	}
	if err := r.find(ctx); err != nil {
		return err
	}
	return r.locked(ctx, r.opt.Release, func(ctx context.Context) error { return r.explained(ctx, r.roll(ctx)) })
}

// find resolves the tiers. Those that can only be run anew are refused when they were named, and else left alone.
func (r *restart) find(ctx context.Context) error {
	tiers, err := r.tiers(ctx, r.opt.Release)
	if err != nil {
		return err
	}
	p := problems{outcome: Refused}
	for _, word := range r.opt.Tiers {
		if !slices.ContainsFunc(tiers, func(t *target) bool { return named(word, r.opt.Release, t.job.ID, t.group) }) {
			p.add(nameHint(word, "its tiers", tierNames(tiers)), "release %s has no tier %q", r.opt.Release, word)
		}
	}
	for _, t := range inOrder(tiers) {
		wanted := slices.ContainsFunc(r.opt.Tiers, func(word string) bool { return named(word, r.opt.Release, t.job.ID, t.group) })
		why, hint := unrestartable(t.job.before, t.group)
		switch {
		case !wanted && len(r.opt.Tiers) > 0:
		case why == "":
			r.targets = append(r.targets, t)
			if !slices.Contains(r.jobs, t.job) {
				r.jobs = append(r.jobs, t.job)
			}
		case wanted:
			p.add(hint, "%s", why)
		default:
			r.say(Info, t.job.ID, "%s", why)
		}
	}
	if len(p.list) == 0 && len(r.targets) == 0 {
		p.add("packctl run brings the release back", "nothing of release %s can be restarted", r.opt.Release)
	}
	return p.err()
}

// inOrder puts tiers that others wait for before those that wait.
func inOrder(tiers []*target) []*target {
	var jobs []*api.Job
	for _, t := range tiers {
		if !slices.Contains(jobs, t.job.before) {
			jobs = append(jobs, t.job.before)
		}
	}
	turn := map[string]int{}
	waves := stopOrder(jobs)
	for i, wave := range waves {
		for _, id := range wave {
			turn[id] = len(waves) - i
		}
	}
	tiers = slices.Clone(tiers)
	slices.SortStableFunc(tiers, func(a, b *target) int { return cmp.Compare(turn[a.job.ID], turn[b.job.ID]) })
	return tiers
}

// unrestartable is why a tier's instances cannot be restarted, and the way out, or "".
func unrestartable(job *api.Job, group string) (why, hint string) {
	switch {
	case value(job.Stop):
		return fmt.Sprintf("tier %s is not restarted: job %s is stopped", group, value(job.ID)), "packctl run brings the release back"
	case launches(job) || value(job.Type) == api.JobTypeBatch || value(job.Type) == api.JobTypeSysbatch:
		return fmt.Sprintf("tier %s is not restarted: job %s is batch work, which would begin anew", group, value(job.ID)),
			"nomad job periodic force or nomad job dispatch starts a run of its own"
	}
	return "", ""
}

// roll restarts instance after instance.
func (r *restart) roll(ctx context.Context) error {
	r.phase = PhaseRestart
	jobs := make([]watched, len(r.jobs))
	specs := make([]*api.Job, len(r.jobs))
	for i, j := range r.jobs {
		jobs[i].id, specs[i] = j.ID, j.before
	}
	r.w = r.watch(ctx, jobs, servicesOf(specs))
	defer r.w.close()
	r.w.only = func(s status.Tier) bool {
		return slices.ContainsFunc(r.targets, func(t *target) bool { return t.job.ID == s.Job && t.group == s.Name })
	}
	o, _, err := r.w.next(ctx)
	if err != nil {
		return err
	}
	turns, err := r.turns(o)
	if err != nil {
		return err
	}
	for i, turn := range turns {
		r.turn, r.left = turn, nil
		for _, t := range turns[i+1:] {
			r.left = append(r.left, t.name)
		}
		if err := r.one(ctx); err != nil {
			return err
		}
	}
	r.turn = nil
	return nil
}

// turns are the instances that run now, in the order in which they are restarted.
func (r *restart) turns(o status.Observation) ([]*instanceTurn, error) {
	var out []*instanceTurn
	for _, t := range r.targets {
		f := o.Jobs[slices.Index(r.jobs, t.job)]
		if f.Deployment != nil && status.Active(f.Deployment) {
			return nil, &Error{Outcome: Conflict, Err: fmt.Errorf("job %s has a deployment that has not ended (%s)", t.job.ID, f.Deployment.StatusDescription),
				Hint: "packctl status " + r.opt.Release + " --watch shows it; nomad deployment fail " + f.Deployment.ID[:min(8, len(f.Deployment.ID))] + " ends it now"}
		}
		allocs := slices.Clone(f.Allocs)
		slices.SortFunc(allocs, func(a, b *api.AllocationListStub) int {
			return cmp.Or(cmp.Compare(status.Index(a.Name), status.Index(b.Name)), cmp.Compare(a.NodeName, b.NodeName))
		})
		for _, a := range allocs {
			if a.TaskGroup == t.group && a.DesiredStatus == api.AllocDesiredStatusRun && a.ClientStatus == api.AllocClientStatusRunning {
				out = append(out, &instanceTurn{target: t, alloc: a.ID, name: fmt.Sprintf("%s[%d]", t.group, status.Index(a.Name))})
			}
		}
	}
	if len(out) == 0 {
		return nil, &Error{Outcome: Refused, Err: errors.New("no instance runs that could be restarted"), Hint: "packctl status " + r.opt.Release + " shows what there is"}
	}
	return out, nil
}

// one restarts the instance whose turn it is and returns when it is healthy again.
func (r *restart) one(ctx context.Context) error {
	asked := false
	j := newJudge(&r.run)
	for {
		o, tiers, err := r.w.next(ctx)
		if err != nil {
			return err
		}
		j.remember(o)
		f := o.Jobs[slices.Index(r.jobs, r.turn.target.job)]
		i := slices.IndexFunc(f.Allocs, func(a *api.AllocationListStub) bool { return a.ID == r.turn.alloc })
		gone := i < 0 || f.Allocs[i].ClientStatus != api.AllocClientStatusRunning && f.Allocs[i].ClientStatus != api.AllocClientStatusPending
		switch {
		case gone && !asked:
			r.say(Warn, r.turn.target.job.ID, "%s has ended meanwhile and is not restarted", r.turn.name)
			return nil
		case gone:
			return r.lost(ctx, j, o, tiers, "ended instead of becoming healthy again")
		case !asked:
			asked = true
			if err := r.ask(ctx, &f, f.Allocs[i]); err != nil {
				return err
			}
		case r.back(tiers, f.Allocs[i]):
			r.res.Restarted = append(r.res.Restarted, r.turn.name)
			r.say(Info, r.turn.target.job.ID, "%s is healthy again", r.turn.name)
			return nil
		case o.Time.After(r.turn.until):
			return r.lost(ctx, j, o, tiers, "is not healthy again in time (healthy_deadline)")
		}
	}
}

// ask notes how the instance is before it is restarted, and restarts it.
func (r *restart) ask(ctx context.Context, f *status.JobFacts, a *api.AllocationListStub) error {
	t := r.turn
	t.before, t.checks = map[string]time.Time{}, len(f.Checks[a.ID])
	for name, st := range a.TaskStates {
		if st != nil && st.State == "running" {
			t.before[name] = st.StartedAt
		}
	}
	t.until = r.deps.Now().Add(patience(t.target.job.before.LookupTaskGroup(t.target.group)))
	r.say(Info, t.target.job.ID, "restarting %s (allocation %s)", t.name, a.ID[:min(8, len(a.ID))])
	return r.deps.Nomad.RestartAlloc(ctx, a.ID)
}

// Nomad's own defaults.
const (
	defaultHealthyDeadline = 5 * time.Minute
	defaultKillTimeout     = 5 * time.Second
)

// patience is how long an instance may take to end and to be healthy again.
func patience(tg *api.TaskGroup) time.Duration {
	deadline, kill := defaultHealthyDeadline, time.Duration(0)
	if tg.Update != nil && tg.Update.HealthyDeadline != nil {
		deadline = *tg.Update.HealthyDeadline
	}
	for _, t := range tg.Tasks {
		own := defaultKillTimeout
		if t.KillTimeout != nil {
			own = *t.KillTimeout
		}
		kill = max(kill, own+t.ShutdownDelay)
	}
	return deadline + kill + value(tg.ShutdownDelay)
}

// back says whether every task that ran was started anew and the instance is healthy, with all the checks that it had.
func (r *restart) back(tiers []status.Tier, a *api.AllocationListStub) bool {
	for name, was := range r.turn.before {
		st := a.TaskStates[name]
		if st == nil || st.State != "running" || !st.StartedAt.After(was) {
			return false
		}
	}
	for _, t := range tiers {
		if t.Job != r.turn.target.job.ID || t.Name != r.turn.target.group {
			continue
		}
		for _, in := range t.Instances {
			if in.Alloc == a.ID {
				return in.State == status.Healthy && len(in.Checks) >= r.turn.checks
			}
		}
	}
	return false
}

// lost ends the verb with the evidence about the instance that did not come back.
func (r *restart) lost(ctx context.Context, j *judge, o status.Observation, tiers []status.Tier, how string) error {
	t := r.turn.target
	r.res.Failures = j.failures(ctx, o, tiers, []string{t.name()})
	return &Error{Outcome: Failed, Err: fmt.Errorf("%s %s", r.turn.name, how), Hint: r.untouched()}
}

func (r *restart) untouched() string {
	if len(r.left) == 0 {
		return "it was the last one; packctl logs " + r.opt.Release + " " + r.turn.target.group + " has more"
	}
	return "the others were left as they are: " + strings.Join(r.left, ", ")
}

// explained says of a restart that ended early how far it came.
func (r *restart) explained(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	out := r.classify(ctx, err)
	if out.Outcome != Interrupted && out.Outcome != TimedOut {
		return out
	}
	switch {
	case r.turn == nil || r.turn.before == nil && len(r.res.Restarted) == 0:
		out.Hint = "nothing was restarted"
	case r.turn.before == nil:
		out.Hint = "not restarted: " + strings.Join(append([]string{r.turn.name}, r.left...), ", ")
	case len(r.left) == 0:
		out.Hint = r.turn.name + " goes on by itself; packctl status " + r.opt.Release + " shows how it is"
	default:
		out.Hint = r.turn.name + " goes on by itself; not restarted: " + strings.Join(r.left, ", ")
	}
	return out
}
