package release

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/packctl/packctl/hcl/spec"
)

// Meta keys of the jobs that packctl runs for a moment. Each run has another MetaRun, without which Nomad would not run an
// unchanged job again that has ended.
const (
	MetaHook  = "packctl_hook"  // name of the hook that a job runs as
	MetaEvent = "packctl_event" // the event that it runs at; the task reads NOMAD_META_packctl_event
	MetaRun   = "packctl_run"
)

// Momentary says of a job by its meta that packctl runs it for a moment, as a hook or for a migration: it is none of the
// release's tiers, and nothing is wrong when it does not run.
func Momentary(meta map[string]string) bool { return meta[MetaHook] != "" || meta[MetaMigration] != "" }

// Hook is a batch job that runs at moments of the release's life, and only then.
type Hook struct {
	Name    string
	On      []spec.Event
	Timeout time.Duration // 0: none
	Job     Job
}

// HookRun is one run of a hook.
type HookRun struct {
	Name    string        `json:"name"`
	Event   spec.Event    `json:"event"`
	Job     string        `json:"job"`
	Outcome Outcome       `json:"outcome"` // healthy: its job ended well
	Elapsed time.Duration `json:"-"`
	Seconds float64       `json:"elapsed_seconds"`
}

// hooksOn are the manifest's hooks of an event, in the order in which they run.
func (m *Manifest) hooksOn(e spec.Event) []Hook {
	var out []Hook
	for _, h := range m.Hooks {
		if slices.Contains(h.On, e) {
			out = append(out, h)
		}
	}
	return out
}

// isHook says whether a job is one of the manifest's hooks.
func (m *Manifest) isHook(id string) bool {
	return slices.ContainsFunc(m.Hooks, func(h Hook) bool { return h.Job.ID == id })
}

// events are the moments before and after what this run does.
func (r *run) events() (before, after spec.Event) {
	switch {
	case r.history.resumed && r.history.now.After != "":
		return "", r.history.now.After
	case r.history.restores != nil:
		return spec.PreRollback, spec.PostRollback
	case r.installs():
		return spec.PreInstall, spec.PostInstall
	}
	return spec.PreUpgrade, spec.PostUpgrade
}

// installs says that nothing of the release runs yet.
func (r *run) installs() bool {
	return len(r.orphans) == 0 && (r.only == nil || len(r.only.others) == 0) && !slices.ContainsFunc(r.jobs, func(job *planned) bool {
		return job.before != nil && !value(job.before.Stop)
	})
}

// preHooks run before anything of the release is changed, and only when something is going to be.
func (r *run) preHooks(ctx context.Context) error {
	if !r.changes() {
		return nil
	}
	before, _ := r.events()
	due := r.manifest.hooksOn(before)
	if len(due) > 0 && r.opt.NoHooks {
		r.say(Info, "", "%s left out: -no-hooks", countHooks(len(due), before))
		return nil
	}
	return r.hooks(ctx, before, due)
}

// postHooks run when everything is healthy, after a run that changed something, and after one that did not when they are
// still owed to the newest revision.
func (r *run) postHooks(ctx context.Context) error {
	_, after := r.events()
	if len(r.res.Submitted)+len(r.res.Stopped) == 0 {
		if after = r.owed(); after == "" {
			return nil
		}
	}
	due := r.manifest.hooksOn(after)
	if len(due) == 0 {
		return nil
	}
	if r.opt.NoHooks {
		r.say(Info, "", "%s left out: -no-hooks", countHooks(len(due), after))
		return nil
	}
	if r.opt.Detach {
		r.say(Warn, "", "nothing was watched, so the hooks of %s did not run; the next run that watches runs them", after)
		return nil
	}
	if err := r.begin(ctx); err != nil { // the hooks themselves may be what has changed
		return err
	}
	return r.hooks(ctx, after, due)
}

// owed is the event whose hooks have not ended well since the newest revision changed the release, or "". A revision is
// healthy when its hooks are.
func (r *run) owed() spec.Event { return r.history.newest.owes() }

// owes is the same of a revision, which may be nil.
func (r *Revision) owes() spec.Event {
	if r == nil || r.Outcome == Healthy || r.Outcome == RolledBack || !r.touched() {
		return ""
	}
	return r.After
}

// hooks runs hooks one after the other and ends with the first that fails.
func (r *run) hooks(ctx context.Context, event spec.Event, list []Hook) error {
	for i, h := range list {
		if i == 0 {
			r.enter(PhaseHook, "running %s", countHooks(len(list), event))
		}
		r.phase = PhaseHook
		r.say(Info, h.Job.ID, "hook %s of %s: running job %s", h.Name, event, h.Job.ID)
		began := r.deps.Now()
		err := r.once(ctx, once{job: h.Job, timeout: h.Timeout, phase: PhaseHook,
			meta: map[string]string{MetaHook: h.Name, MetaEvent: string(event)}})
		took := r.deps.Now().Sub(began)
		did := HookRun{Name: h.Name, Event: event, Job: h.Job.ID, Outcome: Healthy, Elapsed: took, Seconds: took.Seconds()}
		if err != nil {
			err = hookError(h, event, r.classify(ctx, err))
			did.Outcome = Failed
		}
		r.res.Hooks = append(r.res.Hooks, did)
		if err != nil {
			return err
		}
		r.phase = PhaseHook
		r.say(Info, h.Job.ID, "hook %s of %s ended well", h.Name, event)
	}
	return nil
}

func countHooks(n int, e spec.Event) string {
	if n == 1 {
		return "the hook of " + string(e)
	}
	return fmt.Sprintf("the %d hooks of %s", n, e)
}

// hookError names the hook, and says what its failure leaves.
func hookError(h Hook, event spec.Event, err *Error) error {
	out := *err
	out.Err = fmt.Errorf("hook %s of %s: %w", h.Name, event, err.Err)
	if err.Outcome != Failed {
		return &out
	}
	switch {
	case event == spec.Test:
		out.Hint = "nothing of the release was changed"
	case event == spec.PreDelete:
		out.Hint = "nothing was stopped or deleted; mend what the hook found and destroy again, or leave the hooks out: -no-hooks"
	case strings.HasPrefix(string(event), "pre-"):
		out.Hint = "nothing of the release was changed; mend what the hook found, and run again"
	default:
		out.Hint = "the release's jobs run as they were submitted; mend what the hook found and run again: it runs again then, though nothing else has changed"
	}
	return &out
}

// ownHooks notes where the jobs of hooks are to be, and which are not this release's.
func (r *run) ownHooks(ctx context.Context, p *problems) error {
	for _, h := range r.manifest.Hooks {
		next, err := copyJob(h.Job.Spec)
		if err != nil {
			return err
		}
		r.place(next)
		before, err := r.deps.Nomad.Job(ctx, h.Job.ID)
		if err != nil {
			return err
		}
		if rel := r.manifest.Release; before != nil && !BelongsTo(before.Meta, *next.Namespace, rel.Name, rel.Namespace) {
			p.add("choose another release name with --name, or stop and purge that job if it is not needed: nomad job stop -purge "+h.Job.ID,
				"job %s, which hook %s runs, exists already and %s", h.Job.ID, h.Name, belongs(before.Meta, *next.Namespace))
			p.about(h.Job.ID, "", h.Job.File)
		}
	}
	return nil
}
