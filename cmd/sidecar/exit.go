package main

import (
	"errors"
	"syscall"

	"github.com/packctl/packctl/sidecars/gate"
	"github.com/packctl/packctl/sidecars/migrate"
)

// The exit codes, by cause.
const (
	exitOK          = 0
	exitInternal    = 1
	exitConfig      = 2
	exitGateTimeout = 3
	exitDenied      = 4
	exitMigration   = 5
	exitLockTimeout = 6
	exitLockLost    = 7
	exitWorkTimeout = 8
	exitSignal      = 128
	exitCodeHelp    = `Exit codes:
  0    done
  1    internal error
  2    the configuration cannot be used: a flag, PACKCTL_PREPARE, the migration's URL, a command that cannot be started
  3    a condition did not hold in time
  4    waiting cannot help: a wrong password, 401, 403, a certificate, a Consul token, a condition's URL that cannot be read
  5    the migration failed ("sidecar migrate -- command" ends with the command's own code instead)
  6    the migration's lock was not free in time
  7    the migration's lock was lost; the migration has been ended
  8    the migration took too long and has been ended
  130  interrupted (SIGINT)
  143  ended by Nomad (SIGTERM)

The log is one JSON object a line; PACKCTL_LOG_LEVEL sets its level (default info).`
)

// signalError is the cause of a context that a signal has cancelled.
type signalError struct{ signal syscall.Signal }

func (e *signalError) Error() string { return "got signal: " + e.signal.String() }

// usageError is a command line or a configuration that cannot be used.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// loggedError is an error that the JSON log holds already.
type loggedError struct{ error }

func (e *loggedError) Unwrap() error { return e.error }

func isLogged(err error) bool {
	var l *loggedError
	return errors.As(err, &l)
}

// passError is the exit code of a wrapped command.
type passError struct {
	error
	code int
}

func (e *passError) Unwrap() error { return e.error }

// exitCode maps every error of this program, once.
func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	var pass *passError
	if errors.As(err, &pass) {
		return pass.code
	}
	var sig *signalError
	if errors.As(err, &sig) {
		return exitSignal + int(sig.signal)
	}
	for _, c := range []struct {
		code int
		is   bool
	}{
		{exitConfig, is[*usageError](err) || is[*gate.ConfigError](err) || is[*migrate.ConfigError](err)},
		{exitGateTimeout, is[*gate.TimeoutError](err)},
		{exitDenied, is[*gate.DeniedError](err) || is[*migrate.DeniedError](err)},
		{exitLockTimeout, is[*migrate.LockTimeoutError](err)},
		{exitLockLost, is[*migrate.LockLostError](err)},
		{exitWorkTimeout, is[*migrate.TimeoutError](err)},
		{exitMigration, is[*migrate.CommandError](err) || is[*migrate.SQLError](err)},
	} {
		if c.is {
			return c.code
		}
	}
	return exitInternal
}

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}
