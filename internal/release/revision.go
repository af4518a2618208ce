package release

import (
	"time"

	"github.com/packctl/packctl/hcl/spec"
)

// Revision is the record of one run or rollback that changed something: all but the manifest, which Engine.Revision reads.
type Revision struct {
	Number  int       `json:"revision"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"` // zero while Outcome is Pending
	Who     string    `json:"who"`            // ann@laptop
	Packctl string    `json:"packctl,omitempty"`

	Pack        string   `json:"pack"`
	PackVersion string   `json:"pack_version,omitempty"`
	Env         string   `json:"env,omitempty"`
	Given       []Given  `json:"given,omitempty"`   // by name: what defaults and the env's file do not say
	Changed     []string `json:"changed,omitempty"` // names of the variables that were given another value than before

	Jobs      []RevisionJob `json:"jobs"`
	Stops     []string      `json:"stops,omitempty"` // job IDs: what it was to stop
	Submitted []string      `json:"submitted,omitempty"`
	Stopped   []string      `json:"stopped,omitempty"`

	Outcome Outcome `json:"outcome"`
	Note    string  `json:"note,omitempty"` // one line for people: why

	Migrated []Migrated `json:"migrated,omitempty"` // by jobs of their own, before a job of the release was changed

	After    spec.Event `json:"after,omitempty"`    // the event that follows it, whose hooks belong to it
	Restores int        `json:"restores,omitempty"` // the revision that a rollback brought back
	Back     int        `json:"back,omitempty"`     // the revision that everything went back to when this one failed

	Parts int    `json:"parts"` // how many variables hold the manifest
	Sum   string `json:"sum"`   // SHA-256 of the manifest, in hex
}

// Given is a value that a person gave. Of a sensitive one there is only a mark, which tells whether another is the same.
type Given struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"` // as HCL writes it
	HMAC  string `json:"hmac,omitempty"`  // of a sensitive one, instead of Value
}

// Migrated is a tier's migration that a revision ran, or took back.
type Migrated struct {
	Job  string `json:"job"`
	Tier string `json:"tier"`
	Down bool   `json:"down,omitempty"` // a rollback took it back
	Done bool   `json:"done"`           // to its end; else a part of it may have been
}

// RevisionJob is one job of a revision.
type RevisionJob struct {
	ID      string `json:"id"`
	Changed bool   `json:"changed"` // by this revision
	Version uint64 `json:"version"` // Nomad's, when the record was last written
	Index   uint64 `json:"index"`   // Nomad's job modify index then; 0: there was no such job
}

// Outcomes that only a record has.
const (
	Pending  Outcome = "pending"           // a run is under way, or died
	Detached Outcome = "not watched"       // all is submitted, and nobody has looked since
	Nothing  Outcome = "nothing submitted" // it ended before it changed anything
	Replaced Outcome = "not promoted"      // its canaries waited when a later revision took its place; told, never written
)

// finished says whether it is known how the revision ended. Whoever promotes canaries need not use packctl for it.
func (r *Revision) finished() bool {
	return r.Outcome != Pending && r.Outcome != Detached && r.Outcome != Awaiting
}

// touched says whether the revision changed anything in the cluster.
func (r *Revision) touched() bool { return len(r.Submitted)+len(r.Stopped) > 0 }

// inEffect is the revision that a release is at, given its revisions, oldest first: the newest that changed something, or
// the one that it went back to. nil when there is none.
func inEffect(list []*Revision) *Revision {
	for i := len(list) - 1; i >= 0; i-- {
		r := list[i]
		switch {
		case r.Outcome == RolledBack && r.Back == 0: // all was stopped
			return nil
		case r.Back > 0:
			for _, back := range list[:i] {
				if back.Number == r.Back {
					return back
				}
			}
		case r.touched() || r.Outcome == Healthy:
			return r
		}
	}
	return nil
}

// lastHealthy is the newest healthy revision below a number, or nil.
func lastHealthy(list []*Revision, below int) *Revision {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Number < below && list[i].Outcome == Healthy {
			return list[i]
		}
	}
	return nil
}
