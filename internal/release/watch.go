package release

import (
	"context"
	"slices"
	"time"

	"github.com/packctl/packctl/internal/status"
)

// deriveEvery is how often the states are derived again without news: some depend on the time that has passed.
const deriveEvery = time.Second

// silence is how long a cluster may not answer before a watch gives up.
const silence = time.Minute

// watched is a job with its groups as they are to come.
type watched struct {
	id     string
	groups []string
}

// watching is one watch over jobs and the checks of their services. One goroutine uses it.
type watching struct {
	verb   *verb
	jobs   []watched
	facts  []status.JobFacts
	checks map[string][]status.Check
	fresh  struct{ facts, checks bool }
	links  struct{ nomad, consul link }

	nomad  <-chan Facts
	consul <-chan Checks
	tick   *time.Ticker
	stop   context.CancelFunc
	last   []status.Tier
	only   func(status.Tier) bool // leaves the other tiers out; nil: all
	others []status.Tier          // of other jobs, which are shown before those that are watched
}

// watch begins to observe. close ends it.
func (v *verb) watch(ctx context.Context, jobs []watched, services []string) *watching {
	ctx, stop := context.WithCancel(ctx)
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.id
	}
	w := &watching{verb: v, jobs: jobs, nomad: v.deps.Nomad.Observe(ctx, ids), tick: time.NewTicker(deriveEvery), stop: stop}
	if v.deps.Health != nil && len(services) > 0 {
		w.consul = v.deps.Health.Observe(ctx, services)
	} else {
		w.fresh.checks = true
	}
	return w
}

// close returns when the observers have ended.
func (w *watching) close() {
	w.stop()
	w.tick.Stop()
	for range w.nomad {
	}
	if w.consul != nil {
		for range w.consul {
		}
	}
}

// next waits for news, at most deriveEvery once there was a first full reading, and tells the observer how the tiers stand.
func (w *watching) next(ctx context.Context) (status.Observation, []status.Tier, error) {
	for {
		select {
		case <-ctx.Done():
			return status.Observation{}, nil, ctx.Err()
		case f, more := <-w.nomad:
			if !more {
				return status.Observation{}, nil, ctx.Err()
			}
			if err := w.note(&w.links.nomad, f.Err); err != nil {
				return status.Observation{}, nil, err
			}
			if f.Err == nil {
				w.facts, w.fresh.facts = f.Jobs, true
			}
		case c, more := <-w.consul:
			if !more {
				return status.Observation{}, nil, ctx.Err()
			}
			if err := w.note(&w.links.consul, c.Err); err != nil {
				return status.Observation{}, nil, err
			}
			if c.Err == nil {
				w.checks, w.fresh.checks = c.ByAlloc, true
			}
		case <-w.tick.C:
		}
		if w.fresh.facts && w.fresh.checks {
			o := w.observation()
			tiers := w.verb.secret.tiers(status.Derive(o))
			if w.only != nil {
				tiers = slices.DeleteFunc(tiers, func(t status.Tier) bool { return !w.only(t) })
			}
			w.tell(tiers)
			return o, tiers, nil
		}
	}
}

// link is how one of the two servers answers.
type link struct {
	failed error // the last fault, told once
	since  time.Time
}

// note tells a lost connection once, and that it is back; it returns the fault when that has lasted too long.
func (w *watching) note(l *link, err error) error {
	now := w.verb.deps.Now()
	switch {
	case err != nil && l.failed == nil:
		l.since = now
		w.verb.say(Warn, "", "%v; still trying", err)
	case err == nil && l.failed != nil:
		w.verb.say(Info, "", "connected again")
	case err != nil && now.Sub(l.since) > silence:
		return err
	}
	l.failed = err
	return nil
}

func (w *watching) observation() status.Observation {
	jobs := slices.Clone(w.facts)
	for i := range jobs {
		jobs[i].Groups = w.jobs[i].groups
		jobs[i].Checks = w.checks
	}
	return status.Observation{Time: w.verb.deps.Now(), Jobs: jobs}
}

// tell sends the tiers when something about them changed.
func (w *watching) tell(tiers []status.Tier) {
	w.verb.res.Tiers = tiers
	if len(w.others) > 0 {
		tiers = slices.Concat(w.others, tiers)
	}
	if sameTiers(w.last, tiers) {
		return
	}
	w.last = tiers
	w.verb.obs.Event(Event{Time: w.verb.deps.Now(), Phase: w.verb.phase, Tiers: tiers})
}

func sameTiers(a, b []status.Tier) bool {
	return slices.EqualFunc(a, b, func(x, y status.Tier) bool {
		return x.Name == y.Name && x.Job == y.Job && x.State == y.State && x.Reason == y.Reason && x.Desired == y.Desired &&
			x.Healthy == y.Healthy && slices.EqualFunc(x.Instances, y.Instances, sameInstance)
	})
}

func sameInstance(x, y status.Instance) bool {
	return x.Alloc == y.Alloc && x.State == y.State && x.Reason == y.Reason && x.Version == y.Version &&
		slices.Equal(x.Tasks, y.Tasks) && slices.Equal(x.Checks, y.Checks)
}
