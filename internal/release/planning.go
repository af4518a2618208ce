package release

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// plan reads what the cluster has of each job, asks Nomad what each submission would change, and collects what must not
// be touched or cannot run: the error says all of that. It changes nothing. The plan is as complete as could be found out.
func (r *run) plan(ctx context.Context) (*Plan, error) {
	plan := newPlan(r.manifest)
	p := &problems{outcome: Failed}
	foreign := &problems{outcome: Conflict}
	err := r.planInto(ctx, plan, p, foreign)
	if err == nil {
		err = r.drift(ctx, plan)
	}
	plan.Approvals = r.approvals(plan)
	plan.Problems = append(append(plan.Problems, foreign.list...), p.list...)
	plan.Changes = plan.Count(ActionUnchanged) < len(plan.Jobs) || len(plan.Credentials)+len(plan.Volumes) > 0
	plan.redact(r.secret)
	if err == nil {
		err = foreign.err()
	}
	if err == nil {
		err = p.err()
	}
	return plan, err
}

func (r *run) planInto(ctx context.Context, plan *Plan, p, foreign *problems) error {
	if err := r.load(ctx, foreign); err != nil {
		return err
	}
	if err := r.planCredentials(ctx, plan, p); err != nil {
		return err
	}
	missing, err := r.planVolumes(ctx, plan, p)
	if err != nil {
		return err
	}
	r.missing = missing
	before := len(p.list)
	if err := r.drivers(ctx, p, r.specs()); err != nil {
		return err
	}
	if err := r.ports(ctx, p); err != nil {
		return err
	}
	places := p
	if len(p.list) > before { // that there is no place follows
		places = &problems{}
	}
	for _, job := range r.jobs {
		resp, err := r.planJob(ctx, job, missing, places)
		if err != nil {
			return err
		}
		todo := planOf(job, resp)
		job.moves = map[string]bool{}
		for _, t := range todo.Tiers {
			job.moves[t.Name] = t.moves()
		}
		plan.Jobs = append(plan.Jobs, todo)
		plan.Kept = append(plan.Kept, keptCounts(job)...)
	}
	for _, o := range r.orphans {
		plan.Jobs = append(plan.Jobs, JobPlan{ID: o, Namespace: cmp.Or(r.deps.places.of(o), r.manifest.Release.Namespace), Action: ActionPrune, Fields: []FieldChange{}, Tiers: []TierPlan{}})
	}
	return r.planOnce(ctx, plan, p, places)
}

// specs are the jobs as they are to be registered.
func (r *run) specs() []*api.Job {
	var out []*api.Job
	for _, job := range r.jobs {
		out = append(out, job.api)
	}
	return out
}

// load fills in the jobs with what is registered under their IDs, and leaves out jobs that are not this release's.
func (r *run) load(ctx context.Context, p *problems) error {
	rel := r.manifest.Release
	ours := map[string]string{}
	for _, v := range r.manifest.Volumes {
		r.deps.places.volume(v.Spec.Name, v.Spec.Namespace)
	}
	for _, j := range r.manifest.Jobs {
		next, err := copyJob(j.Spec)
		if err != nil {
			return err
		}
		r.place(next)
		before, err := r.deps.Nomad.Job(ctx, j.ID)
		if err != nil {
			return err
		}
		ours[j.ID] = *next.Namespace
		job := &planned{Job: j, api: next, before: before}
		if before != nil {
			switch mine := BelongsTo(before.Meta, *next.Namespace, rel.Name, rel.Namespace); {
			case mine:
			case r.opt.Adopt:
				job.adopts = belongs(before.Meta, *next.Namespace)
			default:
				p.add("choose another release name with --name, take it over with -adopt, or stop and purge that job if it is not needed: nomad job stop -purge "+j.ID,
					"job %s exists already and %s", j.ID, belongs(before.Meta, *next.Namespace))
				p.about(j.ID, "", j.File)
				continue
			}
			job.index, job.version = value(before.JobModifyIndex), value(before.Version)
			keepCounts(next, before)
			keepRetries(next, before)
		}
		r.jobs = append(r.jobs, job)
	}
	if err := r.ownHooks(ctx, p); err != nil {
		return err
	}
	listed, err := r.deps.Nomad.ReleaseJobs(ctx, rel.Name)
	if err != nil {
		return err
	}
	for _, j := range listed {
		if j.Stop || j.ParentID != "" || r.manifest.isHook(j.ID) || Momentary(j.Meta) { // a child goes with its parent
			continue
		}
		at, known := ours[j.ID]
		if !known && r.only != nil {
			continue
		}
		if !known {
			r.orphans = append(r.orphans, j.ID)
		} else if in := cmp.Or(j.Namespace, at); in != at {
			p.add("stop it there first: nomad job stop -namespace "+in+" "+j.ID, "job %s is to be in namespace %s, but runs in namespace %s", j.ID, at, in)
			p.about(j.ID, "", "")
		}
	}
	slices.Sort(r.orphans)
	return nil
}

// place puts a job that names no namespace into the release's, and notes where it is to be.
func (r *run) place(job *api.Job) {
	if value(job.Namespace) == "" {
		home := cmp.Or(r.manifest.Release.Namespace, api.DefaultNamespace)
		job.Namespace = &home
	}
	r.deps.places.job(value(job.ID), *job.Namespace)
}

// belongs says whose a job is that is not this release's.
func belongs(meta map[string]string, in string) string {
	if meta[MetaRelease] == "" {
		return "was not made by packctl"
	}
	return "belongs to release " + meta[MetaRelease] + " in namespace " + HomeOf(meta, in)
}

// planJob asks Nomad about one job: what would change, and whether there is a place for it.
func (r *run) planJob(ctx context.Context, job *planned, missing map[string]bool, p *problems) (*api.JobPlanResponse, error) {
	first, err := r.deps.Nomad.Plan(ctx, job.api)
	if err != nil {
		return nil, err
	}
	resp := first
	job.changed = differs(resp.Diff)
	if len(resp.FailedTGAllocs) == 0 {
		return first, nil
	}
	if bare, changed := withoutVolumes(job.api, missing); changed { // its volumes come later, what else is in the way?
		if bare, err = copyJob(bare); err != nil {
			return nil, err
		}
		if resp, err = r.deps.Nomad.Plan(ctx, bare); err != nil {
			return nil, err
		}
	}
	for _, group := range slices.Sorted(maps.Keys(resp.FailedTGAllocs)) {
		p.add(placementHint(resp.FailedTGAllocs[group]),
			"tier %s of job %s (%s): %s", group, job.ID, job.File, status.PlacementReason(resp.FailedTGAllocs[group]))
		p.about(job.ID, group, job.File)
	}
	return first, nil
}

func placementHint(m *api.AllocationMetric) string {
	for dimension := range m.DimensionExhausted {
		if strings.HasPrefix(dimension, "network: ") {
			return "stop the job that has the port (nomad job status), or give the tier another one with the variable that the pack has for it; nothing was submitted"
		}
	}
	return "make room for it, or change what it asks for, and run again; nothing was submitted"
}

// withoutVolumes is the job without its requests for the volumes that do not exist yet.
func withoutVolumes(job *api.Job, missing map[string]bool) (*api.Job, bool) {
	out := *job
	out.TaskGroups = nil
	changed := false
	for _, tg := range job.TaskGroups {
		g := *tg
		gone := map[string]bool{}
		g.Volumes = map[string]*api.VolumeRequest{}
		for name, v := range tg.Volumes {
			if missing[v.Source] {
				gone[name], changed = true, true
				continue
			}
			g.Volumes[name] = v
		}
		g.Tasks = nil
		for _, t := range tg.Tasks {
			c := *t
			c.VolumeMounts = slices.DeleteFunc(slices.Clone(t.VolumeMounts), func(m *api.VolumeMount) bool { return gone[value(m.Volume)] })
			g.Tasks = append(g.Tasks, &c)
		}
		out.TaskGroups = append(out.TaskGroups, &g)
	}
	return &out, changed
}

// some names the first few of a list.
func some(list []string) string {
	const few = 4
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
