package nomad

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// Scalings are a job's scaling events by group, newest first; a job that is gone has none.
func (c *Client) Scalings(ctx context.Context, job string) (map[string][]api.ScalingEvent, error) {
	st, _, err := c.api.Jobs().ScaleStatus(job, c.query(ctx))
	if statusOf(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, c.fault("read the scaling events of job "+job, err)
	}
	out := map[string][]api.ScalingEvent{}
	for name, g := range st.TaskGroups {
		if len(g.Events) > 0 {
			out[name] = g.Events
		}
	}
	return out, nil
}

// AllJobs lists the jobs of every namespace that the token can see.
func (c *Client) AllJobs(ctx context.Context) ([]*api.JobListStub, error) {
	q := c.query(ctx)
	q.Namespace = api.AllNamespacesNamespace
	q.Filter = `ParentID == ""` // a job that is launched each minute has hundreds of children
	jobs, _, err := c.api.Jobs().ListOptions(&api.JobListOptions{Fields: &api.JobListFields{Meta: true}}, q)
	if err != nil {
		return nil, c.fault("list the jobs of all namespaces", err)
	}
	return jobs, nil
}

// ReleaseTiers are the tiers of every release, as "job/tier"; those of stopped jobs are left out. The groups of a job are those
// that its summary has.
func (c *Client) ReleaseTiers(ctx context.Context) (map[string][]string, error) {
	q := c.query(ctx)
	q.Namespace = api.AllNamespacesNamespace // a job may have one of its own
	q.Filter = `ParentID == ""`
	jobs, _, err := c.api.Jobs().ListOptions(&api.JobListOptions{Fields: &api.JobListFields{Meta: true}}, q)
	if err != nil {
		return nil, c.fault("list the releases' tiers", err)
	}
	out := map[string][]string{}
	for _, j := range jobs {
		name := j.Meta[MetaRelease]
		if !release.BelongsTo(j.Meta, j.Namespace, name, c.namespace) || j.Stop || j.JobSummary == nil {
			continue
		}
		for group := range j.JobSummary.Summary {
			out[name] = append(out[name], j.ID+"/"+group)
		}
	}
	for _, tiers := range out {
		slices.Sort(tiers)
	}
	return out, nil
}

// NewestRecords lists the variables of all namespaces once, and reads the newest head of each release.
func (c *Client) NewestRecords(ctx context.Context) ([]*api.Variable, error) {
	q := c.query(ctx)
	q.Namespace = api.AllNamespacesNamespace
	list, _, err := c.api.Variables().PrefixList("packctl/releases/", q)
	if err != nil {
		return nil, c.fault("list the releases' records", err)
	}
	newest := map[string]*api.VariableMetadata{}
	var keys []string
	for _, v := range list {
		parts := strings.Split(v.Path, "/")
		if len(parts) != 5 || parts[3] != "revisions" {
			continue
		}
		key := v.Namespace + "/" + parts[2]
		if newest[key] == nil {
			keys = append(keys, key)
		}
		if newest[key] == nil || newest[key].Path < v.Path {
			newest[key] = v
		}
	}
	var out []*api.Variable
	for _, key := range keys {
		q := c.query(ctx)
		q.Namespace = newest[key].Namespace
		v, _, err := c.api.Variables().Peek(newest[key].Path, q)
		if err != nil {
			return nil, c.fault("read the record "+newest[key].Path, err)
		}
		if v != nil { // pruned in between
			out = append(out, v)
		}
	}
	return out, nil
}
