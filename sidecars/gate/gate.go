// Package gate holds a group's main tasks back until the conditions of its wait_for blocks hold, all at the same moment.
//
// In: []spec.WaitFor and the clients to ask with. Out: nil once the gate opens, or a typed error: *ConfigError,
// *DeniedError (waiting cannot help), *TimeoutError; a cancelled context returns its cause. Progress goes to a Reporter and, one line
// a change, to the log. Other sidecars must not import it; cmd/sidecar does.
package gate

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/packctl/packctl/hcl/spec"
)

// DefaultRemind is how often a wait that goes on unchanged is logged again.
const DefaultRemind = 30 * time.Second

// Reporter is told the state of all conditions whenever one has changed.
type Reporter interface {
	Conditions([]spec.Condition)
}

// Config is what the gate waits for and how it asks.
type Config struct {
	WaitFor  []spec.WaitFor
	Consul   Consul                   // needed for service conditions only
	Getenv   func(name string) string // looks up url_env
	Logger   hclog.Logger             // default: none
	Reporter Reporter                 // default: nobody
	Remind   time.Duration            // default DefaultRemind
}

// source looks at one condition again and again, and emits what it sees, until ctx ends.
type source interface {
	watch(ctx context.Context, emit func(Sample))
}

// Run waits. All its goroutines have ended when it returns.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	if cfg.Remind == 0 {
		cfg.Remind = DefaultRemind
	}
	rules := make([]rule, len(cfg.WaitFor))
	sources := make([]source, len(cfg.WaitFor))
	for i, w := range cfg.WaitFor {
		var err error
		if sources[i], err = newSource(cfg, w); err != nil {
			return err
		}
		rules[i] = newRule(w)
	}
	return run(ctx, cfg, rules, sources)
}

func newRule(w spec.WaitFor) rule {
	r := rule{name: w.Name, min: 1, timeout: time.Duration(w.Timeout)}
	if r.timeout <= 0 {
		r.timeout = spec.DefaultWaitTimeout
	}
	if w.Service != nil {
		r.min, r.stableFor = max(1, w.Service.Min), time.Duration(w.Service.StableFor)
	}
	return r
}

func run(ctx context.Context, cfg Config, rules []rule, sources []source) error {
	watchCtx, cancel := context.WithCancel(ctx)
	seen := make(chan observation)
	var watchers sync.WaitGroup
	defer watchers.Wait()
	defer cancel()
	for i, src := range sources {
		watchers.Go(func() {
			src.watch(watchCtx, func(s Sample) {
				select {
				case seen <- observation{i, s}:
				case <-watchCtx.Done():
				}
			})
		})
	}

	started := time.Now()
	s, d := decide(rules, newState(len(rules), started), nil, started)
	tell(cfg, rules, s, nil)
	remind := time.NewTicker(cfg.Remind)
	defer remind.Stop()
	for !d.open && d.err == nil {
		var obs *observation
		wake := time.NewTimer(d.again)
		select {
		case o := <-seen:
			obs = &o
		case <-wake.C:
		case <-remind.C:
			cfg.Logger.Info("still waiting", "for", time.Since(started).Round(time.Second).String(),
				"reason", Waiting(report(rules, s)))
		case <-ctx.Done():
			wake.Stop()
			return context.Cause(ctx)
		}
		wake.Stop()
		s, d = decide(rules, s, obs, time.Now())
		if d.changed != nil {
			tell(cfg, rules, s, d.changed)
		}
	}
	if d.err == nil {
		cfg.Logger.Info("the gate is open", "after", time.Since(started).Round(time.Millisecond).String())
	}
	return d.err
}

// tell logs each changed condition and reports all of them.
func tell(cfg Config, rules []rule, s state, changed []int) {
	for _, i := range changed {
		c := s.conditions[i]
		text := "waiting"
		if c.ready {
			text = "ready"
		}
		cfg.Logger.Info(text, "condition", rules[i].name, "reason", c.reason,
			"after", time.Since(s.started).Round(time.Millisecond).String())
	}
	if cfg.Reporter != nil {
		cfg.Reporter.Conditions(report(rules, s))
	}
}
