package release

import (
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
