package release

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/status"
)

// HookPlan is a hook that a run would run.
type HookPlan struct {
	Name  string     `json:"hook"`
	Event spec.Event `json:"event"`
	Job   string     `json:"job"`
}

// MigrationPlan is the migration of a tier that is about to get new allocations.
type MigrationPlan struct {
	Name  string `json:"migration"`
	Job   string `json:"job"`
	Tier  string `json:"tier"`
	As    string `json:"runs_as,omitempty"` // the batch job that runs it before anything is changed
	Later string `json:"later,omitempty"`   // instead: why it runs when the new instances start
}

// planOnce says what a run would run for a moment, in its order, and what of that no node can take at all: a hook that
// cannot run would only be found when everything else is done.
func (r *run) planOnce(ctx context.Context, plan *Plan, p, places *problems) error {
	due, err := r.dueHooks(ctx, plan)
	if err != nil {
		return err
	}
	for _, h := range due {
		plan.Hooks = append(plan.Hooks, h.HookPlan)
	}
	if err := r.planMigrations(plan); err != nil {
		return err
	}
	var jobs []*api.Job
	var once []dueHook
	for _, h := range due {
		if !slices.ContainsFunc(once, func(o dueHook) bool { return o.Job == h.Job }) {
			once, jobs = append(once, h), append(jobs, h.hook.Job.Spec)
		}
	}
	before := len(p.list)
	if err := r.drivers(ctx, p, jobs); err != nil {
		return err
	}
	if len(p.list) > before { // that there is no place follows
		return nil
	}
	for _, h := range once {
		if err := r.placeHook(ctx, h, places); err != nil {
			return err
		}
	}
	return nil
}

type dueHook struct {
	HookPlan
	hook Hook
}

// dueHooks are those that run when the plan is carried out: around what it changes, or, when it changes nothing, those that the
// newest revision is still owed.
func (r *run) dueHooks(ctx context.Context, plan *Plan) ([]dueHook, error) {
	if r.opt.NoHooks || len(r.manifest.Hooks) == 0 {
		return nil, nil
	}
	before, after := r.events()
	if plan.Count(ActionUnchanged) == len(plan.Jobs) {
		_, newest, err := r.newestRecord(ctx)
		if err != nil {
			return nil, err
		}
		before, after = "", newest.owes()
	}
	if r.opt.Detach {
		after = ""
	}
	var out []dueHook
	for _, e := range []spec.Event{before, after} {
		for _, h := range r.manifest.hooksOn(e) {
			out = append(out, dueHook{HookPlan{Name: h.Name, Event: e, Job: h.Job.ID}, h})
		}
	}
	return out, nil
}

// planMigrations lists the migrations, those that run before the upgrade first.
func (r *run) planMigrations(plan *Plan) error {
	quiet := *r
	quiet.obs = nobody{}
	due, err := quiet.dueMigrations()
	if err != nil {
		return err
	}
	for _, m := range due {
		plan.Migrations = append(plan.Migrations, MigrationPlan{Name: m.name, Job: m.from.ID, Tier: m.tier, As: m.job.ID})
	}
	for _, job := range r.jobs {
		if job.before == nil || value(job.before.Stop) || !job.changed {
			continue
		}
		for _, tg := range job.api.TaskGroups {
			if p := prepareOf(tg); p != nil && p.Migration != nil && job.moves[value(tg.Name)] {
				if why := r.notBefore(tg, p); why != "" {
					plan.Migrations = append(plan.Migrations, MigrationPlan{Name: p.Migration.Name, Job: job.ID, Tier: value(tg.Name), Later: why})
				}
			}
		}
	}
	return nil
}

// placeHook asks Nomad about a hook's job as it would be run. That the nodes are full now is no problem: when it runs, others
// may have ended.
func (r *run) placeHook(ctx context.Context, h dueHook, p *problems) error {
	job, err := r.onceJob(ctx, once{job: h.hook.Job, meta: map[string]string{MetaHook: h.Name, MetaEvent: string(h.Event)}})
	if err != nil {
		return err
	}
	resp, err := r.deps.Nomad.Plan(ctx, job.api)
	if err != nil {
		return err
	}
	for _, group := range slices.Sorted(maps.Keys(resp.FailedTGAllocs)) {
		m := resp.FailedTGAllocs[group]
		if full(m) || r.lacksVolume(job.api.LookupTaskGroup(group)) {
			continue
		}
		p.add(placementHint(m), "hook %s of %s: tier %s of job %s (%s): %s", h.Name, h.Event, group, h.Job, h.hook.Job.File, status.PlacementReason(m))
		p.about(h.Job, group, h.hook.Job.File)
	}
	return nil
}

// full says that nodes are fit for a group, and have no room now.
func full(m *api.AllocationMetric) bool { return len(m.DimensionExhausted) > 0 || m.NodesExhausted > 0 }

// lacksVolume says whether a group mounts a volume that the run makes first.
func (r *run) lacksVolume(tg *api.TaskGroup) bool {
	if tg == nil {
		return false
	}
	for _, v := range tg.Volumes {
		if r.missing[v.Source] {
			return true
		}
	}
	return false
}
