package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// DestroyOptions say which release goes, and what of its data with it.
type DestroyOptions struct {
	Release     string
	Namespace   string
	Volumes     []string // names, with or without the release's in front
	Credentials []string
	AllData     bool // every volume, every credential, the history
	NoHooks     bool // run no hook, and need no record that can be read
	Timeout     time.Duration
	Confirm     func(*Destruction) error // nil: nobody is asked; an error ends the verb before anything is changed
}

// Destruction is what destroy deletes and what it keeps.
type Destruction struct {
	Release     string   `json:"release"`
	Namespace   string   `json:"namespace"`
	Hooks       []string `json:"hooks"` // that run first, in this order
	Jobs        []string `json:"jobs"`
	Volumes     []string `json:"volumes"`
	Credentials []string `json:"credentials"`
	History     bool     `json:"history"`
	Kept        Kept     `json:"kept"`
}

// Kept is what outlives a release.
type Kept struct {
	Volumes     []string `json:"volumes"`
	Credentials []string `json:"credentials"`
	Revisions   int      `json:"revisions"`
}

// Destroy stops a release's jobs, makes Nomad forget them, and deletes what was named of its data, and nothing else.
func (e *Engine) Destroy(ctx context.Context, opt DestroyOptions, obs Observer) (*Result, error) {
	d := &destroy{opt: opt}
	d.stop = stop{verb: verb{deps: e.deps, obs: obs, began: e.deps.Now()}, opt: StopOptions{Release: opt.Release, Namespace: opt.Namespace, Purge: true}}
	d.res = &Result{Release: opt.Release, Namespace: opt.Namespace}
	return d.finish(ctx, opt.Timeout, d.do)
}

type destroy struct {
	stop
	opt      DestroyOptions
	what     *Destruction
	volumes  map[string]string           // that exist: IDs by name
	secrets  map[string]stack.Credential // that stand somewhere, by name
	revision []string                    // paths of the release's own variables
	known    *Manifest                   // of the newest record; nil: there is none that can be read
	hooks    *run                        // has the manifest of the revision in effect; nil: no hook is due
}

func (d *destroy) do(ctx context.Context) error {
	d.enter(PhasePlan, "looking for what there is of release %s", d.opt.Release)
	newest, err := d.remembered(ctx)
	if err != nil {
		return err
	}
	listed, err := d.deps.Nomad.ReleaseJobs(ctx, d.opt.Release)
	if err != nil {
		return err
	}
	if err := d.survey(ctx, listed); err != nil {
		return err
	}
	if err := d.dueHooks(ctx, listed); err != nil {
		return err
	}
	if d.opt.Confirm != nil {
		if err := d.opt.Confirm(d.what); err != nil {
			return err
		}
	}
	return d.locked(ctx, d.opt.Release, func(ctx context.Context) error {
		if listed, err = d.preDelete(ctx, newest, listed); err != nil {
			return err
		}
		if err := d.waves(ctx, listed); err != nil {
			return err
		}
		return d.data(ctx)
	})
}

// survey finds out what there is, and what of it is to go.
func (d *destroy) survey(ctx context.Context, listed []*api.JobListStub) error {
	d.what = &Destruction{Release: d.opt.Release, Namespace: d.opt.Namespace, Hooks: []string{}, Jobs: []string{}, History: d.opt.AllData}
	d.volumes, d.secrets = map[string]string{}, map[string]stack.Credential{}
	names := map[string]bool{}
	for _, stub := range listed {
		if stub.ParentID != "" {
			continue
		}
		d.what.Jobs = append(d.what.Jobs, stub.ID)
		job, err := d.deps.Nomad.Job(ctx, stub.ID)
		if err != nil {
			return err
		}
		if job == nil {
			continue
		}
		for name := range mountsOf([]*api.Job{job}) {
			names[name] = strings.HasPrefix(name, d.opt.Release+"-") // another one is not this release's own
		}
	}
	slices.Sort(d.what.Jobs)
	if err := d.recorded(ctx, names); err != nil {
		return err
	}
	for _, name := range sorted(names) {
		if !names[name] {
			continue
		}
		have, err := d.deps.Nomad.Volumes(ctx, name)
		if err != nil {
			return err
		}
		for _, v := range have {
			d.volumes[name] = v.ID
		}
	}
	if len(listed)+len(d.volumes)+len(d.secrets)+len(d.revision) == 0 {
		return noJobs(d.opt.Release)
	}
	return d.choose()
}

// recorded adds what only the records know: they outlive the jobs.
func (d *destroy) recorded(ctx context.Context, volumes map[string]bool) error {
	var err error
	if d.revision, err = d.deps.Nomad.VariablePaths(ctx, "packctl/releases/"+d.opt.Release+"/"); err != nil {
		return err
	}
	d.revision = slices.DeleteFunc(d.revision, func(p string) bool { return p == lockPath(d.opt.Release) })
	s := recordsOf(d.deps.Nomad, d.opt.Release)
	l, err := s.paths(ctx)
	if err != nil {
		return err
	}
	d.what.Kept.Revisions = len(l.heads)
	if d.known == nil {
		return nil
	}
	for _, v := range d.known.Volumes {
		volumes[v.Spec.Name] = true
	}
	for _, c := range d.known.Credentials {
		for _, reader := range c.Readers {
			v, err := d.deps.Nomad.Variable(ctx, variableOf(reader))
			if err != nil {
				return err
			}
			if items, _ := pick(v, c.Items()); len(items) > 0 {
				d.secrets[c.Name] = c
			}
		}
	}
	return nil
}

// choose tells what goes from what stays. A name that there is not is refused.
func (d *destroy) choose() error {
	p := problems{outcome: Refused}
	d.what.Volumes, d.what.Kept.Volumes = d.part(sorted(d.volumes), d.opt.Volumes, "volume", &p)
	d.what.Credentials, d.what.Kept.Credentials = d.part(sorted(d.secrets), d.opt.Credentials, "credential", &p)
	if d.opt.AllData {
		d.what.Kept.Revisions = 0
	}
	return p.err()
}

func (d *destroy) part(have, wanted []string, noun string, p *problems) (gone, kept []string) {
	gone, kept = []string{}, []string{}
	for _, w := range wanted {
		if !slices.Contains(have, w) && !slices.Contains(have, d.opt.Release+"-"+w) {
			p.add(nameHint(w, "its "+noun+"s", have), "release %s has no %s %q", d.opt.Release, noun, w)
		}
	}
	for _, name := range have {
		if d.opt.AllData || slices.ContainsFunc(wanted, func(w string) bool { return w == name || d.opt.Release+"-"+w == name }) {
			gone = append(gone, name)
		} else {
			kept = append(kept, name)
		}
	}
	return gone, kept
}

// data deletes what was named, once nothing runs that uses it.
func (d *destroy) data(ctx context.Context) error {
	for _, name := range d.what.Volumes {
		if err := d.deps.Nomad.DeleteVolume(ctx, d.volumes[name]); err != nil {
			return fmt.Errorf("delete volume %s: %w", name, err)
		}
		d.say(Info, "", "deleted volume %s with its data", name)
	}
	for _, name := range d.what.Credentials {
		if err := d.forget(ctx, d.secrets[name]); err != nil {
			return fmt.Errorf("delete credential %s: %w", name, err)
		}
		d.say(Info, "", "deleted credential %s", name)
	}
	if d.what.History {
		for _, path := range d.revision {
			if err := d.deps.Nomad.DeleteVariable(ctx, path); err != nil {
				return err
			}
		}
		d.say(Info, "", "deleted the history of release %s", d.opt.Release)
	}
	d.res.Destroyed = d.what
	return nil
}

// forget takes a credential's items out of its readers' variables, and removes a variable that then is empty.
func (d *destroy) forget(ctx context.Context, c stack.Credential) error {
	for _, reader := range c.Readers {
		path := variableOf(reader)
		err := error(nil)
		for range casTries {
			var v *api.Variable
			if v, err = d.deps.Nomad.Variable(ctx, path); err != nil || v == nil {
				break
			}
			next := v.Copy()
			for _, item := range c.Items() {
				delete(next.Items, item)
			}
			if len(next.Items) == 0 {
				err = d.deps.Nomad.DeleteVariable(ctx, path)
				break
			}
			var moved FaultMoved
			if err = d.deps.Nomad.PutVariable(ctx, next); !errors.As(err, &moved) {
				break
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
