package release

import (
	"context"
	"slices"
	"strings"
)

// scaledBy begins the message that scale leaves in Nomad's list of a group's scaling events.
const scaledBy = "packctl scale by "

// drift fills in what somebody changed in the release's jobs since its last revision, and whether the env changes. Nomad
// counts each registration: a job that still has the modify index that a revision recorded is as it was. Of the others the
// last recorded specification is held against the registered one by Nomad itself.
func (r *run) drift(ctx context.Context, plan *Plan) error {
	s, newest, err := r.newestRecord(ctx)
	if err != nil || newest == nil {
		return err
	}
	known := &known{records: s, newest: newest, manifests: map[int]*Manifest{}}
	for i := range plan.Jobs {
		job := r.job(plan.Jobs[i].ID)
		if job == nil || job.before == nil || value(job.before.Stop) || plan.Jobs[i].Adopts != "" || newest.has(job) {
			continue
		}
		fields, err := r.driftOf(ctx, known, job)
		if err == nil && len(fields) > 0 {
			fields, err = r.stillDrift(ctx, known, job, fields)
		}
		if err != nil {
			return err
		}
		plan.Jobs[i].Drift = fields
		if plan.Jobs[i].scaledByPackctl, err = r.scaledByPackctl(ctx, job, fields); err != nil {
			return err
		}
	}
	if newest.Env != r.opt.Inputs.Env && newest.touched() && r.opt.Inputs.Known {
		plan.PreviousEnv = &newest.Env
	}
	return nil
}

// stillDrift is what remains of a drift when the revisions are read again: what another run submitted between their reading and
// Nomad's answer was not done by hand. That the plan is out of date by then is found under the lock.
func (r *run) stillDrift(ctx context.Context, k *known, job *planned, fields []FieldChange) ([]FieldChange, error) {
	for len(fields) > 0 {
		l, err := k.records.paths(ctx)
		if err != nil || l.newest() == k.newest.Number {
			return fields, err
		}
		newest, err := k.records.read(ctx, l.newest())
		if err != nil || newest == nil {
			return fields, err
		}
		k.newest, k.list = newest, nil
		if fields, err = r.driftOf(ctx, k, job); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// newestRecord is the newest revision as it is recorded, or nil.
func (r *run) newestRecord(ctx context.Context) (*records, *Revision, error) {
	s := recordsOf(r.deps.Nomad, r.manifest.Release.Name)
	l, err := s.paths(ctx)
	if err != nil || l.newest() == 0 {
		return s, nil, err
	}
	newest, err := s.read(ctx, l.newest())
	return s, newest, err
}

// has says whether a job is registered as this revision left it.
func (r *Revision) has(job *planned) bool {
	return slices.ContainsFunc(r.Jobs, func(j RevisionJob) bool {
		return j.ID == job.ID && j.Index != 0 && j.Index == value(job.before.JobModifyIndex)
	})
}

// known are a release's revisions, read when they are needed.
type known struct {
	records   *records
	newest    *Revision
	list      []*Revision // oldest first; nil: not read yet
	manifests map[int]*Manifest
}

// driftOf is how the registered job differs from the recorded one, from what was recorded to what is registered. A job may
// stand as any of some revisions left it: the one that last submitted it, the newest, the one in effect, or, when Nomad took
// that back, the last healthy one.
func (r *run) driftOf(ctx context.Context, k *known, job *planned) ([]FieldChange, error) {
	if k.list == nil {
		var err error
		if k.list, err = k.records.list(ctx); err != nil {
			return nil, err
		}
	}
	var first []FieldChange
	for i, rev := range k.candidates(job.ID) {
		m := k.manifests[rev.Number]
		if m == nil {
			var err error
			if m, err = k.records.manifest(ctx, rev); err != nil {
				return nil, err
			}
			k.manifests[rev.Number] = m
		}
		at := slices.IndexFunc(m.Jobs, func(j Job) bool { return j.ID == job.ID })
		if at < 0 {
			continue
		}
		fields, err := r.fieldsSince(ctx, m.Jobs[at], job)
		if err != nil || len(fields) == 0 {
			return nil, err
		}
		if i == 0 || first == nil {
			first = fields
		}
	}
	return first, nil
}

func (k *known) candidates(job string) []*Revision {
	var out []*Revision
	add := func(r *Revision) {
		if r != nil && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, rev := range slices.Backward(k.list) {
		if slices.Contains(rev.Submitted, job) {
			add(rev)
			break
		}
	}
	add(k.list[len(k.list)-1]) // its writer may have died after it had submitted the job
	add(inEffect(k.list))
	add(lastHealthy(k.list, k.newest.Number+1))
	return out
}

// fieldsSince asks Nomad what registering the recorded job would change, and tells it the other way round.
func (r *run) fieldsSince(ctx context.Context, recorded Job, job *planned) ([]FieldChange, error) {
	was, err := copyJob(recorded.Spec)
	if err != nil {
		return nil, err
	}
	r.place(was)
	keepCounts(was, job.before)
	keepRetries(was, job.before)
	resp, err := r.deps.Nomad.Plan(ctx, was)
	if err != nil {
		return nil, err
	}
	if !differs(resp.Diff) {
		return nil, nil
	}
	out := jobFields(resp.Diff)
	for _, g := range resp.Diff.TaskGroups {
		fields := groupFields(g)
		if whole(g.Type) {
			fields = []FieldChange{{Kind: kindOf(g.Type)}}
		}
		for _, f := range fields {
			f.Path = strings.TrimSuffix("group."+g.Name+"."+f.Path, ".")
			out = append(out, f)
		}
	}
	other := map[string]string{"added": "removed", "removed": "added", "changed": "changed"}
	for i := range out {
		f := &out[i]
		f.Old, f.New, f.Kind, f.Why = f.New, f.Old, other[f.Kind], ""
	}
	return out, nil
}

// scaledByPackctl says whether all that changed are counts, each last set by packctl scale: whose counts are known to hold
// until the next run.
func (r *run) scaledByPackctl(ctx context.Context, job *planned, fields []FieldChange) (bool, error) {
	if len(fields) == 0 {
		return false, nil
	}
	events, err := r.deps.Nomad.Scalings(ctx, job.ID)
	if err != nil {
		return false, err
	}
	for _, f := range fields {
		group, isCount := strings.CutSuffix(strings.TrimPrefix(f.Path, "group."), ".count")
		if !isCount || len(events[group]) == 0 || !strings.HasPrefix(events[group][0].Message, scaledBy) {
			return false, nil
		}
	}
	return true, nil
}
