package release

import (
	"context"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// Inspector answers what the verbs ask that look at a release and change nothing.
type Inspector interface {
	// Scalings are a job's scaling events by group, newest first.
	Scalings(ctx context.Context, job string) (map[string][]api.ScalingEvent, error)
	// AllJobs lists the jobs of all namespaces that the token can see, with their meta, children of jobs too.
	AllJobs(ctx context.Context) ([]*api.JobListStub, error)
	// NewestRecords are the newest revision's head of each release in every namespace whose variables the token may read, as
	// the variables that hold them.
	NewestRecords(ctx context.Context) ([]*api.Variable, error)
	// ReleaseTiers are the tiers of every release of the namespace whose job is not stopped, by release, each as "job/tier".
	ReleaseTiers(ctx context.Context) (map[string][]string, error)
}

// Overview is what status tells about a release.
type Overview struct {
	Release   string        `json:"release"`
	Namespace string        `json:"namespace"`
	Pack      string        `json:"pack,omitempty"`
	Version   string        `json:"version,omitempty"`  // of the pack, in the revision that is in effect
	Revision  int           `json:"revision,omitempty"` // that is in effect, where the records may be read
	Time      time.Time     `json:"time"`
	Healthy   bool          `json:"healthy"` // every tier that is wanted is healthy, complete or scheduled
	Jobs      []JobOverview `json:"jobs"`
	Tiers     []status.Tier `json:"tiers"`
	Gates     []Gate        `json:"gates"`
	Scalings  []Scaling     `json:"scalings"` // the last few, newest first
	Volumes   []VolumeState `json:"volumes"`
	Notes     []string      `json:"notes,omitempty"` // what could not be looked at, or wants to be looked after
}

// JobOverview is one job of a release.
type JobOverview struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	Version    uint64    `json:"version"`
	Submitted  time.Time `json:"submitted"`
	Stopped    bool      `json:"stopped"`
	Deployment string    `json:"deployment,omitempty"` // the state of that of this version, in Nomad's words
}

// Gate is one condition that a tier's instances wait for before their tasks start.
type Gate struct {
	Tier   string `json:"tier"`
	Job    string `json:"job"`
	Name   string `json:"name"`
	Open   bool   `json:"open"` // no instance waits for it now
	Reason string `json:"reason,omitempty"`
}

// Scaling is one event in Nomad's list of a tier's scalings.
type Scaling struct {
	Time    time.Time `json:"time"`
	Tier    string    `json:"tier"`
	Job     string    `json:"job"`
	From    int64     `json:"from"`
	To      *int64    `json:"to,omitempty"` // absent where the event changed no count
	Message string    `json:"message,omitempty"`
	Error   bool      `json:"error,omitempty"`
}

// VolumeState is one dynamic host volume that a release's tiers mount.
type VolumeState struct {
	Name   string   `json:"name"`
	ID     string   `json:"id,omitempty"`   // empty when there is none
	Node   string   `json:"node,omitempty"` // the client's name, or its ID
	Plugin string   `json:"plugin,omitempty"`
	State  string   `json:"state"` // ready, pending, unavailable, or missing
	Tiers  []string `json:"tiers"`
}

// Entry is one release in the list of all.
type Entry struct {
	Release   string    `json:"release"`
	Namespace string    `json:"namespace"`
	Pack      string    `json:"pack,omitempty"`
	Version   string    `json:"version,omitempty"` // of the pack, where it is known
	Revision  int       `json:"revision,omitempty"`
	Jobs      int       `json:"jobs"`
	State     ListState `json:"state"`
	Submitted time.Time `json:"submitted"` // the newest of its jobs
}

// ListState is a release's state as far as Nomad's summaries of its jobs tell it.
type ListState string

// The states of a release in the list, from the best to the worst.
const (
	ListRunning ListState = "running"  // everything that is wanted runs; whether it is healthy, status tells
	ListStarted ListState = "starting" // something is being placed or started
	ListFailing ListState = "failing"  // something that is wanted neither runs nor is being placed
	ListStopped ListState = "stopped"
)
