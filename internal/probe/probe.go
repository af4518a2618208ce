// Package probe makes one try at something that others wait for: TCP, HTTP, PostgreSQL, MySQL, Redis.
//
// In: what to ask, and a context that bounds the try. Out: one line that says what answered, or an *Error that says why
// not, and whether another try can help. It neither waits nor repeats nor logs. No password, no user part and no query of
// a URL ever stands in what it returns.
package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Error is a try that failed.
type Error struct {
	Target    string // host:port, or a URL without user, password and query; empty when it could not be read
	Reason    string
	Permanent bool // trying again cannot help: a wrong password, a wrong URL, access denied
	cause     error
}

// Error is "target: reason".
func (e *Error) Error() string {
	if e.Target == "" {
		return e.Reason
	}
	return e.Target + ": " + e.Reason
}

// Unwrap is what the client library said, nil where that could hold a secret.
func (e *Error) Unwrap() error { return e.cause }

// IsPermanent says whether err is an *Error that another try cannot turn into success.
func IsPermanent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Permanent
}

// TCP connects to address (host:port).
func TCP(ctx context.Context, address string) (string, error) {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return "", &Error{Reason: fmt.Sprintf("the address %q is not host:port", address), Permanent: true}
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return "", netError(address, err)
	}
	conn.Close()
	return address + " accepts connections", nil
}

// netError names the usual network faults in a few words. None of them is permanent but a certificate that does not verify.
func netError(target string, err error) *Error {
	e := &Error{Target: target, cause: err}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &cert):
		e.Reason, e.Permanent = "the certificate does not verify: "+cert.Err.Error(), true
	case errors.As(err, &dns) && dns.IsNotFound:
		e.Reason = "no such host: " + dns.Name
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Reason = "connection refused"
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		e.Reason = "no answer in time"
	default:
		e.Reason = firstLine(err.Error())
	}
	return e
}

// parseURL reads a URL that may hold a password. What it rejects, and the parts that could hold a piece of a badly
// escaped password, never reach an error.
func parseURL(raw, want string, schemes ...string) (*url.URL, error) {
	bad := &Error{Permanent: true}
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		bad.Reason = "the URL is empty, want " + want
	case err != nil:
		bad.Reason = "the URL cannot be read, want " + want + " with special characters percent-encoded"
	case !slices.Contains(schemes, u.Scheme):
		bad.Reason = "the URL does not begin with " + strings.Join(schemes, ":// or ") + "://, want " + want
	case u.Hostname() == "":
		bad.Reason = "the URL names no host, want " + want
	case u.Fragment != "" || strings.Contains(u.Path, "@"):
		bad.Reason = "the URL has # or / in its user or password: percent-encode them"
	default:
		return u, nil
	}
	return nil, bad
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
