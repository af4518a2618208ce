package release

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// remembered reads what the history knows of the release: the manifest of its newest revision, and the one in effect, whose
// hooks are due. It gives the newest revision's number. Records that cannot be read keep nobody from destroying without hooks.
func (d *destroy) remembered(ctx context.Context) (newest int, err error) {
	s, list, err := d.told(ctx, d.opt.Release)
	if err == nil && len(list) == 0 {
		return 0, nil
	}
	if err == nil {
		newest = list[len(list)-1].Number
		d.known, err = s.manifest(ctx, list[len(list)-1])
	}
	if now := inEffect(list); err == nil && now != nil {
		d.hooks = &run{}
		d.hooks.manifest, err = s.manifest(ctx, now)
	}
	if d.known != nil {
		d.deps.places.learn(d.known)
	}
	switch {
	case err == nil:
	case fatal(err):
		return 0, err
	case d.opt.NoHooks:
		d.hooks = nil
		d.say(Warn, "", "the record of release %s cannot be read: volumes and credentials that nothing else tells of stay: %v", d.opt.Release, err)
	default:
		return 0, &Error{Outcome: Refused, Err: fmt.Errorf("what hooks of %s release %s has is not known: %w", spec.PreDelete, d.opt.Release, err),
			Hint: "-no-hooks destroys it without them; volumes and credentials that only its record tells of then stay"}
	}
	return newest, nil
}

// dueHooks says which hooks run before anything is stopped. They are there for what runs: a release that is stopped has none.
func (d *destroy) dueHooks(ctx context.Context, listed []*api.JobListStub) error {
	r := d.hooks
	d.hooks = nil
	running := func(j *api.JobListStub) bool { return !j.Stop && j.ParentID == "" && !Momentary(j.Meta) }
	if !slices.ContainsFunc(listed, running) {
		return nil
	}
	if r == nil {
		if !d.opt.NoHooks {
			d.say(Info, "", "no record tells of hooks of %s, so none runs", spec.PreDelete)
		}
		return nil
	}
	due := r.manifest.hooksOn(spec.PreDelete)
	if len(due) == 0 {
		return nil
	}
	if d.opt.NoHooks {
		d.say(Info, "", "%s left out: -no-hooks", countHooks(len(due), spec.PreDelete))
		return nil
	}
	for _, h := range due {
		d.what.Hooks = append(d.what.Hooks, h.Name)
	}
	r.verb = d.verb
	p := &problems{outcome: Conflict}
	if err := r.ownHooks(ctx, p); err != nil {
		return err
	}
	d.hooks = r
	return p.err()
}

// preDelete runs them under the lock. It gives the jobs that are to be stopped: the hooks' own are among them now.
func (d *destroy) preDelete(ctx context.Context, newest int, listed []*api.JobListStub) ([]*api.JobListStub, error) {
	if d.hooks == nil {
		return listed, nil
	}
	l, err := recordsOf(d.deps.Nomad, d.opt.Release).paths(ctx)
	if err != nil {
		return nil, err
	}
	if l.newest() != newest {
		return nil, &Error{Outcome: Conflict, Err: fmt.Errorf("release %s became revision %d meanwhile; nothing was stopped", d.opt.Release, l.newest()),
			Hint: "look at what they did (packctl history " + d.opt.Release + "), then destroy again"}
	}
	r := d.hooks
	r.verb = d.verb // with the lock
	if err := r.knowSecrets(ctx); err != nil {
		return nil, err
	}
	d.secret = r.secret
	if err := r.hooks(ctx, spec.PreDelete, r.manifest.hooksOn(spec.PreDelete)); err != nil {
		return nil, err
	}
	if listed, err = d.deps.Nomad.ReleaseJobs(ctx, d.opt.Release); err != nil {
		return nil, err
	}
	for _, j := range listed {
		if j.ParentID == "" && !slices.Contains(d.what.Jobs, j.ID) {
			d.what.Jobs = append(d.what.Jobs, j.ID)
		}
	}
	slices.Sort(d.what.Jobs)
	return listed, nil
}
