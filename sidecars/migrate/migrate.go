// Package migrate runs a schema migration, a command or a folder of SQL files, while it holds a lock in the database that
// is migrated, so that of many runners one works at a time.
//
// In: the database's URL, the lock's name, the work. Out: nil when the work ended well under the lock, or a typed error:
// *ConfigError, *DeniedError, *LockTimeoutError, *LockLostError, *TimeoutError, *CommandError, *SQLError; a cancelled context returns its
// cause. What was started has ended when Run returns, whatever the reason. No password stands in an error or a log line.
// Other sidecars must not import it; cmd/sidecar does.
package migrate

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/packctl/packctl/hcl/spec"
)

// Config is one migration.
type Config struct {
	Driver      string        // one of spec.Drivers; default: what the URL's scheme says
	URL         string        // postgres://user:password@host:port/database, mysql://…
	Lock        string        // name of the lock; the same in every runner
	LockTimeout time.Duration // for the wait for the lock; default Timeout
	Timeout     time.Duration // for the work; default spec.DefaultMigrationTimeout
	Work        Work
	Logger      hclog.Logger        // default: none
	Report      func(reason string) // told what is being done, in one line; default: nobody
}

// Work is what is done under the lock.
type Work interface {
	// Describe names the work in a few words.
	Describe() string
	// Do does it. When ctx is cancelled it ends everything that it started and returns an error; it never leaves anything
	// running behind.
	Do(ctx context.Context, s Server) error
}

// Server is the database server that holds the lock.
type Server struct {
	// Of PostgreSQL:
	DSN     string // as pgx reads it; a secret
	Version int    // major
	// AppName is the application_name that the work's sessions bear. The next holder of the lock ends those that are left.
	AppName string

	mysql *mysql // of MySQL: the session that holds the lock; nil for PostgreSQL
}

// Run takes the lock, does the work and gives the lock back.
func Run(ctx context.Context, cfg Config) error {
	if cfg.Logger == nil {
		cfg.Logger = hclog.NewNullLogger()
	}
	if cfg.Report == nil {
		cfg.Report = func(string) {}
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = spec.DefaultMigrationTimeout
	}
	if cfg.LockTimeout <= 0 {
		cfg.LockTimeout = cfg.Timeout
	}
	if cfg.Lock == "" {
		return &ConfigError{"the lock has no name"}
	}
	l, err := acquire(ctx, cfg)
	if err != nil {
		return err
	}
	err = underLock(ctx, cfg, l)
	if left := l.release(ctx); err == nil && left != nil {
		return left
	}
	return err
}

// underLock does the work with a context that ends with the lock, with the timeout and with ctx. The error says which.
func underLock(ctx context.Context, cfg Config, l *lock) error {
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.Timeout, &TimeoutError{cfg.Timeout})
	defer cancel()
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	stopKeeping := l.keep(ctx, lost)
	defer stopKeeping()

	start := time.Now()
	cfg.Logger.Info("migration starts", "work", cfg.Work.Describe(), "lock", cfg.Lock)
	cfg.Report("runs " + cfg.Work.Describe())
	err := cfg.Work.Do(ctx, l.session.server())
	took := time.Since(start).Round(time.Millisecond).String()
	stopKeeping()
	if err != nil && ctx.Err() == nil { // the work may have noticed first that the server is gone
		if gone := l.check(ctx); gone != nil {
			lost(gone)
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		cfg.Logger.Error("migration was ended", "work", cfg.Work.Describe(), "after", took, "reason", cause.Error())
		return cause
	}
	if err != nil {
		cfg.Logger.Error("migration failed", "work", cfg.Work.Describe(), "after", took, "reason", err.Error())
		return fmt.Errorf("migration: %w", err)
	}
	cfg.Logger.Info("migration done", "work", cfg.Work.Describe(), "after", took)
	return nil
}
