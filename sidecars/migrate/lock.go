package migrate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/probe"
)

// The waits of the lock. The lock is only ever tried: a server-side wait (pg_advisory_lock) deadlocks with CREATE INDEX
// CONCURRENTLY, which waits for every older transaction, the waiting runner's too.
const (
	firstPause   = 25 * time.Millisecond
	longestPause = 150 * time.Millisecond // so a hand-over takes about half of that
	tellHolder   = 10 * time.Second
	heartbeat    = time.Second
	patience     = 5 * time.Second // of a heartbeat and a release: less than a server needs to free the lock of a client that fell silent
)

// session is a connection to the database server, made by the first try, and what is done with the lock on it. An error of
// its own is a *ConfigError; any other comes from the driver and may hold anything: fault says it in a few words.
type session interface {
	// try connects where there is no connection and tries the lock once, without a wait in the server. An error leaves no
	// connection.
	try(ctx context.Context) (bool, error)
	// settle returns when nothing that an earlier holder started goes on in the server; the lock is held. What it waits for it
	// tells. An error leaves no connection.
	settle(ctx context.Context, tell func(string)) error
	// holder says who holds the lock.
	holder(ctx context.Context) string
	// held is nil while the lock is ours, errNotHeld when the server says that it is not. It may be asked during the work.
	held(ctx context.Context) error
	// free gives the lock back: errNotHeld when it was not ours any more.
	free(ctx context.Context) error
	// drop closes the connection; the server then frees what it held.
	drop()
	server() Server
	fault(err error) *probe.Error
}

var errNotHeld = errors.New("the server does not know it any more")

// newSession is a session of the kind of server that cfg.Driver names, or the URL's scheme where it names none.
func newSession(cfg Config) (session, error) {
	driver := cfg.Driver
	if driver == "" {
		driver = driverOf(cfg.URL)
	}
	if driver == spec.DriverMySQL {
		return newMySQL(cfg)
	}
	s, err := newPostgres(cfg)
	if err != nil && driverOf(cfg.URL) == spec.DriverMySQL {
		return nil, &ConfigError{err.Error() + `; for MySQL set driver = "mysql"`}
	}
	return s, err
}

// driverOf is what a URL's scheme says, PostgreSQL where it says nothing.
func driverOf(raw string) string {
	scheme, _, _ := strings.Cut(raw, "://")
	scheme, _, _ = strings.Cut(scheme, "+")
	if scheme == "mysql" || scheme == "mariadb" {
		return spec.DriverMySQL
	}
	return spec.DriverPostgres
}

// lock is the migration's lock, held.
type lock struct {
	name    string
	session session
}

// acquire connects and tries until the lock is ours, cfg.LockTimeout has passed, or the database refuses us for good. A
// database that goes away meanwhile is waited for.
func acquire(ctx context.Context, cfg Config) (*lock, error) {
	s, err := newSession(cfg)
	if err != nil {
		return nil, err
	}
	waitCtx, cancel := context.WithTimeout(ctx, cfg.LockTimeout)
	defer cancel()
	reason, told, pause := "", time.Time{}, firstPause
	tell := func(now string) {
		if now != reason || time.Since(told) >= tellHolder {
			reason, told = now, time.Now()
			cfg.Logger.Info("waits for the lock", "lock", cfg.Lock, "reason", reason)
			cfg.Report(fmt.Sprintf("waits for the lock %q: %s", cfg.Lock, reason))
		}
	}
	for {
		got, err := s.try(waitCtx)
		if got {
			err = s.settle(waitCtx, tell)
		}
		if got && err == nil {
			return &lock{cfg.Lock, s}, nil
		}
		if fatal := giveUp(s, err); fatal != nil && waitCtx.Err() == nil {
			s.drop()
			return nil, fatal
		}
		if waitCtx.Err() == nil && err != nil {
			tell(s.fault(err).Error())
		} else if waitCtx.Err() == nil && time.Since(told) >= tellHolder {
			tell(s.holder(waitCtx))
		}
		if !sleep(waitCtx, pause/2+rand.N(pause/2)) {
			s.drop()
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, &LockTimeoutError{Lock: cfg.Lock, After: cfg.LockTimeout, Reason: reason}
		}
		pause = min(2*pause, longestPause)
	}
}

// giveUp is the error behind which waiting makes no sense, or nil.
func giveUp(s session, err error) error {
	var bad *ConfigError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return bad
	}
	if e := s.fault(err); e.Permanent {
		return &DeniedError{e.Error()}
	}
	return nil
}

// keep asks again and again whether the lock is still ours, and calls lost with a *LockLostError as soon as it is not. The
// function that it returns ends this and waits until it has ended.
func (l *lock) keep(ctx context.Context, lost context.CancelCauseFunc) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // also while the work is being ended
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for sleep(ctx, heartbeat) {
			if err := l.check(ctx); err != nil {
				lost(err)
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// check is nil while the lock is ours, and a *LockLostError otherwise. A question under way is let end: cancelling it would
// close the connection, and with it free the lock early.
func (l *lock) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := l.session.held(ctx); err != nil {
		return &LockLostError{Lock: l.name, Reason: l.session.fault(err).Error()}
	}
	return nil
}

// release gives the lock back and closes the session. The error is a *LockLostError when it was not ours any more.
func (l *lock) release(ctx context.Context) error {
	defer l.session.drop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := l.session.free(ctx); err != nil {
		return &LockLostError{Lock: l.name, Reason: l.session.fault(err).Error()}
	}
	return nil
}

// sleep returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
