package release

import (
	"cmp"
	"context"
	"slices"
)

// DiffOptions say what is compared.
type DiffOptions struct {
	Release string
	From    int // a revision; 0: the one that is in effect
	To      int // a revision; 0: what runs
}

// Difference is how one state of a release differs from another. It holds no secret, as a Plan.
type Difference struct {
	Release   string          `json:"release"`
	Namespace string          `json:"namespace"`
	From      Side            `json:"from"`
	To        Side            `json:"to"`
	Changes   bool            `json:"changes"`
	Values    []ValueChange   `json:"values"` // by name; of two revisions only
	Jobs      []JobDifference `json:"jobs"`   // as they are submitted, those that only From has last
}

// Side is one of the two states.
type Side struct {
	Revision    int     `json:"revision,omitempty"` // 0: what runs
	Pack        string  `json:"pack,omitempty"`
	PackVersion string  `json:"pack_version,omitempty"`
	Outcome     Outcome `json:"outcome,omitempty"`
}

// ValueChange is a variable that was given another value. Of a sensitive one no value is known.
type ValueChange struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"` // added, removed, changed
	Old       string `json:"old,omitempty"`
	New       string `json:"new,omitempty"`
	Sensitive bool   `json:"sensitive,omitempty"`
}

// Unlike those of a FieldChange, a job's kinds know two more.
const (
	KindAdded     = "added"
	KindRemoved   = "removed"
	KindChanged   = "changed"
	KindUnchanged = "unchanged"
	KindStopped   = "stopped" // it is registered, and stopped
)

// JobDifference is how one job differs. What came or went as a whole lists no fields.
type JobDifference struct {
	ID        string        `json:"job"`
	Namespace string        `json:"namespace"`
	Hook      string        `json:"hook,omitempty"` // that it runs as, and only then
	Kind      string        `json:"kind"`
	Note      string        `json:"note,omitempty"`
	Fields    []FieldChange `json:"fields"` // with the tier in the path: group.api.count
}

// Diff compares two revisions, or a revision with what runs. It changes nothing.
func (e *Engine) Diff(ctx context.Context, opt DiffOptions) (*Difference, error) {
	r := &run{verb: verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}}
	d, err := r.diff(ctx, opt)
	if err != nil {
		return nil, r.classify(ctx, err)
	}
	return d, nil
}

func (r *run) diff(ctx context.Context, opt DiffOptions) (*Difference, error) {
	s, list, err := r.told(ctx, opt.Release)
	if err != nil {
		return nil, err
	}
	from, err := choose(opt.Release, list, opt.From)
	if err != nil {
		return nil, err
	}
	if r.manifest, err = s.manifest(ctx, from); err != nil {
		return nil, err
	}
	d := &Difference{Release: opt.Release, Namespace: r.manifest.Release.Namespace, From: sideOf(from), Values: []ValueChange{}, Jobs: []JobDifference{}}
	if err := r.learn(ctx); err != nil {
		return nil, err
	}
	if opt.To == 0 {
		err = r.diffRunning(ctx, d)
	} else {
		var to *Revision
		if to, err = choose(opt.Release, list, opt.To); err != nil {
			return nil, err
		}
		d.To, d.Values = sideOf(to), valuesBetween(from, to)
		old := r.manifest
		if r.manifest, err = s.manifest(ctx, to); err != nil {
			return nil, err
		}
		if err = r.learn(ctx); err == nil {
			err = r.diffManifests(ctx, d, old, r.manifest)
		}
	}
	if err != nil {
		return nil, err
	}
	d.Changes = len(d.Values) > 0 || slices.ContainsFunc(d.Jobs, func(j JobDifference) bool { return j.Kind != KindUnchanged })
	for _, j := range d.Jobs {
		for i := range j.Fields {
			j.Fields[i].Old, j.Fields[i].New = r.secret.text(j.Fields[i].Old), r.secret.text(j.Fields[i].New)
		}
	}
	return d, nil
}

func sideOf(r *Revision) Side {
	return Side{Revision: r.Number, Pack: r.Pack, PackVersion: r.PackVersion, Outcome: r.Outcome}
}

// learn reads what must not be shown, beside what was learned before.
func (r *run) learn(ctx context.Context) error {
	for _, j := range r.manifest.Jobs {
		r.deps.places.job(j.ID, cmp.Or(value(j.Spec.Namespace), r.manifest.Release.Namespace))
	}
	for _, c := range r.manifest.Credentials {
		if _, _, err := r.found(ctx, c, &r.known, &problems{}); err != nil {
			return err
		}
	}
	r.secret = newRedactor(r.known)
	return nil
}

// diffRunning compares the manifest with what is registered: the other way round it is what a plan calls drift.
func (r *run) diffRunning(ctx context.Context, d *Difference) error {
	foreign := &problems{}
	if err := r.load(ctx, foreign); err != nil {
		return err
	}
	for _, j := range r.manifest.Jobs {
		n := JobDifference{ID: j.ID, Namespace: r.deps.places.of(j.ID), Kind: KindUnchanged, Fields: []FieldChange{}}
		job := r.job(j.ID)
		switch {
		case job == nil:
			n.Kind = KindRemoved
			for _, p := range foreign.list {
				if p.Job == j.ID {
					n.Note = p.Message
				}
			}
		case job.before == nil:
			n.Kind, n.Note = KindRemoved, "it is not registered"
		case value(job.before.Stop):
			n.Kind = KindStopped
		default:
			fields, err := r.fieldsSince(ctx, j, job)
			if err != nil {
				return err
			}
			if len(fields) == 0 {
				break
			}
			n.Kind, n.Fields = KindChanged, fields
			scaled, err := r.scaledByPackctl(ctx, job, fields)
			if err != nil {
				return err
			}
			if scaled {
				n.Note = "packctl scale did that"
			}
		}
		d.Jobs = append(d.Jobs, n)
	}
	for _, id := range r.orphans {
		d.Jobs = append(d.Jobs, JobDifference{ID: id, Namespace: cmp.Or(r.deps.places.of(id), d.Namespace), Kind: KindAdded, Note: "the revision does not have it", Fields: []FieldChange{}})
	}
	return nil
}

// valuesBetween are the variables that two revisions were given otherwise.
func valuesBetween(from, to *Revision) []ValueChange {
	given := func(r *Revision, name string) (Given, bool) {
		if name == "env" {
			return Given{Name: name, Value: r.Env}, r.Env != ""
		}
		at := slices.IndexFunc(r.Given, func(g Given) bool { return g.Name == name })
		if at < 0 {
			return Given{}, false
		}
		return r.Given[at], true
	}
	out := []ValueChange{}
	for _, name := range changedGiven(from, to) {
		old, had := given(from, name)
		now, has := given(to, name)
		c := ValueChange{Name: name, Kind: KindChanged, Old: old.Value, New: now.Value, Sensitive: old.HMAC != "" || now.HMAC != ""}
		switch {
		case !had && !has, had && has && old == now: // env was given by its name, too
			continue
		case !had:
			c.Kind = KindAdded
		case !has:
			c.Kind = KindRemoved
		}
		out = append(out, c)
	}
	return out
}
