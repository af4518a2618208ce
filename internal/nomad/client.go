// Package nomad is the adapter to a Nomad cluster: jobs, variables, locks, volumes, allocations' files, and a watch over
// the jobs of a release.
//
// In: an address from flags or Nomad's own environment variables. Out: the interfaces of internal/release over
// nomad/api. It decides nothing. internal/consul and hcl must not import it, and it imports neither internal/consul nor
// internal/cli.
package nomad

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// Config overrides Nomad's environment variables (NOMAD_ADDR, NOMAD_TOKEN, NOMAD_NAMESPACE, NOMAD_REGION, NOMAD_CACERT, …);
// an empty field leaves them alone.
type Config struct {
	Address   string
	Token     string
	Namespace string
	Region    string
}

// Client is one namespace of a Nomad cluster.
type Client struct {
	api       *api.Client
	address   string
	region    string
	namespace string
}

var _ release.Nomad = (*Client)(nil)

// New makes a client. It does not connect.
func New(c Config) (*Client, error) {
	conf := api.DefaultConfig() // reads the environment
	for _, o := range []struct {
		to   *string
		from string
	}{{&conf.Address, c.Address}, {&conf.SecretID, c.Token}, {&conf.Namespace, c.Namespace}, {&conf.Region, c.Region}} {
		if o.from != "" {
			*o.to = o.from
		}
	}
	if conf.Namespace == "" {
		conf.Namespace = api.DefaultNamespace
	}
	address := conf.Address // the client rewrites that of a unix socket
	client, err := api.NewClient(conf)
	if err != nil {
		return nil, fmt.Errorf("make a Nomad client for %s: %w", address, err)
	}
	return &Client{api: client, address: address, region: conf.Region, namespace: conf.Namespace}, nil
}

// Address is where the client connects to.
func (c *Client) Address() string { return c.address }

// Region is the one that the client asks for; empty: that of the agent.
func (c *Client) Region() string { return c.region }

// Namespace is the one that the client works in.
func (c *Client) Namespace() string { return c.namespace }

// Local says whether the agent's API is on this machine's loopback, as a dev agent's is.
func (c *Client) Local() bool {
	u, err := url.Parse(c.address)
	if err != nil {
		return false
	}
	if u.Scheme == "unix" || u.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return ip != nil && ip.IsLoopback()
}

// In is the same cluster in another namespace.
func (c *Client) In(namespace string) release.Nomad {
	other := *c
	other.namespace = namespace
	return &other
}

func (c *Client) query(ctx context.Context) *api.QueryOptions {
	return (&api.QueryOptions{Namespace: c.namespace}).WithContext(ctx)
}

func (c *Client) write(ctx context.Context) *api.WriteOptions {
	return (&api.WriteOptions{Namespace: c.namespace}).WithContext(ctx)
}

// Ping asks for the servers' leader, the cheapest question that only a working cluster answers.
func (c *Client) Ping(ctx context.Context) error {
	if _, _, err := c.api.Jobs().List((&api.QueryOptions{Namespace: c.namespace, PerPage: 1}).WithContext(ctx)); err != nil {
		return c.fault("reach Nomad", err)
	}
	return nil
}

// Nodes lists the clients with their drivers.
func (c *Client) Nodes(ctx context.Context) ([]*api.NodeListStub, error) {
	nodes, _, err := c.api.Nodes().List(c.query(ctx))
	if err != nil {
		return nil, c.fault("list the nodes", err)
	}
	return nodes, nil
}

// hostNetworks is what nomad/api leaves out of a node's resources.
type hostNetworks struct {
	NodeResources struct {
		NodeNetworks []struct {
			Addresses []struct{ Alias, Address string }
		}
	}
}

// HostAddresses are the clients' addresses by host network; "" is the default one.
func (c *Client) HostAddresses(ctx context.Context) (map[string][]string, error) {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for _, n := range nodes {
		var node hostNetworks
		if _, err := c.api.Raw().Query("/v1/node/"+n.ID, &node, c.query(ctx)); err != nil {
			return nil, c.fault("read node "+n.Name, err)
		}
		for _, network := range node.NodeResources.NodeNetworks {
			for _, a := range network.Addresses {
				alias := a.Alias
				if alias == "default" {
					alias = ""
				}
				if !slices.Contains(out[alias], a.Address) {
					out[alias] = append(out[alias], a.Address)
				}
			}
		}
	}
	return out, nil
}
