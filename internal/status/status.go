// Package status turns what was observed of a release (jobs, deployments, allocations, prestart progress, Consul checks)
// into the state of each tier and the reason for it.
//
// In: an Observation, one moment's facts. Out: []Tier in the stack's order. It is pure: no clock, no client, no goroutine.
// run, status and the monitor all show what it says, so they never disagree.
package status

import (
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// State is where a tier or an instance stands.
type State string

// The states, roughly in the order in which a tier passes through them.
const (
	Unsubmitted State = "unsubmitted" // not registered yet
	Scheduled   State = "scheduled"   // periodic work none of whose runs is known yet; Reason says when it is launched
	Pending     State = "pending"     // registered, no allocation placed
	Waiting     State = "waiting"     // at its gate; Reason says for what
	Migrating   State = "migrating"
	Starting    State = "starting"  // tasks are being started
	Checking    State = "checking"  // running, a check does not pass yet
	Healthy     State = "healthy"   // every wanted instance runs and every check passes
	Unhealthy   State = "unhealthy" // was running, now a check fails or a task restarts
	Failed      State = "failed"
	Complete    State = "complete" // batch work that ended well
	Stopped     State = "stopped"
)

// Observation is one moment's facts about one release.
type Observation struct {
	Time time.Time
	Jobs []JobFacts // in the order in which tiers are to be listed
}

// JobFacts are the facts of one job. Job is nil while it is not registered; then Groups says what is to come.
type JobFacts struct {
	ID          string
	Job         *api.Job
	Groups      []string
	Allocs      []*api.AllocationListStub
	Deployment  *api.Deployment           // the newest of the job's current version, or nil
	Eval        *api.Evaluation           // the newest with a placement failure, or nil
	Evaluated   bool                      // no evaluation is pending: what the job asked for has been placed or refused
	Deployments []*api.Deployment         // all of this job, newest first; those of earlier versions tell of reverts
	Progress    map[string]*spec.Progress // by allocation ID, where a prestart task has written one
	Checks      map[string][]Check        // by allocation ID, from Consul
	Children    []Child                   // of a periodic or parameterized job: the newest few, newest first
}

// Child is one run of a periodic or parameterized job, which Nomad keeps as a job of its own with the parent's groups.
// Its prestart tasks' words are in the parent's Progress.
type Child struct {
	ID       string
	Launched time.Time // when it was due, which its ID says
	Index    uint64    // at which it was created: the parent's modify index is larger when the parent changed since
	Stop     bool      // somebody stopped it
	Dead     bool      // nothing of it runs or is to be placed
	Gone     bool      // Nomad has forgotten it meanwhile: it tells how the last run ended, and there is nothing to look up
	Allocs   []*api.AllocationListStub
	Eval     *api.Evaluation // says why it has no allocation, or nil
}

// Check is one health check of an instance, as Consul has it.
type Check struct {
	Name    string `json:"name"`
	Service string `json:"service"`
	Status  string `json:"status"` // passing, warning, critical
	Output  string `json:"output,omitempty"`
}

// Tier is the state of one group.
type Tier struct {
	Name      string     `json:"name"`
	Job       string     `json:"job"`
	State     State      `json:"state"`
	Reason    string     `json:"reason,omitempty"`
	Desired   int        `json:"desired"`
	Healthy   int        `json:"healthy"`
	Instances []Instance `json:"instances,omitempty"`
	Next      time.Time  `json:"next,omitzero"` // the next launch of a periodic job
	Until     time.Time  `json:"-"`             // when time alone changes what is said here: derive again then; zero for never
}

// Instance is one allocation that the tier still wants, or the newest that failed. Those of a periodic or parameterized
// job are the allocations of its newest children, newest first.
type Instance struct {
	Alloc   string    `json:"alloc"`
	Index   int       `json:"index"`
	Node    string    `json:"node"`
	Version uint64    `json:"version"`
	State   State     `json:"state"`
	Reason  string    `json:"reason,omitempty"`
	Since   time.Time `json:"since"`
	Tasks   []Task    `json:"tasks,omitempty"`
	Checks  []Check   `json:"checks,omitempty"`

	Child    string    `json:"child,omitempty"`   // ID of the child job that it belongs to
	Launched time.Time `json:"launched,omitzero"` // of that child
}

// Task is one task of an instance.
type Task struct {
	Name     string `json:"name"`
	State    string `json:"state"` // pending, running, dead
	Failed   bool   `json:"failed"`
	Restarts uint64 `json:"restarts"`
	ExitCode int    `json:"exit_code"`       // of the last run, 0 while none ended
	Event    string `json:"event,omitempty"` // the last event, in Nomad's words
}
