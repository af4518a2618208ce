package release

import (
	"cmp"
	"context"

	"github.com/hashicorp/nomad/api"
)

// JobPlace is a job of a release with its namespace.
type JobPlace struct{ Job, Namespace string }

// Where lists a release's jobs, sorted.
func (e *Engine) Where(ctx context.Context, release string) ([]JobPlace, error) {
	v := &verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}
	tiers, err := v.tiers(ctx, release)
	if err != nil {
		return nil, v.classify(ctx, err)
	}
	var out []JobPlace
	for _, t := range tiers {
		p := JobPlace{Job: t.job.ID, Namespace: cmp.Or(value(t.job.before.Namespace), api.DefaultNamespace)}
		if n := len(out); n == 0 || out[n-1] != p {
			out = append(out, p)
		}
	}
	return out, nil
}
