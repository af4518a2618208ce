package spec

import "time"

// Event is a moment in a release's life at which hooks run.
type Event string

// The events.
const (
	PreInstall   Event = "pre-install"   // before the first job of a release that does not run
	PostInstall  Event = "post-install"  // when all of it is healthy
	PreUpgrade   Event = "pre-upgrade"   // before the first job of a release that runs is changed
	PostUpgrade  Event = "post-upgrade"  // when all of it is healthy again
	PreRollback  Event = "pre-rollback"  // before an earlier revision is brought back
	PostRollback Event = "post-rollback" // when it is healthy
	PreDelete    Event = "pre-delete"    // before a release is destroyed
	Test         Event = "test"          // when somebody asks: packctl test -live
)

// Events lists them, in the order in which a release meets them.
func Events() []Event {
	return []Event{PreInstall, PostInstall, PreUpgrade, PostUpgrade, PreRollback, PostRollback, PreDelete, Test}
}

// DefaultHookTimeout is how long a hook may take when its block does not say.
const DefaultHookTimeout = 10 * time.Minute
