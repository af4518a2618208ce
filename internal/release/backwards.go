package release

import (
	"cmp"
	"context"
	"slices"

	"github.com/packctl/packctl/internal/status"
)

// backwards puts the jobs of a run that goes back to an older revision into waves. A run forwards changes a job before those
// that wait for it: while it lasts, the older front uses the newer back. Going back has to pass through the same states, so a
// job goes back before what it uses, as long as that serves. What does not run, or is broken, goes first: nothing that
// needs it could become healthy. Jobs that do not change come last, where their health is judged.
func (r *run) backwards(broken map[string]bool) {
	before := edges(r.jobs, broken)
	left := map[string]*planned{}
	for _, job := range r.jobs {
		if job.changed {
			left[job.ID] = job
		}
	}
	wave := 0
	for ; len(left) > 0; wave++ {
		var free []*planned
		for _, job := range left {
			if !slices.ContainsFunc(before[job.ID], func(id string) bool { return left[id] != nil }) {
				free = append(free, job)
			}
		}
		if len(free) == 0 { // a circle: as a run forwards would
			first := slices.MinFunc(values(left), func(a, b *planned) int { return cmp.Or(cmp.Compare(a.Wave, b.Wave), cmp.Compare(a.ID, b.ID)) })
			free = append(free, first)
		}
		for _, job := range free {
			delete(left, job.ID)
			job.Wave = wave
		}
	}
	for _, job := range r.jobs {
		if !job.changed {
			job.Wave = wave
		}
	}
	slices.SortFunc(r.jobs, func(a, b *planned) int { return cmp.Or(cmp.Compare(a.Wave, b.Wave), cmp.Compare(a.ID, b.ID)) })
}

func values[V any](m map[string]V) []V {
	var out []V
	for _, key := range sorted(m) {
		out = append(out, m[key])
	}
	return out
}

// edges says of each job that changes which others have to be back before it.
func edges(jobs []*planned, broken map[string]bool) map[string][]string {
	serves := func(job *planned) bool { return job.before != nil && !value(job.before.Stop) && !broken[job.ID] }
	was, is := map[string]*planned{}, map[string]*planned{} // by service: who registers it now, who will
	for _, job := range jobs {
		if job.before != nil {
			for _, s := range registered(job.before) {
				was[s] = job
			}
		}
		for _, s := range registered(job.api) {
			is[s] = job
		}
	}
	before := map[string][]string{}
	add := func(first, then *planned) {
		if first != nil && then != nil && first != then && first.changed && then.changed && !slices.Contains(before[then.ID], first.ID) {
			before[then.ID] = append(before[then.ID], first.ID)
		}
	}
	for _, job := range jobs {
		running := job.before != nil && !value(job.before.Stop)
		for _, s := range awaited(job.api) {
			switch by := is[s]; {
			case by == nil:
			case !serves(by) || was[s] != by:
				add(by, job)
			case running:
				add(job, by)
			}
		}
		if !running {
			continue
		}
		for _, s := range awaited(job.before) {
			if by := was[s]; by != nil && serves(by) {
				add(job, by)
			}
		}
	}
	return before
}

// notHealthy looks once at the jobs of a run as they are registered, and says which are broken.
func (r *run) notHealthy(ctx context.Context) (map[string]bool, error) {
	quietly := &run{verb: r.verb, manifest: r.manifest}
	quietly.obs, quietly.res = nobody{}, &Result{}
	for _, job := range r.jobs {
		if job.before != nil && !value(job.before.Stop) {
			now := *job
			now.api = job.before
			quietly.jobs = append(quietly.jobs, &now)
		}
	}
	if len(quietly.jobs) == 0 {
		return nil, nil
	}
	w := quietly.watch(ctx, quietly.watchedJobs(), r.manifest.Services)
	defer w.close()
	_, tiers, err := w.next(ctx)
	return brokenJobs(tiers), err
}

func brokenJobs(tiers []status.Tier) map[string]bool {
	out := map[string]bool{}
	for _, t := range tiers {
		if t.State != status.Healthy && t.State != status.Complete && t.State != status.Scheduled && t.State != status.Unsubmitted {
			out[t.Job] = true
		}
	}
	return out
}

// restore makes the cluster as an older manifest has it. A wave that does not become healthy may do so once the others are
// back too: then all is looked at again, in the order of a run forwards, and that decides.
func (r *run) restore(ctx context.Context) error {
	err := r.submitAndWatch(ctx)
	if err == nil || ctx.Err() != nil {
		return err
	}
	switch out := r.classify(ctx, err); out.Outcome {
	case Failed, Reverted:
	default:
		return err
	}
	r.say(Warn, "", "not all is healthy yet; going on with the rest: %v", err)
	r.jobs, r.orphans = nil, nil
	if _, err := r.plan(ctx); err != nil {
		return err
	}
	r.res.Failures = nil
	return r.submitAndWatch(ctx)
}
