package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/packctl/packctl/internal/status"
)

// submitAndWatch goes through the waves: submits what changed of one, watches until all that was submitted so far is
// healthy, then goes on to the next.
func (r *run) submitAndWatch(ctx context.Context) error {
	w := r.watch(ctx, r.watchedJobs(), r.manifest.Services)
	defer w.close()
	j := newJudge(r)
	for wave := range r.waves() {
		var jobs []*planned
		for _, job := range r.jobs {
			if job.Wave == wave {
				jobs = append(jobs, job)
			}
		}
		if err := r.submit(ctx, jobs); err != nil {
			return err
		}
		if r.opt.Detach {
			continue
		}
		r.phase = PhaseWatch
		if err := r.await(ctx, w, j, wave); err != nil {
			return err
		}
		if len(r.res.Waiting) > 0 {
			return nil
		}
	}
	r.warnOfRuns(j.lastTiers)
	return nil
}

// waves is how many waves the run's jobs are in.
func (r *run) waves() int {
	n := 0
	for _, job := range r.jobs {
		n = max(n, job.Wave+1)
	}
	return n
}

// warnOfRuns mentions the periodic tiers whose runs do not go well: a run does not wait for the next one, and does not fail
// for the last.
func (r *run) warnOfRuns(tiers []status.Tier) {
	for _, t := range tiers {
		if job := r.job(t.Job); job != nil && launches(job.api) && t.State == status.Unhealthy {
			r.say(Warn, t.Job, "tier %s of job %s is %s: %s", t.Name, t.Job, t.State, t.Reason)
		}
	}
}

// submit registers the changed jobs of one wave.
func (r *run) submit(ctx context.Context, jobs []*planned) error {
	for _, job := range jobs {
		if !job.changed && slices.Contains(r.res.Submitted, job.ID) { // on the first way through
			continue
		}
		if !job.changed {
			r.res.Unchanged = append(r.res.Unchanged, job.ID)
			r.phase = PhaseSubmit
			r.say(Info, job.ID, "job %s did not change", job.ID)
			continue
		}
		if err := r.register(ctx, job); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) register(ctx context.Context, job *planned) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	resp, err := r.deps.Nomad.Register(ctx, job.api, job.Source, job.index)
	var moved FaultMoved
	for try := 1; errors.As(err, &moved) && try < countTries; try++ {
		if followed, why := r.followCounts(ctx, job); why != nil || !followed {
			return cmp.Or(why, err)
		}
		resp, err = r.deps.Nomad.Register(ctx, job.api, job.Source, job.index)
	}
	if err != nil {
		return err
	}
	job.index = resp.JobModifyIndex
	what := "updated"
	if job.created() {
		what = "created"
	} else {
		job.version++
	}
	r.res.Submitted = append(r.res.Submitted, job.ID)
	r.phase = PhaseSubmit
	r.say(Info, job.ID, "%s job %s", what, job.ID)
	if at := status.NextLaunch(job.api, r.deps.Now()); at != "" {
		which := "next"
		if job.created() {
			which = "first"
		}
		r.say(Info, job.ID, "job %s is periodic, %s launch at %s", job.ID, which, at)
	}
	if resp.Warnings != "" {
		r.say(Warn, job.ID, "job %s: %s", job.ID, strings.TrimSpace(resp.Warnings))
	}
	return nil
}

// await watches until every job up to the wave is as it should be, or one cannot become so.
func (r *run) await(ctx context.Context, w *watching, j *judge, wave int) error {
	for {
		o, tiers, err := w.next(ctx)
		if err != nil {
			return r.giveUp(ctx, err, j, wave)
		}
		j.remember(o)
		switch v := j.verdict(o, tiers, wave); v.kind {
		case allGood:
			return nil
		case waitOn:
		case halted:
			r.res.Waiting = v.held
			return nil
		case canPromote:
			if err := r.promoteNow(ctx, v); err != nil {
				return err
			}
		case tryAgain:
			if err := r.retry(ctx, v); err != nil {
				return err
			}
		case hopeless:
			v.job.ended = v.how
			r.say(Warn, v.job.ID, "%s failed %d times without ever being healthy: ending the deployment of job %s", strings.Join(v.bad, ", "), triesEnough, v.job.ID)
			if err := r.deps.Nomad.FailDeployment(ctx, v.how); err != nil {
				return err
			}
		case hasFailed:
			r.res.Failures = j.failures(ctx, o, tiers, v.bad)
			return &Error{Outcome: Failed, Err: failedError(r.res.Failures), Hint: "mend it and run again; what is healthy stays up"}
		case wasReverted:
			r.res.Failures = j.failures(ctx, o, tiers, v.bad)
			return &Error{Outcome: Reverted, Err: fmt.Errorf("job %s did not become healthy, and Nomad put its earlier version back", v.job.ID),
				Hint: "mend it and run again; the earlier version serves in the meantime"}
		case wasMoved:
			return &Error{Outcome: Conflict, Err: fmt.Errorf("job %s was %s by somebody else while it was watched", v.job.ID, v.how),
				Hint: "find out who and why (nomad job history " + v.job.ID + "), then run again"}
		}
	}
}

// giveUp ends a watch that was interrupted or ran out of time, with the evidence of what is not healthy yet.
func (r *run) giveUp(ctx context.Context, err error, j *judge, wave int) error {
	out := r.classify(ctx, err)
	if out.Outcome == TimedOut && j.lastTiers != nil {
		var bad []string
		for _, t := range j.lastTiers {
			if job := r.job(t.Job); job != nil && job.Wave <= wave && !launches(job.api) && t.State != status.Healthy && t.State != status.Complete {
				bad = append(bad, t.Job+"/"+t.Name)
			}
		}
		r.res.Failures = j.failures(ctx, j.lastObservation, j.lastTiers, bad)
		out.Err = fmt.Errorf("not healthy within the time given: %w", failedError(r.res.Failures))
	}
	return out
}

// failedError names the tiers, each with its reason.
func failedError(list []Failure) error {
	var parts []string
	for _, f := range list {
		parts = append(parts, fmt.Sprintf("tier %s: %s", f.Tier, f.Reason))
	}
	if len(parts) == 0 {
		return fmt.Errorf("the release is not healthy")
	}
	return fmt.Errorf("%s", strings.Join(parts, "\n"))
}

// metaRetry is the group meta key by which a group is made to start anew though nothing about it changed. Nomad has no
// other way: under a failed deployment neither an evaluation, nor another registration, nor stop and start of the job
// places again what has failed [measured on 1.11.3]. Group meta touches this group alone. plan carries it over.
const metaRetry = "packctl_retry"

// retry makes Nomad run again what an unchanged job failed to run before: running again is how a person says that the
// cause is mended. Where Nomad is still going to replace what failed it is asked to do so now.
func (r *run) retry(ctx context.Context, v verdict) error {
	job := v.job
	job.retried = true
	if len(v.bad) == 0 {
		r.say(Info, job.ID, "job %s did not change, but part of it failed: asking Nomad to place it again now", job.ID)
		return r.deps.Nomad.Retry(ctx, job.ID)
	}
	r.say(Info, job.ID, "job %s did not change, but failed before: starting %s again", job.ID, strings.Join(v.bad, ", "))
	for _, tg := range job.api.TaskGroups {
		if slices.Contains(v.bad, job.ID+"/"+value(tg.Name)) {
			if tg.Meta == nil {
				tg.Meta = map[string]string{}
			}
			tg.Meta[metaRetry] = strconv.FormatUint(job.version+1, 10)
		}
	}
	r.res.Unchanged = slices.DeleteFunc(r.res.Unchanged, func(id string) bool { return id == job.ID })
	return r.register(ctx, job)
}

func (r *run) job(id string) *planned {
	for _, job := range r.jobs {
		if job.ID == id {
			return job
		}
	}
	return nil
}

// watchedJobs are the manifest's jobs in wave order, which is that of the tiers.
func (r *run) watchedJobs() []watched {
	var out []watched
	for _, job := range r.jobs {
		w := watched{id: job.ID}
		for _, tg := range job.api.TaskGroups {
			w.groups = append(w.groups, value(tg.Name))
		}
		out = append(out, w)
	}
	return out
}
