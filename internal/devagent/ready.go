package devagent

import (
	"context"
	"fmt"
	"net/http"
	"time"

	consul "github.com/hashicorp/consul/api"
	nomad "github.com/hashicorp/nomad/api"
)

// errNotYet is why an agent is not ready, where no error was met.
type errNotYet string

func (e errNotYet) Error() string { return string(e) }

// await asks until ready is nil. It ends early when the agent ends, and with the last reason when ctx does.
func await(ctx context.Context, ended <-chan error, ready func(context.Context) error) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		last := ready(ctx)
		if last == nil {
			return nil
		}
		select {
		case err := <-ended:
			return errEnded{err}
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		case <-tick.C:
		}
	}
}

// errEnded says that an agent ended by itself, and how.
type errEnded struct{ how error }

func (e errEnded) Error() string { return fmt.Sprintf("it ended by itself: %v", e.how) }

func (p plan) nomadURL() string  { return fmt.Sprintf("http://127.0.0.1:%d", p.NomadPort) }
func (p plan) consulURL() string { return fmt.Sprintf("http://127.0.0.1:%d", p.ConsulPort) }

// nomadClient and consulClient take nothing from the environment: NOMAD_ADDR may name another cluster.
func (p plan) nomadClient() (*nomad.Client, error) {
	client, err := nomad.NewClient(&nomad.Config{Address: p.nomadURL(), HttpClient: &http.Client{Transport: &http.Transport{}}})
	if err != nil {
		return nil, fmt.Errorf("make a Nomad client: %w", err)
	}
	return client, nil
}

func (p plan) consulClient() (*consul.Client, error) {
	client, err := consul.NewClient(&consul.Config{Address: fmt.Sprintf("127.0.0.1:%d", p.ConsulPort), Scheme: "http", Transport: &http.Transport{}})
	if err != nil {
		return nil, fmt.Errorf("make a Consul client: %w", err)
	}
	return client, nil
}

// consulReady is nil when Consul has a leader and its own node is in the catalog.
func consulReady(client *consul.Client) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		nodes, _, err := client.Catalog().Nodes((&consul.QueryOptions{RequireConsistent: true}).WithContext(ctx))
		if err != nil {
			return err
		}
		if len(nodes) == 0 {
			return errNotYet("Consul has not registered itself yet")
		}
		return nil
	}
}

// nomadReady is nil when the one node is ready and has found all that jobs need: the drivers, Consul, the bridge network.
func nomadReady(client *nomad.Client, p plan) func(context.Context) error {
	return func(ctx context.Context) error {
		// After a quick restart the server still takes the node of before for ready: ask the client whether it is there.
		if err := clientTalks(client); err != nil {
			return err
		}
		node, err := ownNode(ctx, client)
		if err != nil {
			return err
		}
		if node.Status != nomad.NodeStatusReady {
			return errNotYet("the node is " + node.Status)
		}
		if node.Attributes["consul.version"] == "" {
			return errNotYet("Nomad has not found Consul yet")
		}
		drivers := []string{"raw_exec"}
		if p.Docker {
			drivers = append(drivers, "docker")
		}
		for _, name := range drivers {
			if d := node.Drivers[name]; d == nil || !d.Healthy {
				why := "not found yet"
				if d != nil && d.HealthDescription != "" {
					why = d.HealthDescription
				}
				return errNotYet(fmt.Sprintf("driver %s: %s", name, why))
			}
		}
		if p.Docker && !hasBridge(node) {
			return errNotYet("Nomad has not found the bridge network (its kernel module or the network plugins are missing)")
		}
		return nil
	}
}

// clientTalks is nil when the agent's client has had an answer to a heartbeat.
func clientTalks(client *nomad.Client) error {
	self, err := client.Agent().Self()
	if err != nil {
		return err
	}
	last, err := time.ParseDuration(self.Stats["client"]["last_heartbeat"]) // an age; before the first, centuries
	if err != nil || last > 5*time.Minute {
		return errNotYet("Nomad's client has not registered with the server yet")
	}
	return nil
}

func hasBridge(node *nomad.Node) bool {
	if node.NodeResources == nil {
		return false
	}
	for _, n := range node.NodeResources.Networks {
		if n.Mode == "bridge" {
			return true
		}
	}
	return false
}

// ownNode is the one node of a development cluster.
func ownNode(ctx context.Context, client *nomad.Client) (*nomad.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	list, _, err := client.Nodes().List((&nomad.QueryOptions{}).WithContext(ctx))
	if err != nil {
		return nil, err
	}
	for _, stub := range list {
		if stub.Name == "dev" && stub.Status != nomad.NodeStatusDown || len(list) == 1 {
			node, _, err := client.Nodes().Info(stub.ID, (&nomad.QueryOptions{}).WithContext(ctx))
			return node, err
		}
	}
	return nil, errNotYet("the node has not registered yet")
}
