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
	confirm       = time.Second            // after which what an event made us read is read once more
	resync        = 30 * time.Second       // after which a job without any event is read again
	progressEvery = time.Second            // a prestart task's file has no event, so it is looked at while one runs
	reconnect     = time.Second
	answerWithin  = 20 * time.Second
)

// Observe reads the jobs' facts at first and after each event about them. Nomad's event stream only says which job moved;
// the facts are then read from its API, so a lost event costs freshness and never truth. Nomad publishes an event before
// it commits the change [read in 1.11.3], so what was read because of one is confirmed a little later; and a server that
// hangs sends no event either, so every job is read again at times.
func (c *Client) Observe(ctx context.Context, ids []string) <-chan release.Facts {
	out := make(chan release.Facts)
	w := &watch{client: c, ids: ids, facts: make([]status.JobFacts, len(ids)), due: map[string]time.Time{}, news: map[string]bool{}}
	w.children = newChildren(c)
	for i, id := range ids {
		w.facts[i] = status.JobFacts{ID: id}
	}
	go func() {
		defer close(out)
		if len(ids) == 0 { // no topic would mean every topic
			send(ctx, out, release.Facts{})
			<-ctx.Done()
			return
		}
		w.run(ctx, out)
	}()
	return out
}

// watch is the state of one Observe. It is used by one goroutine.
type watch struct {
	client   *Client
	ids      []string
	facts    []status.JobFacts
	due      map[string]time.Time // when a job is read next
	news     map[string]bool      // an event about the job came since it was last read
	prestart time.Time            // when the prestart tasks' files are read next, zero while none runs
	children *children            // of the jobs among these that are launched as such
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

// subscription follows the event stream until it breaks. Index 0 replays what the server still has in its buffer, so no
// change falls between the subscription and the first reading.
func (w *watch) subscription(ctx context.Context, out chan<- release.Facts) error {
	events, err := w.client.api.EventStream().Stream(ctx, w.topics(), 0, w.client.query(ctx))
	if err != nil {
		return w.client.fault("follow Nomad's events", err)
	}
	for _, id := range w.ids {
		w.due[id], w.news[id] = time.Now(), true
	}
	defer w.children.end()
	for {
		wake := time.NewTimer(time.Until(w.next()))
		select {
		case <-ctx.Done():
			wake.Stop()
			return ctx.Err()
		case batch, more := <-events:
			wake.Stop()
			if !more {
				return nil
			}
			if batch.Err != nil {
				return w.client.fault("follow Nomad's events", batch.Err)
			}
			w.mark(batch)
			continue
		case l := <-w.children.lists:
			wake.Stop()
			if l.err != nil {
				return l.err
			}
			w.children.take(l)
			continue
		case <-wake.C:
		}
		changed, err := w.refresh(ctx)
		if err != nil {
			return err
		}
		if changed && !send(ctx, out, release.Facts{Jobs: slices.Clone(w.facts)}) {
			return ctx.Err()
		}
	}
}

// next is when something is to be read.
func (w *watch) next() time.Time {
	next := w.prestart
	if at := w.children.due(); !at.IsZero() && (next.IsZero() || at.Before(next)) {
		next = at
	}
	for _, at := range w.due {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

func (w *watch) topics() map[api.Topic][]string {
	return map[api.Topic][]string{
		api.TopicJob:        w.ids,
		api.TopicAllocation: w.ids,
		api.TopicDeployment: w.ids,
		api.TopicEvaluation: w.ids,
	}
}

// mark notes which jobs a batch of events is about.
func (w *watch) mark(batch *api.Events) {
	soon := time.Now().Add(settle)
	for _, e := range batch.Events {
		for _, id := range w.ids {
			if e.Key != id && !slices.Contains(e.FilterKeys, id) {
				continue
			}
			w.news[id] = true
			if w.due[id].After(soon) {
				w.due[id] = soon
			}
		}
	}
}

// refresh reads what is due, and says whether there is something to send.
func (w *watch) refresh(whole context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(whole, answerWithin)
	defer cancel()
	changed := false
	for i, id := range w.ids {
		now := time.Now()
		if w.due[id].After(now) {
			continue
		}
		f, err := w.client.facts(ctx, id)
		if err != nil {
			return false, err
		}
		f.Progress, f.Children = w.facts[i].Progress, w.facts[i].Children
		w.facts[i], changed = *f, true
		w.due[id] = now.Add(resync)
		if w.news[id] {
			w.due[id] = now.Add(confirm)
		}
		w.news[id] = false
	}
	if err := w.children.follow(whole, ctx, w.facts); err != nil {
		return false, err
	}
	fresh, err := w.children.refresh(ctx, w.facts)
	if err != nil {
		return false, err
	}
	changed = w.progress(ctx) || changed || fresh
	w.prestart = time.Time{}
	if w.preparing() {
		w.prestart = time.Now().Add(progressEvery)
	}
	return changed, nil
}

// preparing says whether some allocation's prestart task runs.
func (w *watch) preparing() bool {
	for _, f := range w.facts {
		if slices.ContainsFunc(allocsOf(&f), inPrestart) {
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
		for _, a := range allocsOf(f) {
			old := f.Progress[a.ID]
			p := old
			if inPrestart(a) {
				if now := w.client.progress(ctx, a); now != nil {
					p = now
				}
			}
			if p != nil {
				next[a.ID] = p
				changed = changed || old == nil || !same(old, p)
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
