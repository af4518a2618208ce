package release

import (
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// placeWithin is how long a job that runs once may find no room. What has just been replaced by an upgrade still holds its
// own for a while.
const placeWithin = 45 * time.Second

// progressWithin is Nomad's own default of update's progress_deadline.
const progressWithin = 10 * time.Minute

// unplaceable are the tiers of a job that are not going to start, because no node takes them. One that runs once is told
// at once where no node is fit for it, and after placeWithin where nodes are only full. Others get their progress_deadline:
// Nomad's own begins with the first instance that is placed, and so never where none is [measured on 1.11.3].
func (j *judge) unplaceable(now time.Time, job *planned, f status.JobFacts) []string {
	if !f.Evaluated { // somebody freed something, and it is tried again
		return nil
	}
	if f.Eval == nil {
		delete(j.fullSince, job.ID)
		return nil
	}
	if _, seen := j.fullSince[job.ID]; !seen {
		j.fullSince[job.ID] = now
	}
	var bad []string
	for group, m := range f.Eval.FailedTGAllocs {
		if underDeadline(f.Deployment, group) {
			continue
		}
		if within := placeIn(job, f.Job.LookupTaskGroup(group), m); now.Sub(j.fullSince[job.ID]) >= within {
			bad = append(bad, f.ID+"/"+group)
		}
	}
	slices.Sort(bad)
	return bad
}

// underDeadline says that Nomad's own deadline of a group runs.
func underDeadline(d *api.Deployment, group string) bool {
	return d != nil && d.TaskGroups[group] != nil && d.TaskGroups[group].PlacedAllocs > 0
}

// placeIn is how long a group may have no place.
func placeIn(job *planned, tg *api.TaskGroup, m *api.AllocationMetric) time.Duration {
	switch {
	case job.once && !full(m):
		return 0
	case job.once:
		return placeWithin
	case tg != nil && tg.Update != nil && value(tg.Update.ProgressDeadline) > 0:
		return *tg.Update.ProgressDeadline
	}
	return progressWithin
}
