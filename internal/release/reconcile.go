package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/packctl/packctl/internal/status"
)

// finding is what the cluster shows of a revision that nobody finished.
type finding struct {
	carries []string  // jobs that it was to change and that are as it has them
	lacks   []string  // those that are not
	moved   []string  // of lacks: changed all the same, by Nomad's revert or by somebody
	stopped []string  // that it was to stop and that do not run
	left    []string  // that it was to stop and that run
	healthy bool      // every job of it is as it has it, and healthy
	waiting []Waiting // what is left of it waits for canaries to be promoted, and nothing else is wrong
	why     string    // when it is not
	lost    bool      // its manifest cannot be read
}

// reconcile finds out what became of a revision whose packctl died, or did not watch, and records it. The lock is held.
func (r *run) reconcile(ctx context.Context, old *Revision) error {
	r.phase = PhaseRecord
	f, err := r.find(ctx, r.history.records, old)
	if err != nil {
		return err
	}
	was := old.Outcome
	if f.close(old); was == Awaiting && old.Outcome == was {
		return nil
	}
	old.Ended = r.deps.Now().UTC()
	if err := r.history.records.update(ctx, old); err != nil {
		return err
	}
	r.say(Info, "", "revision %d of %s was left unfinished; it is %s: %s", old.Number, old.Who, old.Outcome, old.Note)
	return nil
}

// close says of a revision what was found.
func (f *finding) close(r *Revision) {
	r.Submitted, r.Stopped = slices.Concat(f.carries, f.moved), f.stopped
	slices.Sort(r.Submitted)
	switch {
	case f.healthy && len(f.left) == 0:
		r.Outcome, r.Note = Healthy, "found healthy afterwards"
	case len(f.waiting) > 0 && len(f.moved) == 0:
		r.Outcome, r.Note = Awaiting, haltNote(f.waiting, f.lacks)
	case !f.lost && len(f.carries)+len(f.moved)+len(f.stopped) == 0:
		r.Outcome, r.Note = Nothing, "no job carries it"
	default:
		r.Outcome, r.Note = Interrupted, f.note()
	}
}

func (f *finding) note() string {
	var parts []string
	for _, p := range []struct {
		list []string
		text string
	}{{f.carries, "submitted: %s"}, {f.moved, "submitted and then taken back or changed: %s"}, {without(f.lacks, f.moved), "not submitted: %s"},
		{f.stopped, "stopped: %s"}, {f.left, "not stopped: %s"}} {
		if len(p.list) > 0 {
			parts = append(parts, fmt.Sprintf(p.text, strings.Join(p.list, ", ")))
		}
	}
	if f.why != "" {
		parts = append(parts, f.why)
	}
	return strings.Join(parts, "; ")
}

func without(list, rest []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(rest, s) })
}

// find compares each job of a revision with what is registered. It only reads.
func (v *verb) find(ctx context.Context, s *records, rev *Revision) (*finding, error) {
	f := &finding{}
	m, err := s.manifest(ctx, rev)
	if fatal(err) {
		return nil, err
	}
	if err != nil { // nobody can compare with it any more, and nothing may stay unfinished for that
		f.lost, f.why = true, err.Error()
		return f, nil
	}
	v.deps.places.learn(m)
	var now []*planned
	all := true
	for _, j := range m.Jobs {
		job, same, err := v.asRegistered(ctx, m, j)
		if err != nil {
			return nil, err
		}
		all = all && same
		if same {
			now = append(now, job)
		}
		was := rev.job(j.ID)
		switch {
		case was == nil || !was.Changed:
		case same:
			f.carries = append(f.carries, j.ID)
		default:
			f.lacks = append(f.lacks, j.ID)
			if job.before != nil && value(job.before.JobModifyIndex) != was.Index {
				f.moved = append(f.moved, j.ID)
			}
		}
	}
	for _, id := range rev.Stops {
		job, err := v.deps.Nomad.Job(ctx, id)
		if err != nil {
			return nil, err
		}
		if job == nil || value(job.Stop) {
			f.stopped = append(f.stopped, id)
		} else {
			f.left = append(f.left, id)
		}
	}
	if len(now) == 0 {
		return f, nil
	}
	good, why, waiting, err := v.standNow(ctx, m, now)
	f.waiting = waiting
	if !all {
		return f, err
	}
	f.healthy, f.why = good, why
	if f.healthy && len(m.hooksOn(rev.After)) > 0 { // they come last, so nobody knows how they ended
		f.healthy, f.why = false, "healthy, but the hooks of "+string(rev.After)+" may not have run"
	}
	return f, err
}

func (r *Revision) job(id string) *RevisionJob {
	for i := range r.Jobs {
		if r.Jobs[i].ID == id {
			return &r.Jobs[i]
		}
	}
	return nil
}

// asRegistered says whether the registered job is the manifest's, whatever the counts and retries are.
func (v *verb) asRegistered(ctx context.Context, m *Manifest, j Job) (*planned, bool, error) {
	before, err := v.deps.Nomad.Job(ctx, j.ID)
	if err != nil {
		return nil, false, err
	}
	job := &planned{Job: j, before: before, changed: true}
	if before == nil || value(before.Stop) || before.Meta[MetaRelease] != m.Release.Name {
		return job, false, nil
	}
	if job.api, err = copyJob(j.Spec); err != nil {
		return nil, false, err
	}
	if m.Release.Namespace != "" && value(job.api.Namespace) == "" {
		job.api.Namespace = &m.Release.Namespace
	}
	for _, tg := range job.api.TaskGroups {
		if old := before.LookupTaskGroup(value(tg.Name)); old != nil && old.Count != nil {
			tg.Count = old.Count
		}
	}
	keepRetries(job.api, before)
	job.index, job.version = value(before.JobModifyIndex), value(before.Version)
	resp, err := v.deps.Nomad.Plan(ctx, job.api)
	if fatal(err) {
		return nil, false, err
	}
	return job, err == nil && !differs(resp.Diff), nil // what Nomad no longer accepts is not what it runs
}

// fatal says whether an error is one of the way to the cluster, after which nothing can be said about it.
func fatal(err error) bool {
	var unreachable FaultUnreachable
	var denied FaultDenied
	return errors.As(err, &unreachable) || errors.As(err, &denied) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// standNow looks once at jobs, and says what is not healthy about them, or which canaries wait where nothing else is wrong.
func (v *verb) standNow(ctx context.Context, m *Manifest, jobs []*planned) (healthy bool, why string, waiting []Waiting, err error) {
	quietly := &run{verb: *v, manifest: m, jobs: jobs}
	quietly.obs, quietly.res = nobody{}, &Result{}
	w := quietly.watch(ctx, quietly.watchedJobs(), m.Services)
	defer w.close()
	o, tiers, err := w.next(ctx)
	if err != nil {
		return false, "", nil, err
	}
	switch verdict := newJudge(quietly).verdict(o, tiers, m.Waves); verdict.kind {
	case allGood:
		return true, "", nil, nil
	case halted:
		waiting = verdict.held
	}
	var bad []string
	for _, t := range tiers {
		if t.State != status.Healthy && t.State != status.Complete && t.State != status.Scheduled {
			bad = append(bad, fmt.Sprintf("tier %s is %s", t.Name, t.State))
		}
	}
	return false, some(bad), waiting, nil
}

// nobody is an observer that is told nothing.
type nobody struct{}

func (nobody) Event(Event) {}
