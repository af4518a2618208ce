package release

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/status"
)

// stop is one stop of one release.
type stop struct {
	verb
	opt StopOptions
}

// do stops the release's jobs in the reverse of the order in which they wait for each other.
func (s *stop) do(ctx context.Context) error {
	s.enter(PhasePlan, "looking for the jobs of release %s", s.opt.Release)
	listed, err := s.deps.Nomad.ReleaseJobs(ctx, s.opt.Release)
	if err != nil {
		return err
	}
	if len(listed) == 0 {
		return &Error{Outcome: Failed, Err: fmt.Errorf("release %s has no jobs in this namespace", s.opt.Release),
			Hint: "packctl marks its jobs with the meta key " + MetaRelease + "; nomad job status lists what there is"}
	}
	return s.locked(ctx, s.opt.Release, func(ctx context.Context) error { return s.waves(ctx, listed) })
}

func (s *stop) waves(ctx context.Context, listed []*api.JobListStub) error {
	children := map[string][]string{} // of periodic jobs, by parent
	var jobs []*api.Job
	for _, stub := range listed {
		if stub.ParentID != "" {
			children[stub.ParentID] = append(children[stub.ParentID], stub.ID)
			continue
		}
		job, err := s.deps.Nomad.Job(ctx, stub.ID)
		if err != nil {
			return err
		}
		if job != nil {
			jobs = append(jobs, job)
		}
	}
	for _, wave := range stopOrder(jobs) {
		var ids []string
		for _, id := range wave { // a parent before its children, so that it starts no new one
			ids = append(ids, id)
			ids = append(ids, children[id]...)
			delete(children, id)
		}
		if err := s.wave(ctx, ids); err != nil {
			return err
		}
	}
	var rest []string // children whose parent is gone
	for _, ids := range children {
		rest = append(rest, ids...)
	}
	slices.Sort(rest)
	if len(rest) == 0 {
		return nil
	}
	return s.wave(ctx, rest)
}

// wave stops jobs and returns when none of their allocations runs.
func (s *stop) wave(ctx context.Context, ids []string) error {
	s.phase = PhaseStop
	for _, id := range ids {
		if err := s.deps.Nomad.Deregister(ctx, id, false); err != nil {
			return err
		}
		s.res.Stopped = append(s.res.Stopped, id)
		s.say(Info, id, "stopped job %s", id)
	}
	jobs := make([]watched, len(ids))
	for i, id := range ids {
		jobs[i].id = id
	}
	w := s.watch(ctx, jobs, nil)
	defer w.close()
	for {
		o, _, err := w.next(ctx)
		if err != nil {
			return err
		}
		if quiet(o) {
			break
		}
	}
	if !s.opt.Purge {
		return nil
	}
	for _, id := range ids {
		if err := s.deps.Nomad.Deregister(ctx, id, true); err != nil {
			return err
		}
	}
	return nil
}

// quiet says that nothing of the jobs runs and nothing is about to.
func quiet(o status.Observation) bool {
	for _, f := range o.Jobs {
		if f.Job != nil && (!value(f.Job.Stop) || !f.Evaluated) {
			return false
		}
		for _, a := range f.Allocs {
			if a.ClientStatus == api.AllocClientStatusPending || a.ClientStatus == api.AllocClientStatusRunning {
				return false
			}
		}
	}
	return true
}

// stopOrder puts jobs into waves, front first: a job stops before those whose services its gates wait for. The order is
// read from the registered jobs themselves, since the pack may be another by now. Jobs in a circle stop together, last.
func stopOrder(jobs []*api.Job) [][]string {
	slices.SortFunc(jobs, func(a, b *api.Job) int { return cmp.Compare(value(a.ID), value(b.ID)) })
	provider := map[string]string{}
	for _, job := range jobs {
		for _, tg := range job.TaskGroups {
			for _, service := range tg.Services {
				provider[service.Name] = value(job.ID)
			}
		}
	}
	needs := map[string]map[string]bool{}
	for _, job := range jobs {
		id := value(job.ID)
		needs[id] = map[string]bool{}
		for _, service := range awaited(job) {
			if p := provider[service]; p != "" && p != id {
				needs[id][p] = true
			}
		}
	}
	var waves [][]string
	for left := len(jobs); left > 0; {
		wanted := map[string]bool{}
		for _, n := range needs {
			for p := range n {
				wanted[p] = true
			}
		}
		var wave []string
		for _, job := range jobs {
			id := value(job.ID)
			if _, there := needs[id]; there && !wanted[id] {
				wave = append(wave, id)
			}
		}
		if len(wave) == 0 {
			for _, job := range jobs {
				if _, there := needs[value(job.ID)]; there {
					wave = append(wave, value(job.ID))
				}
			}
		}
		for _, id := range wave {
			delete(needs, id)
		}
		left -= len(wave)
		waves = append(waves, wave)
	}
	return waves
}

// awaited are the Consul services that a registered job's gates wait for.
func awaited(job *api.Job) []string {
	var out []string
	for _, tg := range job.TaskGroups {
		for _, t := range tg.Tasks {
			var p spec.Prepare
			if t.Name != spec.PrepareTask || json.Unmarshal([]byte(t.Env[spec.PrepareEnv]), &p) != nil {
				continue
			}
			for _, w := range p.WaitFor {
				if w.Service != nil {
					out = append(out, w.Service.Name)
				}
			}
		}
	}
	return out
}
