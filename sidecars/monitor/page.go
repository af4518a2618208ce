package monitor

import (
	"time"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/status"
)

// Page is everything the dashboard shows at one moment. It is what /api/tiers and the event stream deliver as JSON and
// what the page is rendered from.
type Page struct {
	Release   string    `json:"release"`
	Namespace string    `json:"namespace"`
	Time      time.Time `json:"time"`  // of the last read in which Nomad answered; zero before the first
	Stale     bool      `json:"stale"` // Nomad does not answer: tiers are as they were at Time
	Banner    Banner    `json:"banner"`
	Sources   []Link    `json:"sources"`
	Tiers     []Tier    `json:"tiers"`   // dependencies before those who need them
	Changes   []Change  `json:"changes"` // newest first
}

// Level is how much a person should care.
type Level string

// The levels, the calmest first.
const (
	LevelOK      Level = "ok"
	LevelOff     Level = "off"  // stopped, or nothing there
	LevelBusy    Level = "busy" // on its way, nothing to do
	LevelBad     Level = "bad"
	LevelUnknown Level = "unknown" // Nomad does not answer
)

// Banner is the one sentence for somebody who has a second.
type Banner struct {
	Level  Level      `json:"level"`
	Title  string     `json:"title"`
	Detail string     `json:"detail,omitempty"`
	Since  *time.Time `json:"since,omitempty"`
	Causes []Cause    `json:"causes,omitempty"`
}

// Cause is a tier that is not well while everything it needs is, and what it holds up.
type Cause struct {
	Tier   string       `json:"tier"` // Tier.ID
	Name   string       `json:"name"`
	State  status.State `json:"state"`
	Level  Level        `json:"level"`
	Reason string       `json:"reason,omitempty"`
	Blocks []string     `json:"blocks,omitempty"` // names of the tiers that are not well because of it
}

// Link says whether a part of the cluster answers.
type Link struct {
	Part  Part      `json:"part"`
	Label string    `json:"label"`
	OK    bool      `json:"ok"`
	Since time.Time `json:"since"` // of this OK or not OK
	Error string    `json:"error,omitempty"`
	// Denied says that it does answer, but refuses the monitor's token.
	Denied bool `json:"denied,omitempty"`
}

// Tier is status.Tier with what a dashboard adds. Its Instances replace the embedded ones.
type Tier struct {
	status.Tier
	ID        string     `json:"id"` // "<job>/<group>"
	Level     Level      `json:"level"`
	Since     time.Time  `json:"since"` // of this state
	Type      string     `json:"type,omitempty"`
	Schedule  string     `json:"schedule,omitempty"`   // of a periodic job: its cron expressions and time zone
	Launches  bool       `json:"launches,omitempty"`   // it runs as children, periodically or dispatched: its instances are its last runs
	RootCause bool       `json:"root_cause,omitempty"` // not well although all it needs is, and others suffer
	BlockedBy []string   `json:"blocked_by,omitempty"` // IDs of needed tiers that are not well, while this one is not
	Restarts  uint64     `json:"restarts"`
	Services  []string   `json:"services,omitempty"`
	Needs     []Need     `json:"needs,omitempty"`
	Volumes   []Volume   `json:"volumes,omitempty"`
	Instances []Instance `json:"instances,omitempty"`
}

// Need is one condition that a tier's gate waits for.
type Need struct {
	Name  string `json:"name"`           // the wait_for label
	What  string `json:"what"`           // what is asked, for people: "service appstack-postgres"
	Tier  string `json:"tier,omitempty"` // ID of the tier of this release that fulfils it
	Level Level  `json:"level,omitempty"`
}

// Volume is one volume of a tier's group.
type Volume struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Source   string `json:"source"`
	ReadOnly bool   `json:"read_only,omitempty"`
}

// Instance is status.Instance with the state of its gate.
type Instance struct {
	status.Instance
	Level Level          `json:"level"`
	Gate  *spec.Progress `json:"gate,omitempty"` // while the prestart task has not ended well
}

// Change is one step of a tier or of a part, for the list of recent events.
type Change struct {
	Time   time.Time    `json:"time"`
	Tier   string       `json:"tier,omitempty"`
	Name   string       `json:"name"`
	From   status.State `json:"from,omitempty"`
	To     status.State `json:"to"`
	Level  Level        `json:"level"`
	Reason string       `json:"reason,omitempty"`
}

// levelOf is the level of a state.
func levelOf(s status.State) Level {
	switch s {
	case status.Healthy, status.Complete, status.Scheduled:
		return LevelOK
	case status.Stopped:
		return LevelOff
	case status.Unhealthy, status.Failed:
		return LevelBad
	case status.Unsubmitted, status.Pending, status.Waiting, status.Migrating, status.Starting, status.Checking:
		return LevelBusy
	}
	return LevelUnknown
}
