package release

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// MetaMigration is the meta key of a job that is made from a tier to run its migration: "<job>/<tier>". Such a job is none of
// the release's own.
const MetaMigration = "packctl_migration"

// migration is the migration of one tier of a job that runs, as it is to run before the job is changed.
type migration struct {
	name string
	from *planned
	tier string
	job  Job
}

// migrations runs the migrations of the tiers that are about to get new allocations, as batch jobs in the new version's image
// and beside the running old version, before anything of the release is changed. The same migration in the new
// allocations then finds nothing to do.
func (r *run) migrations(ctx context.Context) error {
	list, err := r.dueMigrations()
	if err != nil {
		return err
	}
	for i, m := range list {
		if i == 0 {
			r.enter(PhaseMigrate, "running the migrations before anything is changed")
		}
		r.phase = PhaseMigrate
		r.say(Info, m.from.ID, "migration %s of tier %s: running job %s", m.name, m.tier, m.job.ID)
		if err := r.noting(ctx, m, false); err != nil {
			out := *r.classify(ctx, err)
			if out.Outcome == Failed {
				out.Err = fmt.Errorf("migration %s of tier %s: %w", m.name, m.tier, out.Err)
				out.Hint = "nothing of the release was changed, and the old version goes on; mend the migration and run again"
			}
			return &out
		}
		r.phase = PhaseMigrate
		r.say(Info, m.from.ID, "migration %s of tier %s is done", m.name, m.tier)
	}
	return nil
}

// migrate runs one. It reads the secrets of the tier's job, which its own identity may not: they are lent to it while it runs.
func (r *run) migrate(ctx context.Context, m migration) (err error) {
	r.deps.places.job(m.job.ID, value(m.job.Spec.Namespace))
	loan, err := r.lend(ctx, m)
	defer func() {
		clean, done := context.WithTimeout(context.WithoutCancel(ctx), cleanUpWithin)
		defer done()
		for _, path := range loan {
			if gone := r.deps.Nomad.DeleteVariable(clean, path); gone != nil {
				r.say(Warn, m.job.ID, "the copy of secrets at %s was not removed: %v", path, gone)
			}
		}
	}()
	if err != nil {
		return err
	}
	return r.once(ctx, once{job: m.job, phase: PhaseMigrate})
}

// lend copies the Nomad Variables of the tier's job, which its templates read, to where the migration's job may read them.
func (r *run) lend(ctx context.Context, m migration) (paths []string, err error) {
	for _, below := range readable(m.tier) {
		from, err := r.deps.Nomad.Variable(ctx, variableOf(m.from.ID)+below)
		if err != nil {
			return paths, err
		}
		if from == nil {
			continue
		}
		path := variableOf(m.job.ID) + below
		to, err := r.deps.Nomad.Variable(ctx, path)
		if err != nil {
			return paths, err
		}
		if to == nil {
			to = api.NewVariable(path)
		}
		to = to.Copy()
		to.Items = maps.Clone(from.Items)
		if err := r.deps.Nomad.PutVariable(ctx, to); err != nil {
			return paths, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// dueMigrations are those of tiers that run and are about to get new allocations, in the order of the waves.
func (r *run) dueMigrations() ([]migration, error) {
	if r.history.restores != nil { // an older version's migration has nothing to add to what a newer one did
		return nil, nil
	}
	var out []migration
	for _, job := range r.jobs {
		if job.before == nil || value(job.before.Stop) {
			continue
		}
		for _, tg := range job.api.TaskGroups {
			p := prepareOf(tg)
			due := job.changed && job.moves[value(tg.Name)] || r.schemaOwed[job.ID+"/"+value(tg.Name)]
			if p == nil || p.Migration == nil || !due {
				continue
			}
			if why := r.notBefore(tg, p); why != "" {
				r.say(Info, job.ID, "migration %s of tier %s runs when its new instances start: %s", p.Migration.Name, value(tg.Name), why)
				continue
			}
			made, err := migrationJob(job.api, value(tg.Name))
			if err != nil {
				return nil, err
			}
			out = append(out, migration{name: p.Migration.Name, from: job, tier: value(tg.Name), job: Job{ID: value(made.ID), File: job.File, Spec: made}})
		}
	}
	return out, nil
}

// prepareOf is what a tier's prestart task does, or nil.
func prepareOf(tg *api.TaskGroup) *spec.Prepare {
	for _, t := range tg.Tasks {
		var p spec.Prepare
		if t.Name == spec.PrepareTask && json.Unmarshal([]byte(t.Env[spec.PrepareEnv]), &p) == nil {
			return &p
		}
	}
	return nil
}

// notBefore is why a migration cannot run before the release is changed, or "": what it needs comes with this very change,
// or is held by the instance that runs.
func (r *run) notBefore(tg *api.TaskGroup, p *spec.Prepare) string {
	for _, w := range p.WaitFor {
		if w.Service != nil && r.comes(w.Service.Name) {
			return "it waits for " + w.Service.Name + ", which comes with this change"
		}
	}
	return holds(tg)
}

// holds is why a tier's migration cannot run beside an instance of it, or "".
func holds(tg *api.TaskGroup) string {
	for _, mount := range prepareTask(tg).VolumeMounts {
		if v := tg.Volumes[value(mount.Volume)]; v != nil && !v.ReadOnly && !strings.HasSuffix(v.AccessMode, "multi-writer") {
			return "it writes to volume " + v.Source + ", which the running instance holds"
		}
	}
	return ""
}

// comes says whether a service is one of the manifest's that nothing registers yet.
func (r *run) comes(service string) bool {
	is := false
	for _, job := range r.jobs {
		if job.before != nil && !value(job.before.Stop) && slices.Contains(servicesIn(job.before), service) {
			return false
		}
		is = is || slices.Contains(servicesIn(job.api), service)
	}
	return is
}

func servicesIn(job *api.Job) []string {
	var out []string
	for _, tg := range job.TaskGroups {
		for _, s := range tg.Services {
			out = append(out, s.Name)
		}
		for _, t := range tg.Tasks {
			for _, s := range t.Services {
				out = append(out, s.Name)
			}
		}
	}
	return out
}

func prepareTask(tg *api.TaskGroup) *api.Task {
	for _, t := range tg.Tasks {
		if t.Name == spec.PrepareTask {
			return t
		}
	}
	return &api.Task{}
}

// migrationJob makes the batch job that runs the migration of a tier: its prestart task alone, with the tier's placement,
// network and those of its volumes that the task mounts, but without services, and without ports that the running
// instance holds. What its templates read at the job's own Nomad Variables they read at those of the new one.
func migrationJob(job *api.Job, tier string) (*api.Job, error) {
	out, err := copyJob(job)
	if err != nil {
		return nil, err
	}
	id, kind := value(job.ID)+"-migrate-"+tier, api.JobTypeBatch
	paths := lending(value(job.ID), tier, id)
	out.ID, out.Name, out.Type = &id, &id, &kind
	out.Update, out.Migrate, out.Periodic, out.ParameterizedJob, out.Reschedule = nil, nil, nil, nil, nil
	out.Multiregion, out.Spreads = nil, nil
	out.Meta = maps.Clone(out.Meta)
	if out.Meta == nil {
		out.Meta = map[string]string{}
	}
	out.Meta[MetaMigration] = value(job.ID) + "/" + tier
	tg := out.LookupTaskGroup(tier)
	out.TaskGroups = []*api.TaskGroup{tg}
	task := prepareTask(tg)
	task.Lifecycle, task.Services, task.ScalingPolicies = nil, nil, nil
	for _, t := range task.Templates {
		if t.EmbeddedTmpl != nil {
			text := paths.Replace(*t.EmbeddedTmpl)
			t.EmbeddedTmpl = &text
		}
	}
	one, never, no, span := 1, 0, false, 24*time.Hour
	tg.Tasks, tg.Count = []*api.Task{task}, &one
	tg.Services, tg.Scaling, tg.Update, tg.Migrate, tg.Spreads = nil, nil, nil, nil, nil
	tg.Disconnect, tg.ShutdownDelay = nil, nil
	tg.ReschedulePolicy = &api.ReschedulePolicy{Attempts: &never, Unlimited: &no, Interval: &span}
	if tg.EphemeralDisk != nil {
		tg.EphemeralDisk.Sticky, tg.EphemeralDisk.Migrate = &no, &no
	}
	for _, n := range tg.Networks {
		n.ReservedPorts = nil
	}
	maps.DeleteFunc(tg.Volumes, func(name string, _ *api.VolumeRequest) bool {
		return !slices.ContainsFunc(task.VolumeMounts, func(m *api.VolumeMount) bool { return value(m.Volume) == name })
	})
	return out, nil
}

// lending replaces in a template the paths of the Nomad Variables that are lent.
func lending(job, tier, id string) *strings.Replacer {
	var pairs []string
	for _, below := range readable(tier) {
		for _, end := range []string{`"`, "`"} {
			pairs = append(pairs, variableOf(job)+below+end, variableOf(id)+below+end)
		}
	}
	return strings.NewReplacer(pairs...)
}

// readable are the Nomad Variables that the prestart task of a tier may read, below its job's.
func readable(tier string) []string {
	return []string{"", "/" + tier, "/" + tier + "/" + spec.PrepareTask}
}
