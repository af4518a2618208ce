package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
)

// backWithin bounds going back where the person gave no time: what has no deadline of its own could hold it up for ever.
const backWithin = 30 * time.Minute

// goBack undoes a run that failed: every job goes back to the last healthy revision, under the same lock, and what is new is
// stopped. Data stays. It goes on when the person has interrupted the run, or its time is over; the error that it
// returns says what was wrong, and how it all stands now.
func (r *run) goBack(ctx context.Context, cause error) error {
	failed := r.classify(ctx, cause)
	if len(r.res.Submitted)+len(r.res.Stopped) == 0 && !r.history.halted {
		return failed
	}
	switch failed.Outcome {
	case Failed, Reverted, TimedOut, Interrupted:
	default: // somebody else is at work, or nobody answers
		out := *failed
		out.Hint = strings.TrimPrefix(out.Hint+"\nnothing was rolled back; packctl rollback "+r.manifest.Release.Name+" does so", "\n")
		return &out
	}
	back, cancel := r.withoutPerson(ctx)
	defer cancel()
	base, err := r.base(back)
	if err == nil {
		if base == nil {
			err = r.stopAll(back)
		} else {
			err = r.returnTo(back, base)
		}
	}
	if err != nil {
		return r.stranded(back, failed, base, err)
	}
	where := "no earlier revision was healthy, so its jobs are stopped"
	if base != nil {
		where, r.history.now.Back = fmt.Sprintf("every job is back at revision %d", base.Number), base.Number
	}
	return &Error{Outcome: RolledBack, Err: fmt.Errorf("%w\nrolled back: %s; data, volumes and credentials stay as they are", failed.Err, where),
		Hint: "mend it and run again"}
}

// withoutPerson is a context that neither the person nor the run's time ends, but the loss of the lock does.
func (r *run) withoutPerson(ctx context.Context) (context.Context, context.CancelFunc) {
	within := backWithin
	if r.opt.Timeout > 0 {
		within = max(r.opt.Timeout, cleanUpWithin)
	}
	back, stop := context.WithTimeoutCause(context.WithoutCancel(ctx), within, errTimedOut)
	back, lose := context.WithCancelCause(back)
	if r.lost != nil {
		go func() {
			select {
			case <-r.lost:
				lose(errLockLost)
			case <-back.Done():
			}
		}()
	}
	return back, func() { lose(nil); stop() }
}

// base is the last healthy revision before this one, or nil.
func (r *run) base(ctx context.Context) (*Revision, error) {
	list, err := r.revisions(ctx)
	if err != nil {
		return nil, err
	}
	return lastHealthy(list, r.history.now.Number), nil
}

// returnTo makes the release as a revision has it.
func (r *run) returnTo(ctx context.Context, base *Revision) error {
	r.enter(PhaseRollback, "going back to revision %d", base.Number)
	m, err := r.history.records.manifest(ctx, base)
	if err != nil {
		return err
	}
	if r.only != nil { // the others are not this run's
		m.Jobs = slices.DeleteFunc(m.Jobs, func(j Job) bool { return r.job(j.ID) == nil })
	}
	b := &run{verb: r.verb, manifest: m, opt: RunOptions{Version: r.opt.Version, Prune: true, AutoPromote: true}}
	b.res = &Result{}
	defer func() { // what the release looks like now, whatever the run saw last
		r.res.Tiers = b.res.Tiers
		r.res.Stopped = append(r.res.Stopped, b.res.Stopped...)
	}()
	if _, err := b.plan(ctx); err != nil {
		return err
	}
	broken := brokenJobs(r.res.Tiers)
	for _, f := range r.res.Failures {
		broken[f.Job] = true
	}
	b.backwards(broken)
	if err := b.credentials(ctx); err != nil {
		return err
	}
	if err := b.restore(ctx); err != nil {
		return err
	}
	b.orphans = slices.DeleteFunc(b.orphans, func(id string) bool { return r.job(id) == nil }) // what this run did not make stays
	return b.prune(ctx)
}

// stopAll stops every job that this run submitted, front first.
func (r *run) stopAll(ctx context.Context) error {
	r.enter(PhaseRollback, "no earlier revision was healthy: stopping its jobs")
	s := &stop{verb: r.verb, opt: StopOptions{Release: r.manifest.Release.Name}}
	s.res = &Result{}
	var listed []*api.JobListStub
	for _, job := range r.jobs {
		listed = append(listed, &api.JobListStub{ID: job.ID})
	}
	err := s.waves(ctx, listed)
	r.res.Stopped = append(r.res.Stopped, s.res.Stopped...)
	if s.res.Tiers != nil {
		r.res.Tiers = s.res.Tiers
	}
	return err
}

// stranded says of a release that could be brought neither forwards nor back how each job stands.
func (r *run) stranded(ctx context.Context, failed *Error, base *Revision, why error) error {
	out := r.classify(ctx, why)
	text := []string{failed.Err.Error(), "going back failed too: " + out.Err.Error()}
	clean, done := context.WithTimeout(context.WithoutCancel(ctx), cleanUpWithin)
	defer done()
	lines, err := r.standing(clean, base)
	if err != nil {
		lines = []string{fmt.Sprintf("how the jobs stand could not be read: %v", err)}
	}
	return &Error{Outcome: Failed, Err: errors.New(strings.Join(append(text, lines...), "\n")),
		Hint: "mend it and run again, or packctl rollback " + r.manifest.Release.Name + "; packctl status " + r.manifest.Release.Name + " shows every tier"}
}

// standing says of each job which revision's it is.
func (r *run) standing(ctx context.Context, base *Revision) ([]string, error) {
	var old *Manifest
	ids := map[string]bool{}
	for _, j := range r.manifest.Jobs {
		ids[j.ID] = true
	}
	if base != nil {
		m, err := r.history.records.manifest(ctx, base)
		if err != nil {
			return nil, err
		}
		old = m
		for _, j := range m.Jobs {
			ids[j.ID] = true
		}
	}
	var out []string
	for _, id := range sorted(ids) {
		how, err := r.standingOf(ctx, id, base, old)
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprintf("job %s %s", id, how))
	}
	return out, nil
}

func (r *run) standingOf(ctx context.Context, id string, base *Revision, old *Manifest) (string, error) {
	job, err := r.deps.Nomad.Job(ctx, id)
	switch {
	case err != nil:
		return "", err
	case job == nil:
		return "does not exist", nil
	case value(job.Stop):
		return "is stopped", nil
	}
	var as []string
	for _, of := range []struct {
		m      *Manifest
		number int
	}{{old, numberOf(base)}, {r.manifest, numberOf(r.history.now)}} {
		if of.m == nil {
			continue
		}
		for _, j := range of.m.Jobs {
			if j.ID != id {
				continue
			}
			_, same, err := r.asRegistered(ctx, of.m, j)
			if err != nil {
				return "", err
			}
			if same {
				as = append(as, fmt.Sprint(of.number))
			}
		}
	}
	if len(as) == 0 {
		return "is as no revision has it", nil
	}
	return "is as revision " + strings.Join(as, " and ") + " has it", nil
}

func numberOf(r *Revision) int {
	if r == nil {
		return 0
	}
	return r.Number
}
