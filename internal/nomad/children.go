package nomad

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// Children are looked at as far as a reader follows them: each is one line of a list and, until it has ended, one
// question for its allocations. What has ended is not asked for again, and the newest of it is kept when Nomad has
// forgotten it, which is after four hours where nobody configured another time.
const (
	newestChildren = 10
	keptChildren   = 3
)

// The middle of a child's ID, which is "<parent>/periodic-<Unix time>" or "<parent>/dispatch-<Unix time>-<random>".
const (
	middlePeriodic   = api.JobPeriodicLaunchSuffix
	middleDispatched = "/dispatch-"
)

// children knows the newest children of the jobs that are launched as such. For each such job one query waits in Nomad
// for a change of that list, which moves with the status of each child and its allocations: the event stream cannot be
// asked for jobs whose IDs are not known before. One goroutine uses it; those of the queries send to lists.
type children struct {
	client *Client
	lists  chan childList
	of     map[string]*brood // by parent
	ended  sync.WaitGroup    // the queries
}

// brood are the children of one job.
type brood struct {
	stop  context.CancelFunc  // of its query, nil while there is none
	stubs []*api.JobListStub  // newest first
	due   time.Time           // when they are read next, zero while none is under way and there is no news
	read  []status.Child      // newest first
	final map[string]struct{} // IDs of those that have ended for good
}

// childList is what one query gave.
type childList struct {
	parent string
	stubs  []*api.JobListStub
	err    error
}

func newChildren(c *Client) *children {
	return &children{client: c, lists: make(chan childList), of: map[string]*brood{}}
}

// follow keeps a query for each job that is launched as children, and ends those of the others. The first list is read
// at once: what is known of a job always holds its children.
func (k *children) follow(ctx, within context.Context, facts []status.JobFacts) error {
	for i := range facts {
		f := &facts[i]
		middle := ""
		switch {
		case f.Job == nil:
		case f.Job.IsPeriodic():
			middle = middlePeriodic
		case f.Job.IsParameterized():
			middle = middleDispatched
		}
		b := k.of[f.ID]
		switch {
		case middle == "" && b != nil:
			b.end()
			delete(k.of, f.ID)
			f.Children = nil
		case middle != "" && (b == nil || b.stop == nil):
			if b == nil {
				b = &brood{final: map[string]struct{}{}}
				k.of[f.ID] = b
			}
			l, index := k.client.childList(within, f.ID, middle, 0)
			if l.err != nil {
				return l.err
			}
			b.stubs, b.due = l.stubs, time.Now()
			own, stop := context.WithCancel(ctx)
			b.stop = stop
			k.ended.Go(func() { k.query(own, f.ID, middle, l.stubs, index) })
		}
	}
	return nil
}

func (b *brood) end() {
	if b.stop != nil {
		b.stop()
		b.stop = nil
	}
}

// end ends the queries and returns when they have ended. What was read stays.
func (k *children) end() {
	for _, b := range k.of {
		b.end()
	}
	k.ended.Wait()
}

// query sends the list of a job's newest children after each change, until ctx is done or a fault.
func (k *children) query(ctx context.Context, parent, middle string, last []*api.JobListStub, index uint64) {
	for pause(ctx, settle) {
		l, next := k.client.childList(ctx, parent, middle, index)
		if next < index {
			next = 0 // Nomad started anew
		}
		index = next
		if l.err == nil && reflect.DeepEqual(l.stubs, last) {
			continue
		}
		select {
		case k.lists <- l:
		case <-ctx.Done():
			return
		}
		if l.err != nil {
			return
		}
		last = l.stubs
	}
}

// childList asks once, waiting for something newer than index. Names of children sort by their time.
func (c *Client) childList(ctx context.Context, parent, middle string, index uint64) (childList, uint64) {
	ctx, cancel := context.WithTimeout(ctx, followLate)
	defer cancel()
	q := c.query(ctx)
	q.Prefix, q.Reverse, q.PerPage = parent+middle, true, newestChildren
	q.WaitIndex, q.WaitTime = index, followWait
	stubs, meta, err := c.api.Jobs().ListOptions(nil, q)
	if err != nil {
		return childList{parent: parent, err: c.fault("list the children of job "+parent, err)}, 0
	}
	stubs = slices.DeleteFunc(stubs, func(s *api.JobListStub) bool { return s.ParentID != parent })
	slices.Reverse(stubs) // nomad/api sorts what it got
	return childList{parent: parent, stubs: stubs}, meta.LastIndex
}

// take notes a list: its children are to be read.
func (k *children) take(l childList) {
	if b := k.of[l.parent]; b != nil {
		b.stubs = l.stubs
		if soon := time.Now().Add(settle); b.due.IsZero() || b.due.After(soon) {
			b.due = soon
		}
	}
}

// due is when something is to be read, zero when there is nothing.
func (k *children) due() time.Time {
	var next time.Time
	for _, b := range k.of {
		if !b.due.IsZero() && (next.IsZero() || b.due.Before(next)) {
			next = b.due
		}
	}
	return next
}

// refresh reads the children that are due into the facts of their parents, and says whether there were any.
func (k *children) refresh(ctx context.Context, facts []status.JobFacts) (bool, error) {
	changed := false
	for i := range facts {
		f := &facts[i]
		b := k.of[f.ID]
		if b == nil || b.due.IsZero() || b.due.After(time.Now()) || f.Job == nil {
			continue
		}
		if err := k.client.readChildren(ctx, b, *f.Job.CreateIndex); err != nil {
			return changed, err
		}
		f.Children, changed = slices.Clone(b.read), true
	}
	return changed, nil
}
