package consul

import (
	"context"

	"github.com/hashicorp/consul/api"

	"github.com/packctl/packctl/internal/release"
)

var _ release.ConsulPatient = (*Client)(nil)

// Agent is the version of the agent and the addresses that its HTTP API listens on.
func (c *Client) Agent(ctx context.Context) (version string, listens []string, err error) {
	var self struct {
		Config      struct{ Version string }
		DebugConfig struct{ ClientAddrs []string }
	}
	q := (&api.QueryOptions{}).WithContext(ctx)
	if _, err := c.api.Raw().Query("/v1/agent/self", &self, q); err != nil {
		return "", nil, c.fault("ask the Consul agent about itself", err)
	}
	return self.Config.Version, self.DebugConfig.ClientAddrs, nil
}
