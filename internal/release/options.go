package release

import (
	"context"
	"time"
)

// RunOptions are what a person may say about one run.
type RunOptions struct {
	Version string        // of packctl
	Timeout time.Duration // for the whole run, 0: none but the deployments' own deadlines
	Detach  bool          // end when everything is submitted
	Prune   bool          // stop the release's jobs that the stack no longer has
	Adopt   bool          // take over jobs of other releases, or of nobody
	Only    []string      // these jobs alone, or tiers whose job does not change besides; none: all

	// AutoApprove says yes to all that must be approved; else Approve is asked, with the whole plan, and nil says no.
	AutoApprove bool
	Approve     func(context.Context, *Plan) (bool, error)

	Inputs Inputs // what the stack was made with, to be recorded
	Seen   *int   // the newest revision that was known when the stack was made; nil: when the run is planned

	Atomic      bool // on failure go back to the last healthy revision
	AutoPromote bool // promote canaries as soon as all of their deployment are healthy
	NoHooks     bool // run none; migrations are none
	HistoryMax  int  // how many revisions are kept; 0: 10

	promote map[string]bool // jobs whose canaries are promoted all the same
}

// PromoteOptions say which canaries of a release are promoted.
type PromoteOptions struct {
	Release    string
	Namespace  string
	Jobs       []string // with or without the release's name in front; none: all that wait
	Version    string
	Timeout    time.Duration
	NoHooks    bool
	HistoryMax int
}

// RollbackOptions say which revision to bring back.
type RollbackOptions struct {
	Release     string
	Namespace   string
	Revision    int // 0: the last healthy one before the one that is in effect
	Version     string
	Timeout     time.Duration
	Detach      bool
	Atomic      bool
	AutoPromote bool
	NoHooks     bool
	HistoryMax  int

	MigrateDown bool // take the schema back to what the revision needs, before its jobs are submitted
}

// StopOptions say which release to stop and how.
type StopOptions struct {
	Release   string
	Namespace string
	Purge     bool // also forget the jobs' definitions; volumes and credentials stay
	Timeout   time.Duration
}

// ScaleOptions say which tiers of a release are to have which count.
type ScaleOptions struct {
	Release   string
	Namespace string
	Targets   []Target // at least one, in the order in which they are asked for
	Timeout   time.Duration
}

// LogOptions say which logs of a release are wanted.
type LogOptions struct {
	Release string
	Tiers   []string      // as in Target; none: all
	Task    string        // only this one; empty: all
	Stream  string        // stdout or stderr; empty: both
	Tail    int           // lines of the end of each log; negative: all
	Follow  bool          // go on until the context is done
	Since   time.Duration // only what was written within it, as far as lines tell their times; 0: all
}

// Target is a tier, "web", or "app/web" where two jobs have one of that name, and the count that it is to have.
type Target struct {
	Tier  string
	Count int
}

// StatusOptions say which release is looked at.
type StatusOptions struct {
	Release   string
	Namespace string
	Watch     bool // go on until the context is done
}
