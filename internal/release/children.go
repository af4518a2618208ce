package release

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/nomad/api"
)

// launches says whether a job runs as children, at their time or when dispatched, and never itself.
func launches(job *api.Job) bool { return job.IsPeriodic() || job.IsParameterized() }

// children are the child jobs of some of a release's jobs, by ID.
func (v *verb) children(ctx context.Context, release string, parents []string) ([]*api.JobListStub, error) {
	listed, err := v.deps.Nomad.ReleaseJobs(ctx, release)
	if err != nil {
		return nil, err
	}
	kids := slices.DeleteFunc(listed, func(j *api.JobListStub) bool {
		return j.ParentID == "" || !slices.Contains(parents, j.ParentID)
	})
	slices.SortFunc(kids, func(a, b *api.JobListStub) int { return cmp.Compare(a.ID, b.ID) })
	return kids, nil
}

// runs says whether something of a child runs or is to come. Nomad calls a job dead as soon as it has told its clients to
// end what runs, which takes its time.
func runs(j *api.JobListStub) bool {
	if j.Status != "dead" {
		return true
	}
	if j.JobSummary == nil {
		return false
	}
	for _, g := range j.JobSummary.Summary {
		if g.Running > 0 || g.Starting > 0 {
			return true
		}
	}
	return false
}
