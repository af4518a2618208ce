package monitor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/nomad"
	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// NomadWatch is what the monitor asks of Nomad.
type NomadWatch interface {
	// Follow sends the IDs of the release's jobs at first, after each change of the set, and after each fault.
	Follow(ctx context.Context, release string) <-chan nomad.Members
	// Observe sends the jobs' facts at first and after each change.
	Observe(ctx context.Context, ids []string) <-chan release.Facts
}

// ConsulWatch is what the monitor asks of Consul.
type ConsulWatch interface {
	// Observe sends the checks of the services' instances at first and after each change.
	Observe(ctx context.Context, services []string) <-chan release.Checks
}

// Cluster is the Source of a monitor that runs beside the release. It is told of every change by Nomad's event stream
// and Consul's blocking queries; nothing is polled but the progress file of a prestart task that runs.
type Cluster struct {
	release string
	nomad   NomadWatch
	consul  ConsulWatch
	wake    chan struct{}
	first   chan struct{} // closed when something is known, be it a fault

	mu    sync.Mutex
	known known
}

var _ Source = (*Cluster)(nil)

// known is what the cluster last said.
type known struct {
	jobs    []status.JobFacts
	checks  map[string][]status.Check // nil before Consul's first answer
	members error                     // why the list of jobs cannot be read
	facts   error                     // why the jobs cannot be read
	health  error                     // why the checks cannot be read
}

// NewCluster makes a source. It connects when it runs.
func NewCluster(releaseName string, n NomadWatch, c ConsulWatch) *Cluster {
	return &Cluster{release: releaseName, nomad: n, consul: c, wake: make(chan struct{}, 1), first: make(chan struct{})}
}

// Changed implements Source.
func (c *Cluster) Changed() <-chan struct{} { return c.wake }

// Read implements Source.
func (c *Cluster) Read(ctx context.Context) Sample {
	var late error
	select {
	case <-c.first:
	case <-ctx.Done():
		late = errors.New("it has not answered yet")
	}
	now := time.Now().UTC()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Sample{Time: now, Faults: map[Part]error{}, Observation: status.Observation{Time: now, Jobs: slices.Clone(c.known.jobs)}}
	for _, err := range []error{late, c.known.members, c.known.facts} {
		if err != nil && s.Faults[Nomad] == nil {
			s.Faults[Nomad] = err
		}
	}
	if c.known.health != nil {
		s.Faults[Consul] = c.known.health
	}
	for i := range s.Observation.Jobs {
		s.Observation.Jobs[i].Checks = c.known.checks
	}
	s.Tiers = status.Derive(s.Observation)
	return s
}

// update changes what is known and tells the monitor.
func (c *Cluster) update(change func(*known)) {
	c.mu.Lock()
	change(&c.known)
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// keep is the error to show: the first of an outage, since each query words the same outage in its own way.
func keep(was, is error) error {
	if was != nil && is != nil {
		return was
	}
	return is
}

// Run implements Source. One watch follows the set of jobs; it decides which jobs a second one reads, and these decide
// of which services a third one reads the checks.
func (c *Cluster) Run(ctx context.Context) {
	var jobs watched[release.Facts]
	var checks watched[release.Checks]
	members := c.nomad.Follow(ctx, c.release)
	defer func() {
		jobs.stop()
		checks.stop()
		drain(members)
	}()
	answered := sync.OnceFunc(func() { close(c.first) })
	for {
		select {
		case <-ctx.Done():
			return
		case m, more := <-members:
			if !more {
				return
			}
			c.update(func(k *known) { k.members = keep(k.members, m.Err) })
			if m.Err != nil {
				jobs.stop() // its stream may hang for ever on a connection that is dead: it is made anew
				answered()
				continue
			}
			if len(m.IDs) == 0 {
				jobs.stop()
				c.update(func(k *known) { k.jobs, k.facts = nil, nil })
				answered()
				continue
			}
			if jobs.restart(ctx, m.IDs, c.nomad.Observe) {
				c.update(func(k *known) { k.facts = nil })
			}
		case f, more := <-jobs.ch:
			if !more {
				jobs.ch = nil
				continue
			}
			c.update(func(k *known) {
				k.facts = keep(k.facts, f.Err)
				if f.Err == nil {
					k.jobs = f.Jobs
				}
			})
			if f.Err == nil {
				checks.restart(ctx, servicesIn(f.Jobs), c.consul.Observe)
			} else {
				answered()
			}
		case h, more := <-checks.ch:
			if !more {
				checks.ch = nil
				continue
			}
			c.update(func(k *known) {
				k.health = keep(k.health, h.Err)
				if h.Err == nil {
					k.checks = h.ByAlloc
				}
			})
			answered() // not before: what Nomad calls healthy may have a check that fails
		}
	}
}

// watched is one subscription, made anew when what it is about changes.
type watched[T any] struct {
	ch    <-chan T
	about []string
	end   context.CancelFunc
}

// restart makes the subscription anew if it is about something else, or has ended, and says whether it did.
func (w *watched[T]) restart(ctx context.Context, about []string, observe func(context.Context, []string) <-chan T) bool {
	if w.end != nil && slices.Equal(w.about, about) {
		return false
	}
	w.stop()
	ctx, w.end = context.WithCancel(ctx)
	w.about, w.ch = about, observe(ctx, about)
	return true
}

// stop returns when the subscription has ended.
func (w *watched[T]) stop() {
	if w.end == nil {
		return
	}
	w.end()
	drain(w.ch)
	*w = watched[T]{}
}

func drain[T any](ch <-chan T) {
	if ch == nil {
		return
	}
	for range ch { // until its sender has closed it
	}
}

// servicesIn are the Consul services of the jobs. A name that is only complete at run time cannot be looked up.
func servicesIn(jobs []status.JobFacts) []string {
	var names []string
	add := func(list []*api.Service) {
		for _, s := range list {
			if (s.Provider == "" || s.Provider == api.ServiceProviderConsul) && !strings.Contains(s.Name, "${") {
				names = append(names, s.Name)
			}
		}
	}
	for _, j := range jobs {
		if j.Job == nil {
			continue
		}
		for _, g := range j.Job.TaskGroups {
			add(g.Services)
			for _, t := range g.Tasks {
				add(t.Services)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
