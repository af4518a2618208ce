package release

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/nomad/api"
)

// copyJob copies a job through the wire form in which it is submitted.
func copyJob(j *api.Job) (*api.Job, error) {
	data, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("copy job %s: %w", value(j.ID), err)
	}
	var out api.Job
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fmt.Errorf("copy job %s: %w", value(j.ID), err)
	}
	return &out, nil
}

// keepCounts carries the present count over for each group that has an enabled scaling block, within the block's new bounds: what
// an autoscaler or a person has set is not the pack's to reset.
func keepCounts(next, before *api.Job) {
	for _, tg := range next.TaskGroups {
		if tg.Scaling == nil || (tg.Scaling.Enabled != nil && !*tg.Scaling.Enabled) {
			continue
		}
		old := before.LookupTaskGroup(value(tg.Name))
		if old == nil || old.Count == nil || value(before.Stop) {
			continue
		}
		n := *old.Count
		if tg.Scaling.Min == nil { // Nomad would take the count for it, and that is to be the pack's, not the present one
			tg.Scaling.Min = ptrTo(int64(countOf(tg)))
		}
		n = max(n, int(*tg.Scaling.Min))
		if tg.Scaling.Max != nil {
			n = min(n, int(*tg.Scaling.Max))
		}
		tg.Count = &n
	}
}

// countTries bounds how often a registration is tried while an autoscaler changes counts.
const countTries = 5

// followCounts takes over the counts that an autoscaler, or a person, has set since the job was planned, and says whether they are
// all that has moved. Anything else is somebody's change, which nobody has seen in the plan.
func (r *run) followCounts(ctx context.Context, job *planned) (bool, error) {
	now, err := r.deps.Nomad.Job(ctx, job.ID)
	if err != nil || now == nil || job.before == nil {
		return false, err
	}
	was, err := withoutCounts(job.before)
	if err != nil {
		return false, err
	}
	is, err := withoutCounts(now)
	if err != nil || !bytes.Equal(was, is) {
		return false, err
	}
	r.phase = PhaseSubmit
	for _, tg := range now.TaskGroups {
		if old := job.before.LookupTaskGroup(value(tg.Name)); old != nil && countOf(old) != countOf(tg) {
			r.say(Info, job.ID, "tier %s went from %d to %s since the plan, and keeps that", value(tg.Name), countOf(old), instances(countOf(tg)))
		}
	}
	keepCounts(job.api, now)
	job.before, job.index, job.version = now, value(now.JobModifyIndex), value(now.Version)
	return true, nil
}

// withoutCounts is a registered job as JSON, without the counts that are not the pack's and what Nomad notes about it.
func withoutCounts(j *api.Job) ([]byte, error) {
	c, err := copyJob(j)
	if err != nil {
		return nil, err
	}
	c.Version, c.JobModifyIndex, c.ModifyIndex, c.SubmitTime = nil, nil, nil, nil
	c.Status, c.StatusDescription, c.Stable, c.VersionTag = nil, nil, nil, nil
	for _, tg := range c.TaskGroups {
		if s := tg.Scaling; s != nil {
			s.CreateIndex, s.ModifyIndex = 0, 0
			if s.Enabled == nil || *s.Enabled {
				tg.Count = nil
			}
		}
	}
	return json.Marshal(c)
}

func ptrTo[T any](v T) *T { return &v }

// keepRetries carries the mark of an earlier retry over, so that it is no change by itself.
func keepRetries(next, before *api.Job) {
	for _, tg := range next.TaskGroups {
		old := before.LookupTaskGroup(value(tg.Name))
		if old == nil || old.Meta[metaRetry] == "" {
			continue
		}
		if tg.Meta == nil {
			tg.Meta = map[string]string{}
		}
		tg.Meta[metaRetry] = old.Meta[metaRetry]
	}
}
