package devagent

import (
	"context"
	"fmt"
	"time"
)

// Report says how a pair stands.
type Report struct {
	DataDir   string      `json:"data_dir"`
	Running   bool        `json:"running"` // both agents run
	Ready     bool        `json:"ready"`   // and take jobs
	Unchanged bool        `json:"unchanged,omitempty"`
	Started   time.Time   `json:"started,omitzero"`
	Nomad     AgentReport `json:"nomad"`
	Consul    AgentReport `json:"consul"`
	Docker    bool        `json:"docker"`
	// ContainerAddress is where containers reach Consul, "" without Docker.
	ContainerAddress string `json:"container_address,omitempty"`
}

// AgentReport is one agent of a pair.
type AgentReport struct {
	URL     string `json:"url"` // of its API; its web interface is at /ui
	PID     int    `json:"pid,omitempty"`
	Running bool   `json:"running"`
	Ready   bool   `json:"ready"`
	Reason  string `json:"reason,omitempty"` // why it is not ready
	Log     string `json:"log"`
}

// Read says how the pair of a data folder stands. It changes nothing.
func Read(ctx context.Context, dataDir string) (*Report, error) {
	l := layout{dataDir}
	s, err := readState(l)
	if err != nil {
		return nil, err
	}
	return read(ctx, l, s), nil
}

func read(ctx context.Context, l layout, s *state) *Report {
	r := &Report{DataDir: l.dir}
	r.Nomad.Log, r.Consul.Log = l.log("nomad"), l.log("consul")
	if s == nil {
		r.Nomad.Reason, r.Consul.Reason = "never started", "never started"
		return r
	}
	r.Nomad.URL, r.Consul.URL, r.Docker = s.Plan.nomadURL(), s.Plan.consulURL(), s.Plan.Docker
	if s.Plan.Docker {
		r.ContainerAddress = fmt.Sprintf("%s:%d", s.Plan.Address, s.Plan.ConsulPort)
	}
	running := s.alive()
	check := func(a *AgentReport, name string, ready func(context.Context) error) {
		id, ok := running[name]
		if !ok {
			a.Reason = "not running"
			return
		}
		a.Running, a.PID = true, id.PID
		if err := ready(ctx); err != nil {
			a.Reason = err.Error()
			return
		}
		a.Ready = true
	}
	check(&r.Consul, "consul", func(ctx context.Context) error {
		client, err := s.Plan.consulClient()
		if err != nil {
			return err
		}
		return consulReady(client)(ctx)
	})
	check(&r.Nomad, "nomad", func(ctx context.Context) error {
		client, err := s.Plan.nomadClient()
		if err != nil {
			return err
		}
		return nomadReady(client, s.Plan)(ctx)
	})
	r.Running = r.Nomad.Running && r.Consul.Running
	r.Ready = r.Nomad.Ready && r.Consul.Ready
	if r.Running {
		r.Started = s.Started
	}
	return r
}
