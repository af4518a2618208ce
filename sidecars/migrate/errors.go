package migrate

import (
	"fmt"
	"strings"
	"time"
)

// ConfigError is a migration that cannot be started as it is described.
type ConfigError struct{ Reason string }

func (e *ConfigError) Error() string { return e.Reason }

// DeniedError is a database that refuses us for good: a wrong password, no right to log in.
type DeniedError struct{ Reason string }

func (e *DeniedError) Error() string { return "the database refuses the login: " + e.Reason }

// LockTimeoutError is a lock that was not free in time.
type LockTimeoutError struct {
	Lock   string
	After  time.Duration
	Reason string // who holds it, or why the database could not be asked
}

func (e *LockTimeoutError) Error() string {
	return fmt.Sprintf("the lock %q was not free within %s: %s", e.Lock, e.After, e.Reason)
}

// LockLostError is a lock that was lost while the migration ran. The migration has been ended; another runner may be at it.
type LockLostError struct {
	Lock   string
	Reason string
}

func (e *LockLostError) Error() string {
	return fmt.Sprintf("the lock %q was lost: %s", e.Lock, e.Reason)
}

// TimeoutError is a migration that took too long and has been ended.
type TimeoutError struct{ After time.Duration }

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("the migration was not done within %s and has been ended", e.After)
}

// CommandError is a command that ran and failed.
type CommandError struct {
	Command []string
	Code    int // as a shell has it: 128 + the signal's number when a signal ended it
	Signal  string
}

func (e *CommandError) Error() string {
	text := strings.Join(e.Command, " ")
	if e.Signal != "" {
		return fmt.Sprintf("%s: ended by signal: %s", text, e.Signal)
	}
	return fmt.Sprintf("%s: exit code %d", text, e.Code)
}

// SQLError is an SQL file that failed. The files before it stay as this run made them; a next run goes on at this one.
type SQLError struct {
	File    string
	Applied int // files of this run before it
	Err     error
	Down    bool // they were being taken back
	Torn    bool // statements of this file before the failing one may have stayed: MySQL cannot take a CREATE, ALTER or DROP back
}

func (e *SQLError) Error() string {
	did := "applied"
	if e.Down {
		did = "taken back"
	}
	text := fmt.Sprintf("%s: %v (%d files before it were %s in this run)", e.File, e.Err, e.Applied, did)
	if e.Torn {
		text += "; MySQL cannot take back a CREATE, ALTER or DROP: undo those of this file that came before, then run again (one such statement a file avoids this)"
	}
	return text
}

func (e *SQLError) Unwrap() error { return e.Err }
