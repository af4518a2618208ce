package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/packctl/packctl/internal/status"
)

// once is a batch job that runs now, whatever it did before, and is awaited to its end. It has one ID for ever, because a
// workload identity reads only nomad/jobs/<its job's ID>, so what makes Nomad run it again is a meta value of each run: a new
// version replaces what an old one left [measured on 1.11.3; a purge instead can crash the server when a registration
// follows at once].
type once struct {
	job     Job
	meta    map[string]string
	timeout time.Duration // 0: none of its own
	phase   Phase
}

// once registers the job and returns when all its allocations have completed. An error has collected its evidence in
// the run's Failures.
func (r *run) once(ctx context.Context, o once) error {
	job, err := r.onceJob(ctx, o)
	if err != nil {
		return err
	}
	within := ctx
	if o.timeout > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeoutCause(ctx, o.timeout, errTimedOut)
		defer cancel()
	}
	sub := &run{verb: r.verb, manifest: r.manifest, jobs: []*planned{job}}
	sub.phase, sub.res = o.phase, &Result{}
	err = sub.awaitOnce(within, r.res.Tiers)
	r.res.Failures = append(r.res.Failures, sub.res.Failures...)
	if err == nil || ctx.Err() != nil || context.Cause(within) == nil {
		return err
	}
	return r.endOverdue(ctx, job.ID, o.timeout, err)
}

// onceJob is the job as it is to be registered now.
func (r *run) onceJob(ctx context.Context, o once) (*planned, error) {
	next, err := copyJob(o.job.Spec)
	if err != nil {
		return nil, err
	}
	r.place(next)
	before, err := r.deps.Nomad.Job(ctx, o.job.ID)
	if err != nil {
		return nil, err
	}
	next.Meta = maps.Clone(next.Meta)
	if next.Meta == nil {
		next.Meta = map[string]string{}
	}
	maps.Copy(next.Meta, o.meta)
	next.Meta[MetaRelease] = r.manifest.Release.Name
	next.Meta[MetaRun] = strconv.FormatInt(r.deps.Now().UnixNano(), 10)
	job := &planned{Job: o.job, api: next, before: before, changed: true, once: true}
	job.Wave = 0
	if before != nil {
		job.index, job.version = value(before.JobModifyIndex), value(before.Version)
	}
	return job, nil
}

// awaitOnce registers the run's one job and watches it to its end. others are the tiers that are shown before its own.
func (r *run) awaitOnce(ctx context.Context, others []status.Tier) error {
	job := r.jobs[0]
	resp, err := r.deps.Nomad.Register(ctx, job.api, job.Source, job.index)
	if err != nil {
		return err
	}
	job.index = resp.JobModifyIndex
	if !job.created() {
		job.version++
	}
	if resp.Warnings != "" {
		r.say(Warn, job.ID, "job %s: %s", job.ID, strings.TrimSpace(resp.Warnings))
	}
	w := r.watch(ctx, r.watchedJobs(), nil)
	defer w.close()
	w.others = others
	return r.await(ctx, w, newJudge(r), 0)
}

// endOverdue stops a job whose own time is over: nobody waits for its word any more.
func (r *run) endOverdue(ctx context.Context, id string, timeout time.Duration, err error) error {
	clean, done := context.WithTimeout(context.WithoutCancel(ctx), cleanUpWithin)
	defer done()
	if stop := r.deps.Nomad.Deregister(clean, id, false); stop != nil {
		r.say(Warn, id, "job %s goes on: %v", id, stop)
	}
	var known *Error
	if errors.As(err, &known) {
		err = known.Err
	}
	return &Error{Outcome: Failed, Err: fmt.Errorf("job %s had not ended after %s and was stopped: %w", id, timeout, err)}
}
