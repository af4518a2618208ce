package nomad

import (
	"context"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// RestartAlloc restarts an allocation's running tasks in place.
func (c *Client) RestartAlloc(ctx context.Context, alloc string) error {
	if err := c.api.Allocations().Restart(&api.Allocation{ID: alloc}, "", c.query(ctx)); err != nil {
		return c.fault("restart allocation "+alloc, err)
	}
	return nil
}

// Exec runs a command in a task. It asks the agent that we talk to, which asks the allocation's node: a machine that
// reaches the servers need not reach the nodes.
func (c *Client) Exec(ctx context.Context, at release.Place, s release.Session) (int, error) {
	alloc := &api.Allocation{ID: at.Alloc} // without its node, which would be dialled first
	code, err := c.api.Allocations().Exec(ctx, alloc, at.Task, s.TTY, s.Command, s.In, s.Out, s.Err, s.Sizes, c.query(ctx))
	if err != nil {
		return 0, c.fault("run a command in allocation "+at.Alloc, err)
	}
	return code, nil
}

// DeleteVolume deletes a dynamic host volume with its data.
func (c *Client) DeleteVolume(ctx context.Context, id string) error {
	if _, _, err := c.api.HostVolumes().Delete(&api.HostVolumeDeleteRequest{ID: id}, c.write(ctx)); err != nil {
		return c.fault("delete host volume "+id, err)
	}
	return nil
}
