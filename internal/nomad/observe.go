package nomad

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

const (
	settle        = 150 * time.Millisecond // changes that come together are read together
	progressEvery = time.Second            // a prestart task's file has no event, so it is looked at while one runs
	reconnect     = time.Second
	resync        = 30 * time.Second // an agent that hangs sends no event either: everything is read again at times
	answerWithin  = 20 * time.Second
)

// Observe reads the jobs' facts at first and after each event about them. Nomad's event stream only says which job moved;
// the facts are then read again, so a lost event costs freshness and never truth.
func (c *Client) Observe(ctx context.Context, ids []string) <-chan release.Facts {
	out := make(chan release.Facts)
	w := &watch{client: c, ids: ids, facts: make([]status.JobFacts, len(ids)), dirty: map[string]bool{}}
	for i, id := range ids {
		w.facts[i] = status.JobFacts{ID: id}
	}
	go func() {
		defer close(out)
		w.run(ctx, out)
	}()
	return out
}

// watch is the state of one Observe. It is used by one goroutine.
type watch struct {
	client *Client
	ids    []string
	facts  []status.JobFacts
	dirty  map[string]bool // jobs to be read again
}

// run keeps one subscription after the other until ctx is done.
func (w *watch) run(ctx context.Context, out chan<- release.Facts) {
	for ctx.Err() == nil {
		sub, cancel := context.WithCancel(ctx)
		err := w.subscription(sub, out)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err != nil && !send(ctx, out, release.Facts{Jobs: slices.Clone(w.facts), Err: err}) {
			return
		}
		if !pause(ctx, reconnect) {
			return
		}
	}
}

// subscription follows the event stream until it breaks. The subscription is made before the first reading, so no change
// falls between them.
func (w *watch) subscription(ctx context.Context, out chan<- release.Facts) error {
	events, err := w.client.api.EventStream().Stream(ctx, w.topics(), 0, w.client.query(ctx))
	if err != nil {
		return w.client.fault("follow Nomad's events", err)
	}
	for _, id := range w.ids {
		w.dirty[id] = true
	}
	again := time.NewTicker(resync)
	defer again.Stop()
	var timer, progress <-chan time.Time
	now := make(chan time.Time, 1)
	now <- time.Time{}
	timer = now
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case batch, more := <-events:
			if !more {
				return nil
			}
			if batch.Err != nil {
				return w.client.fault("follow Nomad's events", batch.Err)
			}
			if w.mark(batch) && timer == nil {
				timer = time.After(settle)
			}
			continue
		case <-again.C:
			for _, id := range w.ids {
				w.dirty[id] = true
			}
			if timer == nil {
				timer = time.After(settle)
			}
			continue
		case <-timer:
			timer = nil
			if err := w.refresh(ctx); err != nil {
				return err
			}
		case <-progress:
			if !w.progress(ctx) {
				progress = time.After(progressEvery)
				continue
			}
		}
		progress = nil
		if w.preparing() {
			progress = time.After(progressEvery)
		}
		if !send(ctx, out, release.Facts{Jobs: slices.Clone(w.facts)}) {
			return ctx.Err()
		}
	}
}

func (w *watch) topics() map[api.Topic][]string {
	return map[api.Topic][]string{
		api.TopicJob:        w.ids,
		api.TopicAllocation: w.ids,
		api.TopicDeployment: w.ids,
		api.TopicEvaluation: w.ids,
	}
}

// mark notes which jobs a batch of events is about, and says whether there are any.
func (w *watch) mark(batch *api.Events) bool {
	any := false
	for _, e := range batch.Events {
		for _, id := range w.ids {
			if e.Key == id || slices.Contains(e.FilterKeys, id) {
				w.dirty[id], any = true, true
			}
		}
	}
	return any
}

// refresh reads the dirty jobs again.
func (w *watch) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	for i, id := range w.ids {
		if !w.dirty[id] {
			continue
		}
		f, err := w.client.facts(ctx, id)
		if err != nil {
			return err
		}
		f.Progress = w.facts[i].Progress
		w.facts[i] = *f
		delete(w.dirty, id)
	}
	w.progress(ctx)
	return nil
}

// preparing says whether some allocation's prestart task runs.
func (w *watch) preparing() bool {
	for _, f := range w.facts {
		if slices.ContainsFunc(f.Allocs, inPrestart) {
			return true
		}
	}
	return false
}

func inPrestart(a *api.AllocationListStub) bool {
	st := a.TaskStates[spec.PrepareTask]
	return st != nil && st.State != "dead" && !st.StartedAt.IsZero() && a.DesiredStatus == api.AllocDesiredStatusRun
}

// progress reads the files of running prestart tasks again and says whether one changed.
func (w *watch) progress(ctx context.Context) bool {
	changed := false
	for i := range w.facts {
		f := &w.facts[i]
		next := map[string]*spec.Progress{}
		for _, a := range f.Allocs {
			old := f.Progress[a.ID]
			switch {
			case inPrestart(a):
				if p := w.client.progress(ctx, a); p != nil {
					next[a.ID] = p
					changed = changed || old == nil || !same(old, p)
					continue
				}
				fallthrough
			case old != nil:
				if old != nil {
					next[a.ID] = old
				}
			}
		}
		f.Progress = next
	}
	return changed
}

func same(a, b *spec.Progress) bool {
	return a.Phase == b.Phase && strings.EqualFold(a.Reason, b.Reason) && a.Since.Equal(b.Since) &&
		slices.Equal(a.Conditions, b.Conditions)
}

func send(ctx context.Context, out chan<- release.Facts, f release.Facts) bool {
	select {
	case out <- f:
		return true
	case <-ctx.Done():
		return false
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
