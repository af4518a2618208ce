package nomad

import (
	"cmp"
	"context"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// facts reads one job, again when it changed meanwhile. The order matters. Evaluations come before allocations: what an
// ended evaluation placed is then among them. Deployments come after: an allocation never looks up to date without the
// deployment that judges it.
func (c *Client) facts(ctx context.Context, id string) (*status.JobFacts, error) {
	for {
		f := &status.JobFacts{ID: id}
		before, err := c.Job(ctx, id)
		if err != nil {
			return nil, err
		}
		var evals []*api.Evaluation
		if before != nil {
			if evals, _, err = c.api.Jobs().Evaluations(id, c.query(ctx)); err != nil {
				return nil, c.fault("list the evaluations of job "+id, err)
			}
		}
		if f.Allocs, _, err = c.api.Jobs().Allocations(id, false, c.query(ctx)); err != nil {
			return nil, c.fault("list the allocations of job "+id, err)
		}
		if before == nil {
			return f, nil
		}
		deployments, _, err := c.api.Jobs().Deployments(id, false, c.query(ctx))
		if err != nil {
			return nil, c.fault("list the deployments of job "+id, err)
		}
		if f.Job, err = c.Job(ctx, id); err != nil {
			return nil, err
		}
		if indexOf(f.Job) == indexOf(before) {
			f.Eval, f.Evaluated = unplaced(f.Job, evals)
			f.Deployments, f.Deployment = deploymentsOf(f.Job, deployments)
			return f, nil
		}
	}
}

// deploymentsOf sorts a job's deployments, newest first, and picks that of its current version.
func deploymentsOf(job *api.Job, all []*api.Deployment) (own []*api.Deployment, current *api.Deployment) {
	for _, d := range all {
		if d.JobCreateIndex == *job.CreateIndex {
			own = append(own, d)
		}
	}
	slices.SortFunc(own, func(a, b *api.Deployment) int { return cmp.Compare(b.CreateIndex, a.CreateIndex) })
	for _, d := range own {
		if d.JobVersion == *job.Version {
			return own, d
		}
	}
	return own, nil
}

// unplaced is the evaluation that says why something is not placed, or nil when the newest one placed everything, and
// whether every evaluation of the job's present specification has ended.
func unplaced(job *api.Job, evals []*api.Evaluation) (*api.Evaluation, bool) {
	slices.SortFunc(evals, func(a, b *api.Evaluation) int { return cmp.Compare(b.ModifyIndex, a.ModifyIndex) })
	evaluated := true
	var newest *api.Evaluation
	for _, e := range evals {
		if e.Status == "pending" && e.WaitUntil.IsZero() {
			evaluated = false
		}
		if e.JobModifyIndex < *job.JobModifyIndex {
			continue
		}
		if e.Status == "blocked" && len(e.FailedTGAllocs) > 0 {
			return e, evaluated
		}
		if newest == nil && (e.Status == "complete" || e.Status == "failed") {
			newest = e
		}
	}
	if newest != nil && len(newest.FailedTGAllocs) > 0 {
		return newest, evaluated
	}
	return nil, evaluated
}
