// Package daemon is the life of a sidecar that stays up: New, Start, Stop, Run; its HTTP server with /healthz and
// /metrics; its workers; and the clean-up of what it opened.
//
// In: handlers, workers and clean-ups, registered before Start. Out: nothing that runs on after Stop has returned.
// It knows no cluster client and no sidecar; signals are main's business and arrive as a cancelled context.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"
)

// DefaultStopTimeout bounds Stop when Run calls it.
const DefaultStopTimeout = 5 * time.Second

// Config says what a daemon serves and where.
type Config struct {
	Name     string               // of the sidecar, for logs
	Listen   string               // host:port; port 0 picks a free one, see Addr
	Logger   hclog.Logger         // default: none
	Registry *prometheus.Registry // what /metrics serves; default: a new one with the Go and process collectors
	// Health answers /healthz: nil is 200, an error is 503 with its text. Default: always healthy.
	Health      func() error
	StopTimeout time.Duration // default DefaultStopTimeout
}

// Daemon is one running sidecar. Handle, Go and OnStop are called between New and Start, by one goroutine.
type Daemon struct {
	cfg     Config
	mux     *http.ServeMux
	workers []step
	server  *http.Server

	ctx    context.Context // of the workers and of every request; cancelled by Stop
	cancel context.CancelCauseFunc
	group  sync.WaitGroup
	ln     net.Listener

	cleanups []step

	mu      sync.Mutex // guards failure
	failure error
	failed  chan struct{} // closed by the first failure

	stopOnce sync.Once
	stopErr  error
}

type step struct {
	name string
	run  func(context.Context) error
}

// New makes a daemon. It opens nothing yet.
func New(cfg Config) *Daemon {
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	if cfg.Registry == nil {
		cfg.Registry = NewRegistry()
	}
	if cfg.Health == nil {
		cfg.Health = func() error { return nil }
	}
	if cfg.StopTimeout == 0 {
		cfg.StopTimeout = DefaultStopTimeout
	}
	return &Daemon{cfg: cfg, mux: newMux(cfg), failed: make(chan struct{})}
}

// Handle serves pattern (as http.ServeMux has it) with h. /healthz and /metrics are taken.
func (d *Daemon) Handle(pattern string, h http.Handler) { d.mux.Handle(pattern, h) }

// Go registers work that runs from Start until its context is cancelled by Stop. If it returns an error before that,
// the daemon fails: Run stops everything and returns the error. A nil return is a worker that had nothing more to do.
func (d *Daemon) Go(name string, run func(ctx context.Context) error) {
	d.workers = append(d.workers, step{name, run})
}

// OnStop registers a clean-up. They run one after the other, last registered first, after the server and every worker
// have ended, each with what is left of Stop's time.
func (d *Daemon) OnStop(name string, run func(ctx context.Context) error) {
	d.cleanups = append(d.cleanups, step{name, run})
}

// Start listens and starts the workers. Their contexts carry ctx's values but not its cancellation: only Stop ends
// them, so that clean-ups keep their order. When it fails, nothing is left open, and the clean-ups have run.
func (d *Daemon) Start(ctx context.Context) error {
	d.ctx, d.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", d.cfg.Listen)
	if err != nil {
		err = fmt.Errorf("listen on %s: %w", d.cfg.Listen, err)
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.cfg.StopTimeout)
		defer cancel()
		return errors.Join(err, d.Stop(stopCtx))
	}
	d.ln = ln
	d.serve(ln)
	for _, w := range d.workers {
		d.group.Go(func() {
			if err := w.run(d.ctx); err != nil && d.ctx.Err() == nil {
				d.fail(fmt.Errorf("%s: %w", w.name, err))
			}
		})
	}
	d.cfg.Logger.Info("started", "sidecar", d.cfg.Name, "address", d.Addr())
	return nil
}

// Addr is the address that the daemon listens on, host:port, with the port that was picked. Empty before Start.
func (d *Daemon) Addr() string {
	if d.ln == nil {
		return ""
	}
	return d.ln.Addr().String()
}

// Run is Start, a wait until ctx is cancelled or a worker has failed, and Stop. A cancelled ctx is the ordinary end and
// returns nil.
func (d *Daemon) Run(ctx context.Context) error {
	if err := d.Start(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		d.cfg.Logger.Info("stopping", "sidecar", d.cfg.Name, "reason", context.Cause(ctx).Error())
	case <-d.failed:
	}
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.cfg.StopTimeout)
	defer cancel()
	err := d.Stop(stopCtx)
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(d.failure, err)
}

// Stop ends the daemon: requests' and workers' contexts are cancelled, the server drains, the workers end, then the
// clean-ups run. Errors of all steps are joined. Only the first call does the work; every call returns its result.
// When ctx ends first, Stop goes on with the next step and says which one did not end.
func (d *Daemon) Stop(ctx context.Context) error {
	d.stopOnce.Do(func() { d.stopErr = d.stop(ctx) })
	return d.stopErr
}

func (d *Daemon) stop(ctx context.Context) error {
	var errs []error
	if d.ln != nil {
		d.cancel(errStopped)
		errs = append(errs, d.shutdown(ctx), d.wait(ctx))
	}
	for _, c := range slices.Backward(d.cleanups) {
		if err := c.run(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.name, err))
		}
	}
	return errors.Join(errs...)
}

// wait returns when every worker has ended, or with an error when ctx is over first.
func (d *Daemon) wait(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		d.group.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for workers: %w", ctx.Err())
	}
}

// fail keeps the first failure and wakes Run.
func (d *Daemon) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.failure == nil {
		d.failure = err
		close(d.failed)
	}
}

// errStopped is the cause of the contexts that Stop cancels.
var errStopped = errors.New("the daemon was stopped")
