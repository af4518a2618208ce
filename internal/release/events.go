package release

import (
	"time"

	"github.com/packctl/packctl/internal/status"
)

// Observer is told what a verb does while it does it. Calls come from one goroutine, in order; an observer must not
// block for longer than a write to a terminal takes.
type Observer interface {
	Event(Event)
}

// Phase is a step of a verb.
type Phase string

// The phases, in the order in which run enters them. A phase without work is not announced.
const (
	PhasePlan        Phase = "plan"
	PhaseLock        Phase = "lock"
	PhaseCredentials Phase = "credentials"
	PhaseVolumes     Phase = "volumes"
	PhaseHook        Phase = "hook"
	PhaseMigrate     Phase = "migrate"
	PhaseSubmit      Phase = "submit"
	PhaseWatch       Phase = "watch"
	PhasePromote     Phase = "promote"
	PhaseRollback    Phase = "rollback"
	PhaseRecord      Phase = "record"
	PhaseStop        Phase = "stop"
	PhaseScale       Phase = "scale"
	PhaseRestart     Phase = "restart"
)

// Event is one thing that happened. Message and Tiers are independent: an event may carry either or both.
type Event struct {
	Time    time.Time
	Phase   Phase
	Level   Level         // of Message
	Message string        // one line for people, no final newline; empty when only the tiers moved
	Job     string        // the job ID that Message is about, where it is about one
	Tiers   []status.Tier // every tier of the release at this moment, in the stack's order; nil when they were not observed
}

// Level says how an event's message wants to be read.
type Level string

// The levels.
const (
	Info Level = ""
	Warn Level = "warning"
)

// Outcome is how a verb ended. It is never guessed: each is told from what the cluster answered.
type Outcome string

// The outcomes.
const (
	Healthy     Outcome = "healthy"                // every tier is healthy, or for stop: gone
	Unchanged   Outcome = "unchanged"              // nothing had to be submitted and every tier is healthy
	Failed      Outcome = "failed"                 // a tier cannot become healthy
	Reverted    Outcome = "reverted"               // Nomad put an earlier version back
	RolledBack  Outcome = "failed and rolled back" // every job is as the last healthy revision has it
	TimedOut    Outcome = "timed out"              // neither healthy nor failed when the time was over
	Interrupted Outcome = "interrupted"            // the person stopped it; what was submitted goes on
	Conflict    Outcome = "conflict"               // somebody else changed a job, or owns it
	Awaiting    Outcome = "awaiting promotion"     // canaries are healthy beside the old version; packctl promote goes on
	Locked      Outcome = "locked"                 // another packctl works on this release
	Unreachable Outcome = "unreachable"            // no answer from the cluster
	Denied      Outcome = "denied"                 // the token lacks a right, or there is none
	Refused     Outcome = "refused"                // what was asked for does not fit the release; nothing was changed
)

// Result is what a verb did. It is complete also when the verb ended with an Error.
type Result struct {
	Outcome   Outcome
	Release   string
	Namespace string
	Revision  int // 0 when none was recorded
	Submitted []string
	Unchanged []string
	Stopped   []string
	Scaled    []Scaled
	Destroyed *Destruction  // of destroy, once it has ended well
	Restarted []string      // instances, "web[0]", in the order in which they were healthy again
	Hooks     []HookRun     // in the order in which they ran
	Promoted  []string      // jobs whose canaries were promoted
	Waiting   []Waiting     // whose canaries are to be promoted before it goes on
	Left      []string      // jobs that are submitted after that
	Tiers     []status.Tier // the last that was seen
	Failures  []Failure
	Elapsed   time.Duration
}

// Scaled is a tier whose count was to be changed. From and To are equal when it had that count already.
type Scaled struct {
	Tier string `json:"tier"`
	Job  string `json:"job"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

// Failure is why one tier did not become healthy, with the evidence.
type Failure struct {
	Tier     string
	Job      string
	Alloc    string   // empty when none was placed
	Node     string   // name of the client that ran it
	Task     string   // the task that failed; empty when it is no task's fault (placement, a check)
	ExitCode int      // of Task
	Event    string   // the task's last event, in Nomad's words
	Reason   string   // one line for people
	Check    string   // name of the failing check
	Output   string   // the failing check's output
	Logs     []string // the last lines of Task's log, oldest first, standard error preferred
}

// Error is a verb that did not end well. Hint says the way out and may be empty.
type Error struct {
	Outcome Outcome
	Hint    string
	Err     error
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
