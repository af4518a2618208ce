package nomad

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// Servers are the servers as the agent knows them.
func (c *Client) Servers(ctx context.Context) ([]*api.AgentMember, error) {
	m, err := c.api.Agent().MembersOpts(c.query(ctx))
	if err != nil {
		return nil, c.fault("list the servers", err)
	}
	return m.Members, nil
}

// Node reads a client.
func (c *Client) Node(ctx context.Context, id string) (*api.Node, error) {
	n, _, err := c.api.Nodes().Info(id, c.query(ctx))
	if err != nil {
		return nil, c.fault("read node "+id, err)
	}
	return n, nil
}

// tokenWithoutACLs is the accessor of what Nomad answers while ACLs are off.
const tokenWithoutACLs = "acls-disabled"

// Token is that of the requests; nil while ACLs are off.
func (c *Client) Token(ctx context.Context) (*api.ACLToken, error) {
	t, _, err := c.api.ACLTokens().Self(c.query(ctx))
	switch {
	case statusOf(err) == http.StatusBadRequest: // ACL support disabled, in versions before 1.11
		return nil, nil
	case err != nil:
		return nil, c.fault("read the token", err)
	case t.AccessorID == tokenWithoutACLs:
		return nil, nil
	}
	return t, nil
}

// nowhere is an ID that nobody gives a job or a variable: what is asked about it finds nothing, after the right was asked for.
const nowhere = "packctl-doctor-asks-what-it-may"

// May asks for something harmless. Nomad looks at the rights first [read in 1.11.3], so a job that is not there is found
// missing only by who may, and a variable at an impossible index is refused only to who may write it.
func (c *Client) May(ctx context.Context, right release.Right) error {
	var err error
	switch right {
	case release.RightListJobs:
		_, _, err = c.api.Jobs().List(c.query(ctx))
	case release.RightNodes:
		_, _, err = c.api.Nodes().List(c.query(ctx))
	case release.RightVolumes:
		_, _, err = c.api.HostVolumes().List(nil, c.query(ctx))
	case release.RightSubmitJob:
		job := api.NewBatchJob(nowhere, nowhere, api.GlobalRegion, 50)
		job.AddTaskGroup(api.NewTaskGroup("g", 0).AddTask(api.NewTask("t", "raw_exec").SetConfig("command", "true")))
		_, _, err = c.api.Jobs().Plan(job, false, c.write(ctx)) // a dry run
	case release.RightScaleJob:
		none := 0
		_, _, err = c.api.Jobs().Scale(nowhere, "g", &none, "", false, nil, c.write(ctx))
	case release.RightSecrets:
		err = c.mayWrite(ctx, "nomad/jobs/"+nowhere)
	case release.RightRecords:
		err = c.mayWrite(ctx, "packctl/"+nowhere)
	}
	if code := statusOf(err); code != 0 && code != http.StatusForbidden && code != http.StatusUnauthorized {
		return nil // it was refused for another reason than the right
	}
	if err != nil {
		return c.fault("use "+string(right), err)
	}
	return nil
}

// mayWrite tries to write a variable that would have to exist at an index that there will never be.
func (c *Client) mayWrite(ctx context.Context, path string) error {
	v := api.NewVariable(path)
	v.Items["a"], v.ModifyIndex = "b", math.MaxInt64
	_, _, err := c.api.Variables().CheckedUpdate(v, c.write(ctx))
	var conflict api.ErrCASConflict
	if errors.As(err, &conflict) {
		return nil
	}
	return err
}

// Clock reads the date of an answer that needs no right. It is zero where the agent tells none.
func (c *Client) Clock(ctx context.Context) (at time.Time, took time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.api.Address()+"/v1/status/leader", nil)
	if err != nil {
		return at, 0, err
	}
	began := time.Now()
	resp, err := c.api.Raw().Do(req)
	if err != nil {
		return at, 0, c.fault("ask the agent for the time", err)
	}
	took = time.Since(began)
	if err := resp.Body.Close(); err != nil {
		return at, 0, c.fault("ask the agent for the time", err)
	}
	if at, err = http.ParseTime(resp.Header.Get("Date")); err != nil {
		return time.Time{}, took, nil
	}
	return at, took, nil
}

// KillTimeout is what the agent tells of itself.
func (c *Client) KillTimeout(ctx context.Context) (time.Duration, error) {
	var self struct {
		Config struct {
			Client *struct {
				Enabled        bool
				MaxKillTimeout string
			}
		} `json:"config"`
	}
	if _, err := c.api.Raw().Query("/v1/agent/self", &self, c.query(ctx)); err != nil {
		return 0, c.fault("ask the agent about itself", err)
	}
	if self.Config.Client == nil || !self.Config.Client.Enabled {
		return 0, nil
	}
	d, err := time.ParseDuration(self.Config.Client.MaxKillTimeout)
	if err != nil {
		return 0, nil // not told in a way that we know
	}
	return d, nil
}
