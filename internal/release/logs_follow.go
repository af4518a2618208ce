package release

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"
)

const (
	followEvery = 500 * time.Millisecond // how often what runs is read
	settle      = 250 * time.Millisecond // changes of allocations that come together are looked at together
	askAgain    = time.Second            // after a fault
	lastReads   = 2                      // readings after the end of an allocation: its last words may come late
)

// change is one answer about the allocations.
type change struct {
	allocs []*api.AllocationListStub
	err    error
}

// follow reads what runs again and again, and takes in new allocations, until ctx is done. A cluster that does not answer
// is waited for as long as any watch does.
func (l *logs) follow(ctx context.Context, index uint64) error {
	ctx, stop := context.WithCancel(ctx)
	changes := l.changes(ctx, slices.Clone(l.jobs), index)
	defer func() {
		stop()
		for range changes {
		}
	}()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	var trouble outage
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case c := <-changes:
			if err := trouble.note(l, c.err); err != nil {
				return err
			}
			l.open = append(l.open, l.take(c.allocs)...)
		case <-tick.C:
			// A fault of reading is no reason to end: what was not read is read next time, and a cluster that does not
			// answer is told by changes.
			var denied FaultDenied
			if err := l.readOpen(ctx); l.broken != nil || errors.As(err, &denied) {
				return err
			}
		}
	}
}

// readOpen reads every allocation that is followed, and lets go of those that have ended. What is new is read from its
// beginning.
func (l *logs) readOpen(ctx context.Context) error {
	var still []*source
	for i, s := range l.open {
		if s.ended() {
			s.over++
		}
		last := s.over == lastReads
		if err := l.read(ctx, s, -1, last); err != nil {
			s.over = 0
			l.open = append(still, l.open[i:]...)
			return err
		}
		if !last {
			still = append(still, s)
		}
	}
	l.open = still
	l.missing()
	return nil
}

// changes sends the release's allocations after each change, also those of jobs that come, until ctx is done.
func (l *logs) changes(ctx context.Context, jobs []string, index uint64) <-chan change {
	out := make(chan change)
	go func() {
		defer close(out)
		for ctx.Err() == nil {
			allocs, next, err := l.deps.Nomad.Allocs(ctx, jobs, index)
			if err == nil {
				var now []string
				if now, err = l.members(ctx, jobs); err == nil && !slices.Equal(now, jobs) {
					jobs, index = now, 0
					continue
				}
			}
			wait := settle
			if index = next; err != nil {
				index, wait = 0, askAgain
			}
			select {
			case out <- change{allocs: allocs, err: err}:
			case <-ctx.Done():
				return
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
			}
		}
	}()
	return out
}

// members are the release's jobs, with those that it had: a job that is purged may still have logs.
func (l *logs) members(ctx context.Context, had []string) ([]string, error) {
	listed, err := l.deps.Nomad.ReleaseJobs(ctx, l.opt.Release)
	if err != nil {
		return nil, err
	}
	now := slices.Clone(had)
	for _, j := range listed {
		if j.ParentID == "" && !slices.Contains(now, j.ID) {
			now = append(now, j.ID)
		}
	}
	slices.Sort(now)
	return now, nil
}

// outage is a time in which a cluster does not answer.
type outage struct {
	since time.Time
	last  error
}

// note tells that the cluster does not answer, and that it does again, and returns the fault when that has lasted too long.
func (o *outage) note(l *logs, err error) error {
	now := l.deps.Now()
	switch {
	case err == nil && o.last != nil:
		l.sink.Notice("connected again")
	case err != nil && o.last == nil:
		o.since = now
		l.sink.Notice(err.Error() + "; still trying")
	case err != nil && now.Sub(o.since) > silence:
		return err
	}
	o.last = err
	return nil
}
