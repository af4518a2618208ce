package nomad

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// readChildren reads what is not known for good. created is the parent's: what is older belonged to another of its name.
func (c *Client) readChildren(ctx context.Context, b *brood, created uint64) error {
	var now []status.Child
	under := false
	for _, s := range b.stubs {
		i := slices.IndexFunc(b.read, func(old status.Child) bool { return old.ID == s.ID })
		if _, final := b.final[s.ID]; final && i >= 0 {
			now = append(now, b.read[i])
			continue
		}
		child, err := c.child(ctx, s)
		if err != nil {
			return err
		}
		now = append(now, child)
		if child.Dead && !slices.ContainsFunc(child.Allocs, unfinished) {
			b.final[s.ID] = struct{}{}
		} else {
			under = true
		}
	}
	now = append(now, b.kept(now, created)...)
	known := map[string]struct{}{}
	for _, child := range now {
		if _, final := b.final[child.ID]; final {
			known[child.ID] = struct{}{}
		}
	}
	b.read, b.final, b.due = now, known, time.Time{}
	if under {
		b.due = time.Now().Add(resync)
	}
	return nil
}

// kept are the newest that were known to have ended and are no longer listed.
func (b *brood) kept(now []status.Child, created uint64) []status.Child {
	var out []status.Child
	for _, old := range b.read {
		_, final := b.final[old.ID]
		listed := slices.ContainsFunc(now, func(c status.Child) bool { return c.ID == old.ID })
		if final && !listed && old.Index > created && len(out) < keptChildren {
			old.Gone = true
			out = append(out, old)
		}
	}
	return out
}

func unfinished(a *api.AllocationListStub) bool {
	return a.ClientStatus == api.AllocClientStatusPending || a.ClientStatus == api.AllocClientStatusRunning
}

// child reads one child's allocations, and where it has none and waits for one, why.
func (c *Client) child(ctx context.Context, s *api.JobListStub) (status.Child, error) {
	out := status.Child{ID: s.ID, Launched: launchedAt(s.ID), Index: s.CreateIndex, Stop: s.Stop, Dead: s.Status == "dead"}
	var err error
	if out.Allocs, _, err = c.api.Jobs().Allocations(s.ID, false, c.query(ctx)); err != nil {
		return out, c.fault("list the allocations of job "+s.ID, err)
	}
	if len(out.Allocs) > 0 || out.Dead {
		return out, nil
	}
	evals, _, err := c.api.Jobs().Evaluations(s.ID, c.query(ctx))
	if err != nil {
		return out, c.fault("list the evaluations of job "+s.ID, err)
	}
	out.Eval, _ = unplaced(&api.Job{JobModifyIndex: &s.JobModifyIndex}, evals)
	return out, nil
}

// launchedAt is the time in a child's ID, zero when there is none.
func launchedAt(id string) time.Time {
	i := strings.LastIndex(id, middlePeriodic)
	n := len(middlePeriodic)
	if i < 0 {
		i, n = strings.LastIndex(id, middleDispatched), len(middleDispatched)
	}
	if i < 0 {
		return time.Time{}
	}
	text, _, _ := strings.Cut(id[i+n:], "-")
	unix, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(unix, 0)
}

// allocsOf are a job's allocations and those of its children.
func allocsOf(f *status.JobFacts) []*api.AllocationListStub {
	out := slices.Clone(f.Allocs)
	for _, c := range f.Children {
		out = append(out, c.Allocs...)
	}
	return out
}
