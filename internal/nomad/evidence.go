package nomad

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// LogTail is the last bytes of a task's log. A log that is not there, or no longer, is empty.
func (c *Client) LogTail(ctx context.Context, alloc, task, stream string, size int64) (string, error) {
	info, _, err := c.api.Allocations().Info(alloc, c.query(ctx))
	if err != nil {
		return "", c.fault("read allocation "+alloc, err)
	}
	cancel := make(chan struct{})
	defer close(cancel)
	frames, errs := c.api.AllocFS().Logs(info, false, task, stream, api.OriginEnd, size, cancel, c.query(ctx))
	if frames == nil {
		if err := <-errs; statusOf(err) == 0 || statusOf(err) >= 500 {
			return "", c.fault("read the log of task "+task, err)
		}
		return "", nil
	}
	var text bytes.Buffer
	for {
		select {
		case <-ctx.Done():
			return text.String(), ctx.Err()
		case frame, more := <-frames:
			if !more {
				return text.String(), nil
			}
			text.Write(frame.Data)
		case err := <-errs:
			return text.String(), c.fault("read the log of task "+task, err)
		}
	}
}

// progress reads what an allocation's prestart task says of itself; nil while it has not said anything.
func (c *Client) progress(ctx context.Context, a *api.AllocationListStub) *spec.Progress {
	r, err := c.api.AllocFS().Cat(&api.Allocation{ID: a.ID, NodeID: a.NodeID}, "alloc/"+spec.ProgressFile, c.query(ctx))
	if err != nil {
		return nil // not written yet, or its node does not answer: there is nothing to show either way
	}
	defer func() { _ = r.Close() }()
	const limit = 64 << 10
	data, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil
	}
	var p spec.Progress
	if json.Unmarshal(data, &p) != nil {
		return nil
	}
	return &p
}
