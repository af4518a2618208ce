package nomad

import (
	"context"
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// followWait is how long one question for the jobs waits in Nomad for a change. Nomad adds up to a sixteenth; an agent
// that has not answered after followLate does not answer at all, though its connection may look alive.
const (
	followWait = 30 * time.Second
	followLate = 45 * time.Second
)

// Members are the jobs of a release at one moment, sorted. Children of periodic and parameterized jobs are left out, and
// so is what runs for a moment: hooks and migrations.
type Members struct {
	IDs []string
	Err error
}

// Follow sends the IDs of a release's jobs at first, after each change of the set, and after each fault, until ctx is
// done; it closes the channel. It holds one blocking query; a cluster that stops answering is a Members with Err, and
// the watch goes on.
func (c *Client) Follow(ctx context.Context, release string) <-chan Members {
	out := make(chan Members)
	go func() {
		defer close(out)
		var index uint64
		var last *Members // nil: whatever comes is to be told
		for ctx.Err() == nil {
			m, next := c.members(ctx, release, index)
			if ctx.Err() != nil {
				return
			}
			if next < index {
				next = 0 // Nomad started anew
			}
			index = next
			if m.Err != nil || last == nil || !slices.Equal(last.IDs, m.IDs) {
				select {
				case out <- m:
				case <-ctx.Done():
					return
				}
			}
			last = &m
			if m.Err != nil {
				last, index = nil, 0
				if !pause(ctx, reconnect) {
					return
				}
			}
		}
	}()
	return out
}

// members asks once, waiting for something newer than index.
func (c *Client) members(ctx context.Context, name string, index uint64) (Members, uint64) {
	ctx, cancel := context.WithTimeout(ctx, followLate)
	defer cancel()
	q := c.query(ctx)
	q.WaitIndex, q.WaitTime = index, followWait
	q.Filter = `ParentID == ""` // a job that is launched each minute has hundreds of children
	all, meta, err := c.api.Jobs().ListOptions(&api.JobListOptions{Fields: &api.JobListFields{Meta: true}}, q)
	if err != nil {
		return Members{Err: c.fault("list the jobs of release "+name, err)}, 0
	}
	m := Members{}
	for _, j := range all {
		if j.Meta[MetaRelease] == name && j.ParentID == "" && !release.Momentary(j.Meta) {
			m.IDs = append(m.IDs, j.ID)
		}
	}
	slices.Sort(m.IDs)
	return m, meta.LastIndex
}
