package release

import (
	"context"
	"time"

	"github.com/hashicorp/nomad/api"
)

// examined is what the fake tells the doctor.
type examined struct {
	servers    []*api.AgentMember
	attributes map[string]string
	token      *api.ACLToken
	lacks      []Right
	clock      time.Duration // that it goes behind
	kill       time.Duration
}

func (f *fake) Servers(context.Context) ([]*api.AgentMember, error) { return f.servers, nil }

func (f *fake) Node(_ context.Context, id string) (*api.Node, error) {
	return &api.Node{ID: id, Name: "node1", Attributes: f.attributes, Drivers: f.nodes[0].Drivers}, nil
}

func (f *fake) Token(context.Context) (*api.ACLToken, error) { return f.token, nil }

func (f *fake) May(_ context.Context, right Right) error {
	for _, r := range f.lacks {
		if r == right {
			return denied{}
		}
	}
	return nil
}

func (f *fake) Clock(context.Context) (time.Time, time.Duration, error) {
	return time.Now().Add(-f.clock), 0, nil
}

func (f *fake) KillTimeout(context.Context) (time.Duration, error) { return f.kill, nil }
