package gate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
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
	everyURL := func(literal, env string, ask func(context.Context, string) (string, error)) (source, error) {
		at, err := address(cfg, w.Name, literal, env)
		if err != nil {
			return nil, err
		}
		return every(func(ctx context.Context) (string, error) {
			url, err := at()
			if err != nil {
				return "", err
			}
			return ask(ctx, url)
		})
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
		return everyURL(w.Postgres.URL, w.Postgres.URLEnv, probe.Postgres)
	case w.MySQL != nil:
		return everyURL(w.MySQL.URL, w.MySQL.URLEnv, probe.MySQL)
	case w.Redis != nil:
		return everyURL(w.Redis.URL, w.Redis.URLEnv, probe.Redis)
	}
	return bad("asks for nothing: one of service, tcp, http, postgres, mysql, redis must be set")
}

// address says where a URL is read at each try: the text itself, an environment variable, or the file that <env>_FILE names.
// Such a file is rendered from the catalog, so it may be empty or missing at first; that passes.
func address(cfg Config, condition, literal, env string) (func() (string, error), error) {
	if env == "" {
		return func() (string, error) { return literal, nil }, nil
	}
	if v := cfg.Getenv(env); v != "" {
		return func() (string, error) { return v, nil }, nil
	}
	file := cfg.Getenv(env + "_FILE")
	if file == "" {
		return nil, &ConfigError{Condition: condition, Reason: fmt.Sprintf(
			"the environment variable %s is empty: set it, or %[1]s_FILE to the path of a file, in the env block or in a template (env = true) of the wait_for block", env)}
	}
	return func() (string, error) {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", &probe.Error{Reason: fmt.Sprintf("read %s_FILE: %v", env, err), Permanent: true}
		}
		if url := strings.TrimSpace(string(text)); url != "" {
			return url, nil
		}
		return "", &probe.Error{Reason: fmt.Sprintf("%s_FILE: %s is still empty", env, file)}
	}, nil
}
