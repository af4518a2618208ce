package cli

import (
	"context"
	"errors"

	"github.com/packctl/packctl/internal/release"
)

// Code is the process's exit status.
type Code int

// The exit codes.
const (
	CodeOK          Code = 0
	CodeUsage       Code = 1 // wrong usage, or a pack with errors
	CodeChanges     Code = 2 // with -detailed-exitcode: there would be changes
	CodeCluster     Code = 3 // cluster unreachable or access denied
	CodeFailed      Code = 4 // a deployment failed or was reverted
	CodeRolledBack  Code = 5 // failed, and every job is back at the last healthy revision
	CodeTimedOut    Code = 6
	CodeInterrupted Code = 7
	CodeConflict    Code = 8 // somebody else changed, owns or works on it
)

// HintError is an error with a way out.
type HintError struct {
	Err  error
	Hint string
}

func (e *HintError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *HintError) Unwrap() error { return e.Err }

// WithHint adds a way out to an error.
func WithHint(err error, hint string) error { return &HintError{Err: err, Hint: hint} }

// ErrShown ends a command whose fault has been shown already, as diagnostics or as a failure report.
type ErrShown struct{ Code Code }

func (e *ErrShown) Error() string { return "failed, as was said" }

// exitCode is the only place where errors become exit codes.
func exitCode(err error) Code {
	var shown *ErrShown
	var rel *release.Error
	switch {
	case err == nil:
		return CodeOK
	case errors.As(err, &shown):
		return shown.Code
	case errors.As(err, &rel):
		return outcomeCode(rel.Outcome)
	case errors.Is(err, context.Canceled):
		return CodeInterrupted
	default:
		return CodeUsage
	}
}

// outcomeCode is the exit code of a verb's outcome.
func outcomeCode(o release.Outcome) Code {
	switch o {
	case release.Healthy, release.Unchanged, release.Awaiting:
		return CodeOK
	case release.Unreachable, release.Denied:
		return CodeCluster
	case release.Failed, release.Reverted:
		return CodeFailed
	case release.RolledBack:
		return CodeRolledBack
	case release.TimedOut:
		return CodeTimedOut
	case release.Interrupted:
		return CodeInterrupted
	case release.Conflict, release.Locked:
		return CodeConflict
	case release.Refused:
		return CodeUsage
	default:
		return CodeUsage
	}
}

// hintOf is the way out that an error carries, or nothing.
func hintOf(err error) string {
	var hinted *HintError
	if errors.As(err, &hinted) {
		return hinted.Hint
	}
	var rel *release.Error
	if errors.As(err, &rel) {
		return rel.Hint
	}
	return ""
}
