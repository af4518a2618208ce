package release

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"
)

// run brings the cluster to one manifest.
type run struct {
	verb
	manifest *Manifest
	opt      RunOptions
	jobs     []*planned // as in the manifest
	orphans  []string   // jobs of the release that the manifest no longer has
	only     *subset    // of the release, which the manifest is; nil: it is all of it
	history  history
	known    []string        // values that must not be shown
	missing  map[string]bool // volumes that the run makes
	undriven map[string]bool // drivers that no node can run; "*": no node can take work

	downs      []migration     // of a rollback: what it takes back of the schema
	schemaOwed map[string]bool // by "job/tier": what runs needs its migration again, since an unfinished rollback took it back
}

// planned is one job of the manifest with what the cluster has of it.
type planned struct {
	Job
	api      *api.Job // a copy, with the counts that belong to an autoscaler
	before   *api.Job // as it was registered, or nil
	changed  bool
	moves    map[string]bool // tiers of which allocations come, go or are replaced
	index    uint64          // the modify index that its next registration must find, then the one that it made
	version  uint64          // that it has, once registered
	retried  bool
	once     bool   // it runs once, now: it is a hook or a migration
	adopts   string // whose it is, when it is taken over
	promoted string // the deployment that was promoted
	ended    string // the deployment that was ended because its tiers were hopeless
}

func (p *planned) created() bool { return p.before == nil }

// do is the whole verb. Everything up to the lock only reads.
func (r *run) do(ctx context.Context) error {
	r.enter(PhasePlan, "planning release %s of pack %s", r.manifest.Release.Name, r.manifest.Pack.Name)
	if err := r.reach(ctx); err != nil {
		return err
	}
	if err := r.remember(ctx); err != nil {
		return err
	}
	plan, err := r.planOnly(ctx)
	if err != nil {
		return err
	}
	if err := r.approve(ctx, plan); err != nil {
		return err
	}
	return r.locked(ctx, r.manifest.Release.Name, r.underLock)
}

// underLock records what it is about to do before it does it, and then how it ended.
func (r *run) underLock(ctx context.Context) error {
	if err := r.settle(ctx); err != nil {
		return err
	}
	if err := r.owesSchema(ctx); err != nil {
		return err
	}
	if err := r.resume(); err != nil {
		return err
	}
	if r.changes() {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	err := r.carryOut(ctx)
	if err != nil && r.opt.Atomic && r.history.now != nil && (!r.history.resumed || r.history.halted) {
		err = r.goBack(ctx, err)
	}
	return r.conclude(ctx, err)
}

// carryOut makes the cluster as the manifest has it.
func (r *run) carryOut(ctx context.Context) error {
	if err := r.credentials(ctx); err != nil {
		return err
	}
	if err := r.volumes(ctx); err != nil {
		return err
	}
	if !r.history.halted {
		if err := r.preHooks(ctx); err != nil {
			return err
		}
		migrate := r.migrations
		if r.history.restores != nil {
			migrate = r.takeBack
		}
		if err := migrate(ctx); err != nil {
			return err
		}
	}
	return r.bringUp(ctx)
}

// bringUp submits the waves and watches them, and completes the run.
func (r *run) bringUp(ctx context.Context) error {
	work := r.submitAndWatch
	if r.history.restores != nil {
		work = r.restore
	}
	if err := work(ctx); err != nil {
		return err
	}
	return r.complete(ctx)
}

// complete is what follows when all waves are healthy. Canaries that wait to be promoted come before it.
func (r *run) complete(ctx context.Context) error {
	if len(r.res.Waiting) > 0 {
		r.halt()
		return nil
	}
	if err := r.prune(ctx); err != nil {
		return err
	}
	if err := r.postHooks(ctx); err != nil {
		return err
	}
	if len(r.res.Submitted)+len(r.res.Stopped)+len(r.res.Hooks)+len(r.res.Promoted)+len(r.downs)+len(r.schemaOwed) == 0 && r.res.Outcome == Healthy {
		r.res.Outcome = Unchanged
	}
	return nil
}

// answerWithin is how long the first answer of a cluster may take.
const answerWithin = 15 * time.Second

// reach fails early, and with a clear message, when a cluster does not answer.
func (r *run) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	if _, err := r.deps.Nomad.Nodes(ctx); err != nil {
		return err
	}
	if r.deps.Health == nil {
		return nil
	}
	return r.deps.Health.Ping(ctx)
}

// prune stops what the stack no longer has, when that was asked for, and waits until nothing of it runs.
func (r *run) prune(ctx context.Context) error {
	if len(r.orphans) == 0 {
		return nil
	}
	if !r.opt.Prune {
		return nil
	}
	r.enter(PhaseStop, "stopping what the pack no longer has")
	children, err := r.children(ctx, r.manifest.Release.Name, r.orphans)
	if err != nil {
		return err
	}
	ids := slices.Clone(r.orphans)
	for _, k := range children {
		if runs(k) {
			ids = append(ids, k.ID)
		}
	}
	for _, id := range ids {
		if err := r.begin(ctx); err != nil {
			return err
		}
		if err := r.deps.Nomad.Deregister(ctx, id, false); err != nil {
			return err
		}
		r.res.Stopped = append(r.res.Stopped, id)
		r.say(Info, id, "stopped job %s", id)
	}
	if r.opt.Detach {
		return nil
	}
	s := &stop{verb: r.verb}
	s.res = &Result{} // its tiers are not the release's
	return s.awaitEnd(ctx, ids)
}
