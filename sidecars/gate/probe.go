package gate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/probe"
)

// try is one try of a probe: what answered, or why not.
type try func(ctx context.Context) (string, error)

// prober asks by interval. Once the condition holds it asks five times less often: it only has to notice a loss while
// other conditions are still waited for.
type prober struct {
	try      try
	interval time.Duration
	timeout  time.Duration // of one try
}

var _ source = (*prober)(nil)

const calm = 5

func (p *prober) watch(ctx context.Context, emit func(Sample)) {
	for ctx.Err() == nil {
		pause := p.interval
		s := p.once(ctx)
		if s.Passing > 0 {
			pause *= calm
		}
		if ctx.Err() == nil { // a try that the gate's own end has cut short says nothing
			emit(s)
		}
		sleep(ctx, jitter(pause))
	}
}

func (p *prober) once(ctx context.Context) Sample {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	detail, err := p.try(ctx)
	if err != nil {
		return Sample{Reason: err.Error(), Permanent: probe.IsPermanent(err)}
	}
	return Sample{Passing: 1, Reason: detail}
}

// jitter spreads d over d*3/4 … d*5/4, so that instances that started together do not ask together for ever.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1)
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// newSource is the source that a condition's kind asks for.
func newSource(cfg Config, w spec.WaitFor) (source, error) {
	bad := func(format string, args ...any) (source, error) {
		return nil, &ConfigError{Condition: w.Name, Reason: fmt.Sprintf(format, args...)}
	}
	interval := time.Duration(w.Interval)
	if interval <= 0 {
		interval = spec.DefaultInterval
	}
	every := func(t try) (source, error) {
		return &prober{try: t, interval: interval, timeout: spec.DefaultTryTimeout}, nil
	}
	url := func(literal, env string) (string, error) {
		if env == "" {
			return literal, nil
		}
		if v := cfg.Getenv(env); v != "" {
			return v, nil
		}
		return "", &ConfigError{Condition: w.Name, Reason: fmt.Sprintf(
			"the environment variable %s is empty: set it in the env block or in a template (env = true) of the wait_for block", env)}
	}
	switch {
	case w.Service != nil && cfg.Consul == nil:
		return bad("waits for the Consul service %q, but no Consul address is set: set CONSUL_HTTP_ADDR", w.Service.Name)
	case w.Service != nil:
		return &service{consul: cfg.Consul, want: *w.Service, retry: interval}, nil
	case w.TCP != nil:
		return every(func(ctx context.Context) (string, error) { return probe.TCP(ctx, w.TCP.Address) })
	case w.HTTP != nil:
		req := probe.HTTPRequest{URL: w.HTTP.URL, Method: w.HTTP.Method, Status: w.HTTP.Status, InsecureSkipVerify: w.HTTP.InsecureSkipVerify}
		return every(func(ctx context.Context) (string, error) { return probe.HTTP(ctx, req) })
	case w.Postgres != nil:
		raw, err := url(w.Postgres.URL, w.Postgres.URLEnv)
		if err != nil {
			return nil, err
		}
		return every(func(ctx context.Context) (string, error) { return probe.Postgres(ctx, raw) })
	case w.Redis != nil:
		raw, err := url(w.Redis.URL, w.Redis.URLEnv)
		if err != nil {
			return nil, err
		}
		return every(func(ctx context.Context) (string, error) { return probe.Redis(ctx, raw) })
	}
	return bad("asks for nothing: one of service, tcp, http, postgres, redis must be set")
}
