package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

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

// exitCodes stands in the help of each verb that does not say more about them.
const exitCodes = "Exit codes, the same for every verb:\n\n" +
	"  0  done; after run, promote and rollback all is healthy, or canaries are and wait to be promoted\n" +
	"  1  the pack or the command line is wrong, or nobody approved; nothing was changed\n" +
	"  2  there would be changes, or there are differences (with -detailed-exitcode)\n" +
	"  3  the cluster does not answer, or denies access\n" +
	"  4  a tier failed, or Nomad reverted it\n" +
	"  5  failed, and every job is back at the last healthy revision (-atomic)\n" +
	"  6  the time was over\n" +
	"  7  interrupted; what was submitted goes on\n" +
	"  8  somebody else changed or owns a job, or works on the release"

// sayExitCodes ends the help of every verb with the exit codes.
func sayExitCodes(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		sayExitCodes(c)
	}
	if cmd.Runnable() && cmd.HasParent() && !strings.Contains(cmd.Long, "Exit codes:") {
		cmd.Long = cmp.Or(cmd.Long, cmd.Short+".") + "\n\n" + exitCodes
	}
}

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
