package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Promote promotes the canaries of a release that are healthy, watches to the end, and then does what the run left that ended
// with them: its later waves, what it was to stop, its hooks. It needs no pack: the revision holds all that. Where canaries
// wait that are no revision's, they are promoted and watched, and that is all.
func (e *Engine) Promote(ctx context.Context, opt PromoteOptions, obs Observer) (*Result, error) {
	p := &promotion{opt: opt, run: run{
		verb: verb{deps: e.deps, obs: obs, began: e.deps.Now()},
		opt:  RunOptions{Version: opt.Version, Timeout: opt.Timeout, Prune: true, NoHooks: opt.NoHooks, HistoryMax: opt.HistoryMax, promote: map[string]bool{}},
	}}
	p.res = &Result{Release: opt.Release, Namespace: opt.Namespace}
	return p.finish(ctx, opt.Timeout, p.do)
}

// promotion is one promotion in one release.
type promotion struct {
	run
	opt PromoteOptions
}

func (p *promotion) do(ctx context.Context) error {
	p.enter(PhasePlan, "looking for what awaits promotion in release %s", p.opt.Release)
	if err := p.reach(ctx); err != nil {
		return err
	}
	s, list, err := p.told(ctx, p.opt.Release)
	if err != nil {
		return err
	}
	held, jobs, err := p.look(ctx)
	if err != nil {
		return err
	}
	if err := p.choose(held, jobs); err != nil {
		return err
	}
	if len(p.run.opt.promote) == 0 {
		p.say(Info, "", "nothing of release %s awaits promotion", p.opt.Release)
		p.res.Outcome = Unchanged
		return nil
	}
	if n := len(list); n > 0 && list[n-1].Outcome == Awaiting {
		return p.goOn(ctx, s, list)
	}
	return p.alone(ctx, jobs)
}

// look reads once how the release's registered jobs stand, and which of them wait.
func (p *promotion) look(ctx context.Context) (held map[string]*Waiting, jobs []*planned, err error) {
	tiers, err := p.tiers(ctx, p.opt.Release)
	if err != nil {
		return nil, nil, err
	}
	for _, t := range tiers {
		if !value(t.job.before.Stop) && !slices.Contains(jobs, t.job) {
			t.job.index = value(t.job.before.JobModifyIndex)
			jobs = append(jobs, t.job)
		}
	}
	quietly := &run{verb: p.verb, jobs: jobs}
	quietly.obs, quietly.res = nobody{}, &Result{}
	w := quietly.watch(ctx, quietly.watchedJobs(), nil)
	defer w.close()
	o, _, err := w.next(ctx)
	if err != nil {
		return nil, nil, err
	}
	held = map[string]*Waiting{}
	for _, f := range o.Jobs {
		if f.Job != nil {
			if c := canariesOf(f); c != nil {
				held[f.ID] = c
			}
		}
	}
	return held, jobs, nil
}

// choose notes which jobs are promoted, and refuses those that were named and cannot be.
func (p *promotion) choose(held map[string]*Waiting, jobs []*planned) error {
	no := &problems{outcome: Refused}
	var known []string
	for _, job := range jobs {
		known = append(known, job.ID)
	}
	ids := sorted(held)
	if len(p.opt.Jobs) > 0 {
		ids = nil
	}
	for _, word := range p.opt.Jobs {
		switch id := fullID(word, p.opt.Release, known); {
		case id == "":
			no.add(nameHint(word, "its jobs", known), "release %s has no job %q", p.opt.Release, word)
		case held[id] == nil:
			no.add("packctl status "+p.opt.Release+" shows how it stands", "job %s has no canaries that await promotion", id)
		default:
			ids = append(ids, id)
		}
	}
	wait := "packctl status " + p.opt.Release + " --watch shows when they are healthy; nothing was changed"
	var open []string
	for _, id := range ids {
		w := held[id]
		if w.ready() {
			p.run.opt.promote[id] = true
			continue
		}
		open = append(open, fmt.Sprintf("job %s cannot be promoted yet: %s", id, w.counted()))
		if len(p.opt.Jobs) > 0 {
			no.add(wait, "%s", open[len(open)-1])
		}
	}
	if err := no.err(); err != nil {
		return err
	}
	if len(open) > 0 && len(p.run.opt.promote) == 0 {
		return &Error{Outcome: Refused, Err: errors.New(strings.Join(open, "\n")), Hint: wait}
	}
	for _, text := range open {
		p.say(Warn, "", "%s", text)
	}
	return nil
}

// fullID is the ID of the job that a word names, with or without the release's name in front, or "".
func fullID(word, release string, known []string) string {
	for _, id := range []string{word, release + "-" + word} {
		if slices.Contains(known, id) {
			return id
		}
	}
	return ""
}

// goOn finishes the newest revision, which waits for its canaries.
func (p *promotion) goOn(ctx context.Context, s *records, list []*Revision) error {
	rev := list[len(list)-1]
	m, err := s.manifest(ctx, rev)
	if err != nil {
		return err
	}
	p.manifest, p.history.records, p.history.seen = m, s, rev.Number
	for _, r := range list {
		if rev.Restores > 0 && r.Number == rev.Restores {
			p.history.restores = r
		}
	}
	plan, err := p.plan(ctx)
	if err != nil {
		return err
	}
	p.orphans = slices.DeleteFunc(p.orphans, func(id string) bool { return !slices.Contains(rev.Stops, id) })
	var moved []string
	for _, a := range plan.Approvals {
		if a.Kind == ApproveDrift {
			moved = append(moved, "going on "+a.Text)
		}
	}
	if len(moved) > 0 {
		return &Error{Outcome: Conflict, Err: errors.New(strings.Join(moved, "\n")),
			Hint: "look at what they did, then run the pack with -auto-promote, which shows all of it and asks. Nothing was changed"}
	}
	if p.history.restores != nil {
		broken, err := p.notHealthy(ctx)
		if err != nil {
			return err
		}
		p.backwards(broken)
	}
	return p.locked(ctx, p.opt.Release, func(ctx context.Context) error {
		if err := p.settle(ctx); err != nil {
			return err
		}
		if p.history.newest.Outcome != Awaiting {
			return &Error{Outcome: Conflict, Err: fmt.Errorf("revision %d no longer awaits promotion: it is %s", rev.Number, p.history.newest.Outcome),
				Hint: "packctl history " + p.opt.Release + " shows who did what"}
		}
		p.takeUp(p.history.newest)
		return p.conclude(ctx, p.bringUp(ctx))
	})
}

// alone promotes what no revision knows of, and watches it.
func (p *promotion) alone(ctx context.Context, jobs []*planned) error {
	p.manifest = &Manifest{Waves: 1}
	for _, job := range jobs {
		if p.run.opt.promote[job.ID] {
			job.retried = true
			p.jobs = append(p.jobs, job)
			p.manifest.Services = append(p.manifest.Services, registered(job.api)...)
		}
	}
	return p.locked(ctx, p.opt.Release, func(ctx context.Context) error {
		w := p.watch(ctx, p.watchedJobs(), p.manifest.Services)
		defer w.close()
		p.phase = PhaseWatch
		if err := p.await(ctx, w, newJudge(&p.run), 0); err != nil {
			return err
		}
		p.say(Info, "", "release %s has no revision that awaited this; packctl run goes on with what it may lack", p.opt.Release)
		return nil
	})
}
