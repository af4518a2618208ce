package nomad

import (
	"context"
	"net/http"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// MetaRelease is the job meta key that says which release a job belongs to.
const MetaRelease = "packctl_release"

// Job is the registered job, or nil.
func (c *Client) Job(ctx context.Context, id string) (*api.Job, error) {
	job, _, err := c.api.Jobs().Info(id, c.query(ctx))
	if statusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, c.fault("read job "+id, err)
	}
	return job, nil
}

// ReleaseJobs lists the jobs of the release that is in this namespace, with the children of periodic ones, which inherit
// their meta. They may be in any namespace that the token can see.
func (c *Client) ReleaseJobs(ctx context.Context, name string) ([]*api.JobListStub, error) {
	q := c.query(ctx)
	q.Namespace = api.AllNamespacesNamespace
	all, _, err := c.api.Jobs().ListOptions(&api.JobListOptions{Fields: &api.JobListFields{Meta: true}}, q)
	if err != nil {
		return nil, c.fault("list the jobs of release "+name, err)
	}
	var jobs []*api.JobListStub
	for _, j := range all {
		if release.BelongsTo(j.Meta, j.Namespace, name, c.namespace) {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// Releases names the releases that have jobs, sorted.
func (c *Client) Releases(ctx context.Context) ([]string, error) {
	q := c.query(ctx)
	q.Namespace = api.AllNamespacesNamespace // a release may have all its jobs in others
	all, _, err := c.api.Jobs().ListOptions(&api.JobListOptions{Fields: &api.JobListFields{Meta: true}}, q)
	if err != nil {
		return nil, c.fault("list the releases", err)
	}
	var names []string
	for _, j := range all {
		if name := j.Meta[MetaRelease]; release.BelongsTo(j.Meta, j.Namespace, name, c.namespace) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Plan asks what a registration would change and where it would place.
func (c *Client) Plan(ctx context.Context, job *api.Job) (*api.JobPlanResponse, error) {
	resp, _, err := c.api.Jobs().PlanOpts(job, &api.PlanOptions{Diff: true}, c.write(ctx))
	if err != nil {
		return nil, c.fault("plan job "+*job.ID, err)
	}
	return resp, nil
}

// Register submits a job when its modify index is still index. Nomad tells a moved index only in words, so what the
// index is now decides which error it was.
func (c *Client) Register(ctx context.Context, job *api.Job, source []byte, index uint64) (*api.JobRegisterResponse, error) {
	resp, _, err := c.api.Jobs().RegisterOpts(job, &api.RegisterOptions{
		EnforceIndex: true,
		ModifyIndex:  index,
		Submission:   &api.JobSubmission{Source: string(source), Format: "hcl2"},
	}, c.write(ctx))
	if err == nil {
		return resp, nil
	}
	if statusOf(err) != 0 {
		if now, infoErr := c.Job(ctx, *job.ID); infoErr == nil && indexOf(now) != index {
			return nil, &MovedError{What: "job " + *job.ID}
		}
	}
	return nil, c.fault("register job "+*job.ID, err)
}

func indexOf(job *api.Job) uint64 {
	if job == nil || job.JobModifyIndex == nil {
		return 0
	}
	return *job.JobModifyIndex
}

// Retry makes Nomad place again what failed, whatever the reschedule policy says.
func (c *Client) Retry(ctx context.Context, id string) error {
	if _, _, err := c.api.Jobs().EvaluateWithOpts(id, api.EvalOptions{ForceReschedule: true}, c.write(ctx)); err != nil {
		return c.fault("evaluate job "+id, err)
	}
	return nil
}

// FailDeployment ends a deployment as failed.
func (c *Client) FailDeployment(ctx context.Context, id string) error {
	if _, _, err := c.api.Deployments().Fail(id, c.write(ctx)); err != nil {
		return c.fault("end deployment "+id, err)
	}
	return nil
}

// PromoteDeployment promotes every group of a deployment. Nomad refuses it while a canary is not healthy.
func (c *Client) PromoteDeployment(ctx context.Context, id string) error {
	if _, _, err := c.api.Deployments().PromoteAll(id, c.write(ctx)); err != nil {
		return c.fault("promote deployment "+id, err)
	}
	return nil
}

// Deregister stops a job; with purge Nomad also forgets it.
func (c *Client) Deregister(ctx context.Context, id string, purge bool) error {
	_, _, err := c.api.Jobs().Deregister(id, purge, c.write(ctx))
	if statusOf(err) == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return c.fault("stop job "+id, err)
	}
	return nil
}
