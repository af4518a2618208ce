package release

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// canaried is what the fake knows of canaries.
type canaried struct {
	canaries     map[string]*fakeCanaries // by job: since its last registration
	promotedTo   map[string]string        // by job: its state once it is promoted
	promoteFault error
}

// fakeCanaries are a job's canaries beside what it ran before. The job's state is that of the canaries, and after the
// promotion that of all.
type fakeCanaries struct {
	old      *api.Job
	promoted bool
}

// place makes canaries of a registration where Nomad would: the job has them, runs, and is not put back to what still runs. The
// caller holds mu.
func (f *fake) place(before, now *api.Job) {
	id := value(now.ID)
	was := f.canaries[id]
	delete(f.canaries, id)
	if before == nil || value(before.Stop) || canariesIn(now) == 0 {
		return
	}
	old := before
	if was != nil && !was.promoted {
		old = was.old
	}
	if value(old.Name) == value(now.Name) {
		return
	}
	if f.canaries == nil {
		f.canaries = map[string]*fakeCanaries{}
	}
	f.canaries[id] = &fakeCanaries{old: old}
}

func canariesIn(j *api.Job) int {
	n := 0
	for _, tg := range j.TaskGroups {
		if tg.Update != nil {
			n += value(tg.Update.Canary)
		}
	}
	return n
}

// facts are the allocations and the deployment. The caller holds the fake's mu.
func (c *fakeCanaries) facts(f *fake, j *api.Job, jf *status.JobFacts) {
	d := &api.Deployment{ID: "d-" + *j.ID, JobVersion: *j.Version, Status: api.DeploymentStatusRunning, TaskGroups: map[string]*api.DeploymentState{}}
	for _, tg := range j.TaskGroups {
		s := &api.DeploymentState{DesiredTotal: *tg.Count, Promoted: c.promoted}
		d.TaskGroups[*tg.Name] = s
		n := *tg.Count
		if !c.promoted && tg.Update != nil {
			n, s.DesiredCanaries = value(tg.Update.Canary), value(tg.Update.Canary)
			was := f.state[*j.ID]
			f.state[*j.ID] = "healthy"
			for i := range *tg.Count {
				a := f.alloc(c.old, *tg.Name, i)
				a.ID += "-old"
				jf.Allocs = append(jf.Allocs, a)
			}
			f.state[*j.ID] = was
		}
		for i := range n {
			a := f.alloc(j, *tg.Name, i)
			jf.Allocs = append(jf.Allocs, a)
			if s.PlacedAllocs++; fine(a) {
				s.HealthyAllocs++
			}
			if a.ClientStatus == api.AllocClientStatusFailed { // it is not to be placed again
				s.UnhealthyAllocs++
				d.Status, d.StatusDescription = api.DeploymentStatusFailed, "Failed due to unhealthy allocations"
			}
			if !c.promoted {
				s.PlacedCanaries = append(s.PlacedCanaries, a.ID)
			}
		}
		if c.promoted && s.HealthyAllocs == s.DesiredTotal {
			d.Status = api.DeploymentStatusSuccessful
		}
	}
	jf.Deployment = d
}

// PromoteDeployment refuses what Nomad refuses.
func (f *fake) PromoteDeployment(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.promoteFault != nil {
		return f.promoteFault
	}
	job := strings.TrimPrefix(id, "d-")
	c := f.canaries[job]
	if c == nil || c.promoted {
		return errors.New("no deployment to promote")
	}
	jf := status.JobFacts{ID: job, Job: f.jobs[job]}
	c.facts(f, f.jobs[job], &jf)
	for _, s := range jf.Deployment.TaskGroups {
		if s.HealthyAllocs < s.DesiredCanaries {
			return errors.New("the canaries are not healthy")
		}
	}
	c.promoted = true
	if state, ok := f.promotedTo[job]; ok {
		f.state[job] = state
	}
	f.did("promote " + job)
	return nil
}
