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
	var jobs []*api.Job
	var rest []string // children whose parent is gone
	for _, stub := range listed {
		if stub.ParentID != "" {
			if !slices.ContainsFunc(listed, func(p *api.JobListStub) bool { return p.ID == stub.ParentID }) {
				rest = append(rest, stub.ID)
			}
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
	waves := stopOrder(jobs)
	if len(rest) > 0 {
		slices.Sort(rest)
		waves = append(waves, rest)
	}
	for _, ids := range waves {
		if err := s.wave(ctx, ids); err != nil {
			return err
		}
	}
	return nil
}

// wave stops jobs, their children after them, and returns when none of their allocations runs. Children are looked for
// until no other comes: one that was being launched while its parent was stopped appears later.
func (s *stop) wave(ctx context.Context, ids []string) error {
	s.phase = PhaseStop
	all := slices.Clone(ids)
	for next := ids; len(next) > 0; {
		if err := s.stopJobs(ctx, next); err != nil {
			return err
		}
		var err error
		if next, err = s.others(ctx, ids, all); err != nil {
			return err
		}
		if len(next) == 0 {
			if err := s.awaitEnd(ctx, all); err != nil {
				return err
			}
			if next, err = s.others(ctx, ids, all); err != nil {
				return err
			}
		}
		all = append(all, next...)
	}
	if !s.opt.Purge {
		return nil
	}
	return s.purge(ctx, ids)
}

// others are the children of jobs that run and are not among those that are known.
func (s *stop) others(ctx context.Context, parents, known []string) ([]string, error) {
	kids, err := s.children(ctx, s.opt.Release, parents)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, k := range kids {
		if runs(k) && !slices.Contains(known, k.ID) {
			out = append(out, k.ID)
		}
	}
	return out, nil
}

func (s *stop) stopJobs(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := s.deps.Nomad.Deregister(ctx, id, false); err != nil {
			return err
		}
		s.res.Stopped = append(s.res.Stopped, id)
		s.say(Info, id, "stopped job %s", id)
	}
	return nil
}

// awaitEnd returns when nothing of the jobs runs.
func (s *stop) awaitEnd(ctx context.Context, ids []string) error {
	jobs := make([]watched, len(ids))
	for i, id := range ids {
		jobs[i].id = id
	}
	w := s.watch(ctx, jobs, nil)
	defer w.close()
	for {
		o, _, err := w.next(ctx)
		if err != nil || quiet(o) {
			return err
		}
	}
}

// purge makes Nomad forget jobs, after their children, those that had ended long before too.
func (s *stop) purge(ctx context.Context, ids []string) error {
	kids, err := s.children(ctx, s.opt.Release, ids)
	if err != nil {
		return err
	}
	for _, k := range kids {
		if err := s.deps.Nomad.Deregister(ctx, k.ID, true); err != nil {
			return err
		}
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

// registered are the services that a job registers.
func registered(job *api.Job) []string {
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
