package release

import (
	"context"
	"fmt"
)

// Rollback brings back an earlier revision: every job of it as it was, but for counts that belong to an autoscaler; jobs that
// it did not have are stopped. It needs no pack, and becomes a new revision.
func (e *Engine) Rollback(ctx context.Context, opt RollbackOptions, obs Observer) (*Result, error) {
	r := &run{
		verb: verb{deps: e.deps, obs: obs, began: e.deps.Now()},
		opt: RunOptions{Version: opt.Version, Timeout: opt.Timeout, Detach: opt.Detach, Prune: true, Atomic: opt.Atomic, AutoPromote: opt.AutoPromote,
			NoHooks: opt.NoHooks, HistoryMax: opt.HistoryMax},
	}
	r.res = &Result{Release: opt.Release, Namespace: opt.Namespace}
	return r.finish(ctx, opt.Timeout, func(ctx context.Context) error { return r.rollback(ctx, opt) })
}

// rollback is the flow of a run whose manifest comes from a record.
func (r *run) rollback(ctx context.Context, opt RollbackOptions) error {
	r.enter(PhasePlan, "looking for the revisions of release %s", opt.Release)
	if err := r.reach(ctx); err != nil {
		return err
	}
	s, list, err := r.told(ctx, opt.Release)
	if err != nil {
		return err
	}
	to, err := rollbackTo(opt, list)
	if err != nil {
		return err
	}
	if r.manifest, err = s.manifest(ctx, to); err != nil {
		return err
	}
	r.history.records, r.history.seen, r.history.restores = s, list[len(list)-1].Number, to
	how := ""
	if to.Outcome != Healthy {
		how = ", which was " + string(to.Outcome)
	}
	r.say(Info, "", "going back to revision %d of %s%s: pack %s %s", to.Number, to.Started.Local().Format("2006-01-02 15:04:05"), how, to.Pack, to.PackVersion)
	if _, err := r.plan(ctx); err != nil {
		return err
	}
	if err := r.planDown(ctx, opt, list); err != nil {
		return err
	}
	broken, err := r.notHealthy(ctx)
	if err != nil {
		return err
	}
	r.backwards(broken)
	return r.locked(ctx, opt.Release, r.underLock)
}

// rollbackTo is the revision that a rollback goes to: the one that was named, or the last healthy one before what is in effect.
func rollbackTo(opt RollbackOptions, list []*Revision) (*Revision, error) {
	if opt.Revision != 0 || len(list) == 0 {
		return choose(opt.Release, list, opt.Revision)
	}
	below := list[len(list)-1].Number + 1
	if now := inEffect(list); now != nil {
		below = now.Number
	}
	if t := lastHealthy(list, below); t != nil {
		return t, nil
	}
	return nil, &Error{Outcome: Refused, Err: fmt.Errorf("release %s has no healthy revision before revision %d", opt.Release, below),
		Hint: "packctl history " + opt.Release + " lists those that there are; any of them can be named: packctl rollback " + opt.Release + " REV"}
}
