package monitor

import (
	"context"
	"time"

	"github.com/packctl/packctl/internal/status"
)

// Part is one system that the monitor reads.
type Part string

// The parts, in the order in which they are shown.
const (
	Nomad  Part = "nomad"
	Consul Part = "consul"
)

// parts is a function, so that nobody can change the order for everybody.
func parts() []Part { return []Part{Nomad, Consul} }

// label is the part's name for people.
func (p Part) label() string {
	switch p {
	case Nomad:
		return "Nomad"
	case Consul:
		return "Consul"
	}
	return string(p)
}

// Sample is what one read of the cluster gave. A part that could not be read has an entry in Faults; without Nomad there
// is no observation and Tiers is to be ignored, without Consul the checks are those of the last read that worked.
type Sample struct {
	Time        time.Time
	Observation status.Observation
	Tiers       []status.Tier // status.Derive of the observation
	Faults      map[Part]error
}

// Source knows the release.
type Source interface {
	// Run keeps it known until ctx ends.
	Run(ctx context.Context)
	// Read returns what is known now; before the first answer of the cluster it waits for one, or for ctx. It never fails
	// as a whole: what could not be read is in Sample.Faults.
	Read(ctx context.Context) Sample
	// Changed delivers a value after something may have changed. Values are coalesced, none is owed for each change.
	Changed() <-chan struct{}
}
