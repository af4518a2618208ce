// Package release carries out what a person asked of a release: it plans, takes the release's lock, makes sure that
// secrets and volumes exist, submits a stack's jobs wave by wave, watches each wave to its end, and stops a release.
//
// In: an assembled Stack and the outside world as interfaces (Deps). Out: events while it works, and a Result whose
// Outcome is told from what the cluster answered. It knows no adapter: internal/nomad and internal/consul import it.
package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/packctl/packctl/hcl/stack"
)

// MetaRelease is the job meta key that says which release a job belongs to.
const MetaRelease = "packctl_release"

// cleanUpWithin bounds what is done after an interruption: giving back the lock, collecting evidence.
const cleanUpWithin = 15 * time.Second

// Engine runs and stops releases on one cluster.
type Engine struct{ deps Deps }

// New makes an engine.
func New(d Deps) *Engine {
	if d.Now == nil {
		d.Now = time.Now
	}
	d.places = newPlaces()
	if d.Nomad != nil {
		d.Nomad = placed{Nomad: d.Nomad, places: d.places}
	}
	return &Engine{deps: d}
}

// Causes for which a verb's context ends, beside the person's own interruption.
var (
	errTimedOut = errors.New("the time is over")
	errLockLost = errors.New("the release lock was lost: Nomad did not answer for too long, and somebody else may have it now")
)

// Run brings a stack up, or up to date, and watches it to the end. The Result is never nil; an error is always an *Error.
func (e *Engine) Run(ctx context.Context, s *stack.Stack, opt RunOptions, obs Observer) (*Result, error) {
	r := e.newRun(s, opt, obs)
	return r.finish(ctx, opt.Timeout, r.do)
}

// Plan says what Run would do, and changes nothing. The Plan is never nil and as complete as could be found out; an error
// is always an *Error: also what would keep a run from beginning, which stands in the plan's Problems too.
func (e *Engine) Plan(ctx context.Context, s *stack.Stack, opt RunOptions, obs Observer) (*Plan, error) {
	return e.newRun(s, opt, obs).draft(ctx, nil)
}

func (e *Engine) newRun(s *stack.Stack, opt RunOptions, obs Observer) *run {
	r := &run{
		verb:     verb{deps: e.deps, obs: obs, began: e.deps.Now()},
		manifest: manifestOf(s),
		opt:      opt,
	}
	r.res = &Result{Release: s.Release.Name, Namespace: s.Release.Namespace}
	return r
}

// draft plans, and hands a plan that a run could carry out to then, where that is not nil.
func (r *run) draft(ctx context.Context, then func(context.Context, *Plan) error) (*Plan, error) {
	plan := newPlan(r.manifest)
	_, err := r.finish(ctx, r.opt.Timeout, func(ctx context.Context) error {
		r.enter(PhasePlan, "planning release %s of pack %s", r.manifest.Release.Name, r.manifest.Pack.Name)
		err := r.reach(ctx)
		if err == nil {
			plan, err = r.planOnly(ctx)
		}
		if err == nil && then != nil {
			err = then(ctx, plan)
		}
		return err
	})
	return plan, err
}

// Stop stops every job of a release, front first, and waits until nothing of it runs. Volumes and secrets stay.
func (e *Engine) Stop(ctx context.Context, opt StopOptions, obs Observer) (*Result, error) {
	s := &stop{verb: verb{deps: e.deps, obs: obs, began: e.deps.Now()}, opt: opt}
	s.res = &Result{Release: opt.Release, Namespace: opt.Namespace}
	return s.finish(ctx, opt.Timeout, s.do)
}

// Scale sets the counts of tiers and watches until each is healthy at its new count and its surplus instances have ended.
func (e *Engine) Scale(ctx context.Context, opt ScaleOptions, obs Observer) (*Result, error) {
	s := &scale{run: run{verb: verb{deps: e.deps, obs: obs, began: e.deps.Now()}}, opt: opt, told: map[string]string{}}
	s.res = &Result{Release: opt.Release, Namespace: opt.Namespace}
	return s.finish(ctx, opt.Timeout, s.do)
}

// Logs hands the logs of a release's tiers to sink, those of ended allocations too, the oldest allocation first. With
// Follow it goes on with what runs and what comes until ctx is done, which is then no error. An error is an *Error, or the
// sink's own.
func (e *Engine) Logs(ctx context.Context, opt LogOptions, sink LogSink) error {
	l := &logs{verb: verb{deps: e.deps, began: e.deps.Now(), res: &Result{}}, opt: opt, sink: sink, known: map[string]*source{}}
	var n *newest
	if opt.Since > 0 {
		n = newNewest(sink, e.deps.Now().Add(-opt.Since), !opt.Follow)
		l.sink = n
	}
	err := l.do(ctx)
	if n != nil && err == nil {
		return n.end()
	}
	switch {
	case err == nil || errors.Is(err, l.broken):
		return err
	case ctx.Err() != nil && opt.Follow:
		return nil
	}
	out := l.classify(ctx, err)
	if out.Outcome == Interrupted {
		out.Hint = ""
	}
	return out
}

// verb is what run, stop, scale and logs share.
type verb struct {
	deps   Deps
	obs    Observer
	began  time.Time
	res    *Result
	phase  Phase
	lost   <-chan struct{} // closed when the lock that is held is no longer ours
	secret redactor
}

// finish calls do under the timeout and turns how it ended into the result's outcome.
func (v *verb) finish(ctx context.Context, timeout time.Duration, do func(context.Context) error) (*Result, error) {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errTimedOut)
		defer cancel()
	}
	v.res.Outcome = Healthy
	err := do(ctx)
	v.res.Elapsed = v.deps.Now().Sub(v.began)
	if err == nil {
		return v.res, nil
	}
	out := v.classify(ctx, err)
	v.res.Outcome = out.Outcome
	return v.res, out
}

// classify gives an error its outcome. What the context's end caused is told by the context's cause, not by whichever
// call noticed it.
func (v *verb) classify(ctx context.Context, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	if ctx.Err() != nil {
		switch cause := context.Cause(ctx); {
		case errors.Is(cause, errTimedOut):
			return &Error{Outcome: TimedOut, Err: errors.New("not finished within the time given"),
				Hint: "what was submitted goes on; run again to watch it, or give it more time with -timeout"}
		case errors.Is(cause, errLockLost):
			return &Error{Outcome: Conflict, Err: cause, Hint: "run again when Nomad answers"}
		default:
			return &Error{Outcome: Interrupted, Err: errors.New("interrupted"), Hint: v.afterwards()}
		}
	}
	var unreachable FaultUnreachable
	var denied FaultDenied
	var moved FaultMoved
	switch {
	case errors.As(err, &unreachable):
		return &Error{Outcome: Unreachable, Err: err, Hint: unreachable.Hint()}
	case errors.As(err, &denied):
		return &Error{Outcome: Denied, Err: err, Hint: denied.Hint()}
	case errors.As(err, &moved):
		return &Error{Outcome: Conflict, Err: err, Hint: "look at what they did, then run again"}
	}
	return &Error{Outcome: Failed, Err: err}
}

// afterwards says what an interrupted verb leaves running, and how to follow and undo that.
func (v *verb) afterwards() string {
	name := v.res.Release
	switch {
	case len(v.res.Submitted) > 0:
		return fmt.Sprintf("submitted, and going on in Nomad: %s; packctl status %s --watch shows how, the same command again goes on with the rest, "+
			"packctl rollback %s brings the revision before back, packctl stop %s stops all", some(v.res.Submitted), name, name, name)
	case len(v.res.Stopped) > 0:
		return fmt.Sprintf("stopped so far: %s; the same command again goes on", some(v.res.Stopped))
	}
	return "nothing was submitted"
}

// say tells the observer one line.
func (v *verb) say(level Level, job, format string, args ...any) {
	v.obs.Event(Event{Time: v.deps.Now(), Phase: v.phase, Level: level, Job: job, Message: v.secret.text(fmt.Sprintf(format, args...))})
}

// enter begins a phase.
func (v *verb) enter(p Phase, format string, args ...any) {
	v.phase = p
	v.say(Info, "", format, args...)
}

// locked calls do while the release's lock is held. Losing the lock ends do's context.
func (v *verb) locked(ctx context.Context, name string, do func(context.Context) error) error {
	v.enter(PhaseLock, "taking the lock of release %s", name)
	lock, err := v.deps.Nomad.Lock(ctx, lockPath(name), v.deps.Owner)
	var held FaultHeld
	if errors.As(err, &held) {
		owner, since := held.Holder()
		at := ""
		if !since.IsZero() {
			at = ", since " + since.Local().Format("2006-01-02 15:04:05")
		}
		return &Error{Outcome: Locked, Err: fmt.Errorf("release %s is being worked on by %s%s", name, owner, at),
			Hint: "wait until it has ended; if that process is gone the lock frees itself within 30 seconds"}
	}
	if err != nil {
		return err
	}
	v.lost = lock.Lost()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-lock.Lost():
			cancel(errLockLost)
		case <-over:
		}
	}()
	err = do(ctx)
	if err != nil && ctx.Err() != nil {
		err = v.classify(ctx, err) // here, where the cause of the inner context is known
	}
	clean, done := context.WithTimeout(context.WithoutCancel(ctx), cleanUpWithin)
	defer done()
	if unlock := lock.Unlock(clean); unlock != nil {
		v.say(Warn, "", "the lock of release %s was not given back, it frees itself within 30 seconds: %v", name, unlock)
	}
	return err
}
