package release

import (
	"cmp"
	"encoding/json"
	"maps"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// versionTask is the task in the older version's image that says which version it needs.
const versionTask = "version"

// downJob makes the batch job that takes a tier's schema back: that of the newer revision's migration, backwards. A command's
// version is told by a task of the older revision that runs before it in the same allocation.
func (r *run) downJob(a above) (migration, error) {
	made, err := migrationJob(a.next, a.tier)
	if err != nil {
		return migration{}, err
	}
	home := cmp.Or(value(a.next.Namespace), r.manifest.Release.Namespace, api.DefaultNamespace)
	made.Namespace = &home
	tg := made.TaskGroups[0]
	p := prepareOf(tg)
	p.Step, p.To = spec.StepDown, a.to
	if err := setPrepare(tg.Tasks[0], p); err != nil {
		return migration{}, err
	}
	if p.Migration.SQL == "" {
		first, err := versionOf(a, p.Migration.Down)
		if err != nil {
			return migration{}, err
		}
		tg.Tasks = []*api.Task{first, tg.Tasks[0]}
	}
	from := &planned{Job: Job{ID: a.job}}
	return migration{name: a.name, from: from, tier: a.tier, job: Job{ID: value(made.ID), Spec: made}}, nil
}

// versionOf makes that task from the older revision's prestart task. It looks at its own files only, so it gets no volumes.
// An older revision that has no down block is asked with the newer one's command.
func versionOf(a above, down *spec.Down) (*api.Task, error) {
	made, err := migrationJob(a.old, a.tier)
	if err != nil {
		return nil, err
	}
	tg := made.TaskGroups[0]
	task, p := tg.Tasks[0], prepareOf(tg)
	if p.Migration.Down == nil {
		p.Migration.Down = down
	}
	p.Step, p.WaitFor = spec.StepVersion, nil
	task.Name, task.VolumeMounts = versionTask, nil
	task.Lifecycle = &api.TaskLifecycle{Hook: api.TaskLifecycleHookPrestart}
	return task, setPrepare(task, p)
}

// setPrepare tells a prestart task what to do.
func setPrepare(task *api.Task, p *spec.Prepare) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	task.Env = maps.Clone(task.Env)
	task.Env[spec.PrepareEnv] = string(text)
	return nil
}
