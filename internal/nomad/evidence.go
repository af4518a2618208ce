package nomad

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// LogTail is the last bytes of a task's log. A log that is not there, or no longer, is empty.
func (c *Client) LogTail(ctx context.Context, alloc, task, stream string, size int64) (string, error) {
	data, err := c.read(ctx, "logs", alloc, size, map[string]string{
		"task": task, "type": stream, "origin": api.OriginEnd, "offset": strconv.FormatInt(size, 10), "plain": "true",
	})
	if status := statusOf(err); err != nil && (status == 0 || status >= 500) {
		return string(data), c.fault("read the log of task "+task, err)
	}
	return string(data), nil
}

// progress reads what an allocation's prestart task says of itself; nil while it has not said anything.
func (c *Client) progress(ctx context.Context, a *api.AllocationListStub) *spec.Progress {
	const limit = 64 << 10
	data, err := c.read(ctx, "cat", a.ID, limit, map[string]string{"path": "alloc/" + spec.ProgressFile})
	if err != nil {
		return nil // not written yet, or its node does not answer: there is nothing to show either way
	}
	var p spec.Progress
	if json.Unmarshal(data, &p) != nil {
		return nil
	}
	return &p
}

// read gets a file of an allocation from the agent that we talk to, which asks the allocation's node. The API's own calls
// dial the node, with a new pool of connections each time: a reader that comes back every second would soon hold more of
// them than Nomad allows one address (http_max_conns_per_client, 100).
func (c *Client) read(ctx context.Context, what, alloc string, limit int64, params map[string]string) (data []byte, err error) {
	q := c.query(ctx)
	q.Params = params
	r, err := c.api.Raw().Response("/v1/client/fs/"+what+"/"+alloc, q)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(io.LimitReader(r, limit))
}
