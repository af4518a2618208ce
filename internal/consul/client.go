// Package consul is the adapter to Consul: is it there, and the checks of services' instances as they change.
//
// In: Consul's own environment variables, overridden by a Config. Out: the Health interface of internal/release over
// consul/api, with each check filed under the Nomad allocation whose service it is of. internal/nomad and hcl must not
// import it, and it imports neither internal/nomad nor internal/cli.
package consul

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/hashicorp/consul/api"

	"github.com/packctl/packctl/internal/release"
)

// Config overrides Consul's environment variables (CONSUL_HTTP_ADDR, CONSUL_HTTP_TOKEN, CONSUL_CACERT, …); an empty field
// leaves them alone.
type Config struct {
	Address string
	Token   string
}

// Client is one Consul datacenter.
type Client struct {
	api     *api.Client
	address string
}

var _ release.Health = (*Client)(nil)

// New makes a client. It does not connect.
func New(c Config) (*Client, error) {
	conf := api.DefaultConfig() // reads the environment
	if c.Address != "" {
		conf.Address = c.Address
	}
	if c.Token != "" {
		conf.Token = c.Token
	}
	client, err := api.NewClient(conf)
	if err != nil {
		return nil, fmt.Errorf("make a Consul client for %s: %w", conf.Address, err)
	}
	return &Client{api: client, address: conf.Address}, nil
}

// Address is where the client connects to.
func (c *Client) Address() string { return c.address }

// Ping fails when Consul does not answer.
func (c *Client) Ping(ctx context.Context) error {
	if _, _, err := c.api.Catalog().Services((&api.QueryOptions{}).WithContext(ctx)); err != nil {
		return c.fault("list the services", err)
	}
	return nil
}

// UnreachableError says that no Consul agent answers.
type UnreachableError struct {
	Address string
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("Consul does not answer at %s: %v", e.Address, e.Err)
}

// Unwrap gives the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Unreachable marks the error.
func (e *UnreachableError) Unreachable() bool { return true }

// Hint is the way out.
func (e *UnreachableError) Hint() string {
	return "start an agent (packctl dev up), or set CONSUL_HTTP_ADDR to one that runs"
}

// DeniedError says that the token lacks a right.
type DeniedError struct {
	Address string
	Doing   string
	Err     error
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("Consul at %s refuses to %s: %v", e.Address, e.Doing, e.Err)
}

// Unwrap gives the cause.
func (e *DeniedError) Unwrap() error { return e.Err }

// Denied marks the error.
func (e *DeniedError) Denied() bool { return true }

// Hint is the way out.
func (e *DeniedError) Hint() string {
	return "set CONSUL_HTTP_TOKEN to a token that may (service:read and node:read)"
}

var (
	_ release.FaultUnreachable = (*UnreachableError)(nil)
	_ release.FaultDenied      = (*DeniedError)(nil)
)

// fault wraps a client error with what was being done, and gives it its type: no connection, no right, or neither.
func (c *Client) fault(doing string, err error) error {
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	var code api.StatusError
	if errors.As(err, &code) && (code.Code == http.StatusForbidden || code.Code == http.StatusUnauthorized) {
		return &DeniedError{Address: c.address, Doing: doing, Err: err}
	}
	var transport *url.Error
	if errors.As(err, &transport) {
		return &UnreachableError{Address: c.address, Err: transport.Err}
	}
	return fmt.Errorf("%s: %w", doing, err)
}
