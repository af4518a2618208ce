package nomad

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// UnreachableError says that no Nomad agent answers.
type UnreachableError struct {
	Address string
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("Nomad does not answer at %s: %v", e.Address, e.Err)
}

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Unreachable marks the error.
func (e *UnreachableError) Unreachable() bool { return true }

// Hint is the way out.
func (e *UnreachableError) Hint() string {
	return "start an agent (packctl dev up), or set NOMAD_ADDR or -address to one that runs"
}

// DeniedError says that the token lacks a right.
type DeniedError struct {
	Address string
	Doing   string
	Err     error
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("Nomad at %s refuses to %s: %v", e.Address, e.Doing, e.Err)
}

// Unwrap gives the cause.
func (e *DeniedError) Unwrap() error { return e.Err }

// Denied marks the error.
func (e *DeniedError) Denied() bool { return true }

// Hint is the way out.
func (e *DeniedError) Hint() string {
	return "set NOMAD_TOKEN or -token to a token that may; nomad acl token self shows the present one"
}

// MovedError says that the thing to be changed is no longer what was read.
type MovedError struct{ What string }

func (e *MovedError) Error() string {
	return e.What + " was changed by somebody else in the meantime"
}

// Moved marks the error.
func (e *MovedError) Moved() bool { return true }

// HeldError says who has the lock.
type HeldError struct {
	Path  string
	Owner string
	Since time.Time
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("the lock %s is held by %s since %s", e.Path, e.Owner, e.Since.Format(time.RFC3339))
}

// Holder says who has it.
func (e *HeldError) Holder() (string, time.Time) { return e.Owner, e.Since }

var (
	_ release.FaultUnreachable = (*UnreachableError)(nil)
	_ release.FaultDenied      = (*DeniedError)(nil)
	_ release.FaultMoved       = (*MovedError)(nil)
	_ release.FaultHeld        = (*HeldError)(nil)
)

// fault wraps a client error with what was being done, and gives it its type: no connection, no right, or neither.
func (c *Client) fault(doing string, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var resp api.UnexpectedResponseError
	if errors.As(err, &resp) && resp.HasStatusCode() {
		switch resp.StatusCode() {
		case http.StatusForbidden, http.StatusUnauthorized:
			return &DeniedError{Address: c.address, Doing: doing, Err: err}
		}
		return fmt.Errorf("%s: %w", doing, err)
	}
	var transport *url.Error
	if errors.As(err, &transport) {
		return &UnreachableError{Address: c.address, Err: transport.Err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// statusOf is the HTTP status that a client error carries, or 0.
func statusOf(err error) int {
	var resp api.UnexpectedResponseError
	if errors.As(err, &resp) && resp.HasStatusCode() {
		return resp.StatusCode()
	}
	return 0
}
