package nomad

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/hashicorp/nomad/api"
)

// Volumes lists the dynamic host volumes of a name with their full specification.
func (c *Client) Volumes(ctx context.Context, name string) ([]*api.HostVolume, error) {
	stubs, _, err := c.api.HostVolumes().List(nil, c.query(ctx))
	if err != nil {
		return nil, c.fault("list the host volumes", err)
	}
	var out []*api.HostVolume
	for _, s := range stubs {
		if s.Name != name {
			continue
		}
		v, _, err := c.api.HostVolumes().Get(s.ID, c.query(ctx))
		if err != nil {
			return nil, c.fault("read host volume "+name, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// A node that has just started is ready before its server can call it, and the server's answer to that is a 500 like any
// other. Nothing is recorded then, so it is asked again for a moment.
const (
	volumeTries = 20
	volumePause = 500 * time.Millisecond
)

// CreateVolume makes a dynamic host volume and returns when a node has it ready.
func (c *Client) CreateVolume(ctx context.Context, v *api.HostVolume) error {
	resp, _, err := c.api.HostVolumes().Create(&api.HostVolumeCreateRequest{Volume: v}, c.write(ctx))
	for try := 1; statusOf(err) == http.StatusInternalServerError && try < volumeTries && pause(ctx, volumePause); try++ {
		if have, listErr := c.Volumes(ctx, v.Name); listErr != nil || len(have) > 0 {
			break
		}
		resp, _, err = c.api.HostVolumes().Create(&api.HostVolumeCreateRequest{Volume: v}, c.write(ctx))
	}
	if err != nil {
		return c.fault("create host volume "+v.Name, err)
	}
	q := c.query(ctx)
	for made := resp.Volume; ; {
		switch made.State {
		case api.HostVolumeStateReady:
			return nil
		case api.HostVolumeStateUnavailable:
			return fmt.Errorf("create host volume %s: its node %s became unavailable", v.Name, made.NodeID)
		}
		var meta *api.QueryMeta
		if made, meta, err = c.api.HostVolumes().Get(made.ID, q); err != nil {
			return c.fault("wait for host volume "+v.Name, err)
		}
		q = c.query(ctx)
		q.WaitIndex = meta.LastIndex
	}
}
