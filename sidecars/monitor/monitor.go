// Package monitor is the dashboard of one release: every tier, its instances, tasks and checks, and why it waits.
//
// In: Samples of a Source (Nomad's and Consul's APIs in a cluster). Out: one page with a live event stream, the same as
// JSON, Prometheus metrics and /healthz. It only reads, and nothing waits for it. The shape is
//
//	Config → Source.Read → decide (pure) → publish to everybody who watches
//
// Nothing that packctl runs outside the cluster imports it; it imports no other sidecar.
package monitor

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/packctl/packctl/sidecars/daemon"
)

// Timing of the loop and of the streams.
const (
	firstRead    = 20 * time.Second       // how long the page may say that it is looking, before it says what does not answer
	refresh      = 15 * time.Second       // without any event, at the latest; some reasons depend on the clock
	settle       = 250 * time.Millisecond // events come in bursts: at most one read in this time
	heartbeat    = 10 * time.Second       // a page that hears nothing for three of these says so
	writeTimeout = 10 * time.Second       // a watcher that does not read for this long is dropped
)

// Monitor serves one release. Make it with New.
type Monitor struct {
	cfg    Config
	source Source
	log    hclog.Logger
	view   *view
	hub    *hub
}

// New makes a monitor. The configuration is taken as valid (see Config.Validate).
func New(cfg Config, source Source, log hclog.Logger) (*Monitor, error) {
	v, err := newView(cfg)
	if err != nil {
		return nil, err
	}
	return &Monitor{cfg: cfg, source: source, log: log, view: v, hub: newHub()}, nil
}

// Run serves until ctx ends, and then returns nil after every stream and the loop have ended. A Nomad or Consul that does
// not answer is shown, never returned.
func (m *Monitor) Run(ctx context.Context) error { return m.Daemon().Run(ctx) }

// Daemon is the life of the monitor, for who wants to start and stop it by himself.
//
// /healthz stays at 200 when Nomad or Consul do not answer: that is on the page, and restarting the monitor would only
// take the page away when it is needed.
func (m *Monitor) Daemon() *daemon.Daemon {
	registry := daemon.NewRegistry()
	registry.MustRegister(newCollector(m.hub))
	d := daemon.New(daemon.Config{Name: "monitor", Listen: m.cfg.Listen, Logger: m.log, Registry: registry})
	d.Handle("/", m.Handler())
	d.Go("watch the cluster", func(ctx context.Context) error { m.source.Run(ctx); return nil })
	d.Go("watch the release", func(ctx context.Context) error { m.Watch(ctx); return nil })
	return d
}

// Watch reads, decides and publishes until ctx ends. Run calls it.
func (m *Monitor) Watch(ctx context.Context) {
	var prev *Page
	var id uint64
	for ctx.Err() == nil {
		sample := m.read(ctx)
		if ctx.Err() != nil {
			return
		}
		d := decide(Identity{m.cfg.Release, m.cfg.Namespace}, prev, sample, time.Now().UTC())
		if d.Changed {
			id++
			m.act(id, d)
		}
		prev = d.Page
		if !pause(ctx, settle) {
			return
		}
		timer := time.NewTimer(until(d.Page, time.Now()))
		select {
		case <-ctx.Done():
		case <-m.source.Changed():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// until is how long a page may stand without any event: less than usual where a tier says when it will be another, as one
// of a periodic job does.
func until(p *Page, now time.Time) time.Duration {
	wait := refresh
	if p.Stale { // its tiers are those of an earlier moment
		return wait
	}
	for _, t := range p.Tiers {
		if !t.Until.IsZero() {
			wait = min(wait, t.Until.Sub(now)+time.Millisecond)
		}
	}
	return max(wait, 0)
}

func (m *Monitor) read(ctx context.Context) Sample {
	ctx, cancel := context.WithTimeout(ctx, firstRead)
	defer cancel()
	return m.source.Read(ctx)
}

// act tells the log and everybody who watches.
func (m *Monitor) act(id uint64, d Decision) {
	for _, c := range d.New {
		level := hclog.Info
		if c.Level == LevelBad || c.Level == LevelUnknown {
			level = hclog.Warn
		}
		m.log.Log(level, "changed", "what", c.Name, "from", string(c.From), "to", string(c.To), "reason", clip(c.Reason, 300))
	}
	s := &snapshot{id: id, page: d.Page}
	var err error
	if s.json, err = json.Marshal(d.Page); err != nil {
		m.log.Error("write the page as JSON", "error", err)
		return
	}
	if s.html, err = m.view.board(d.Page); err != nil {
		m.log.Error("render the page", "error", err)
		return
	}
	m.hub.publish(s)
}

// pause waits, and says whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
