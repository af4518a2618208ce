package release

import (
	"context"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// Deps are the outside world of an Engine.
type Deps struct {
	Nomad   Nomad
	Health  Health     // nil: Consul is not asked, Nomad's word about health decides alone
	Local   LocalPorts // nil: the Nomad agent is not on this machine
	Now     func() time.Time
	places  *places
	Cluster Cluster // that a plan file is for
	Owner   string  // who holds the lock, for others to read: "ann@laptop, pid 4711"; up to the comma who makes a revision
}

// Nomad is what the engine needs of a Nomad cluster, in one namespace. New puts a placed before it, which asks for each job
// of a release in the job's own namespace. A lookup of what does not exist is nil, not an error.
type Nomad interface {
	Jobs
	Scaler
	Store
	Volumes
	Evidence
	Logs
	Inspector
	Operator
	Patient
	// Nodes lists the clients with their drivers.
	Nodes(ctx context.Context) ([]*api.NodeListStub, error)
	// HostAddresses are the clients' addresses by host network; "" is the default one.
	HostAddresses(ctx context.Context) (map[string][]string, error)
	// Observe sends the jobs' facts (all but Checks), in the order of ids, once at first and then after each change, until
	// ctx is done; it closes the channel. A cluster that stops answering is a Facts with Err, and the watch goes on.
	Observe(ctx context.Context, ids []string) <-chan Facts
	// In is the same cluster in another namespace.
	In(namespace string) Nomad
}

// Facts are one reading of jobs.
type Facts struct {
	Jobs []status.JobFacts
	Err  error
}

// Jobs reads and writes jobs.
type Jobs interface {
	Job(ctx context.Context, id string) (*api.Job, error)
	// ReleaseJobs lists the jobs of a release, in all namespaces that it has jobs in, children of periodic jobs too.
	ReleaseJobs(ctx context.Context, release string) ([]*api.JobListStub, error)
	Plan(ctx context.Context, job *api.Job) (*api.JobPlanResponse, error)
	// Register submits a job with its source. It is refused with a FaultMoved when the job's modify index is not index
	// (0: the job must not exist).
	Register(ctx context.Context, job *api.Job, source []byte, index uint64) (*api.JobRegisterResponse, error)
	// Retry makes Nomad place again what failed.
	Retry(ctx context.Context, id string) error
	// FailDeployment ends a deployment now; where the job says auto_revert, Nomad puts the earlier version back.
	FailDeployment(ctx context.Context, id string) error
	// PromoteDeployment lets a deployment go on whose canaries are healthy: all others become as they are.
	PromoteDeployment(ctx context.Context, id string) error
	Deregister(ctx context.Context, id string, purge bool) error
}

// Scaler changes counts.
type Scaler interface {
	// Scale sets a group's count when the job's modify index is still index, or fails with a FaultMoved. It fails with a
	// FaultBlocked while a deployment of the job has not ended. message is kept in Nomad's list of the group's scaling events.
	Scale(ctx context.Context, job, group string, count int, message string, index uint64) error
}

// Store holds small secrets, the records of revisions, and locks.
type Store interface {
	// Variable reads the variable at path.
	Variable(ctx context.Context, path string) (*api.Variable, error)
	// PutVariable writes the variable when its modify index is still that of v (0: it must not exist), or fails with a
	// FaultMoved. The new modify index is then v's.
	PutVariable(ctx context.Context, v *api.Variable) error
	// VariablePaths lists the paths that begin with prefix, sorted.
	VariablePaths(ctx context.Context, prefix string) ([]string, error)
	// DeleteVariable removes the variable at path; there need not be one.
	DeleteVariable(ctx context.Context, path string) error
	// Lock takes the lock at path and keeps it until Unlock. It fails with a FaultHeld when somebody else has it.
	Lock(ctx context.Context, path, owner string) (Lock, error)
}

// Lock is a lock that is held. Lost is closed when it no longer is, before Unlock.
type Lock interface {
	Lost() <-chan struct{}
	Unlock(ctx context.Context) error
}

// Volumes reads and makes dynamic host volumes.
type Volumes interface {
	// Volumes lists those of the name, with their full specification.
	Volumes(ctx context.Context, name string) ([]*api.HostVolume, error)
	// CreateVolume makes one and returns when it is ready.
	CreateVolume(ctx context.Context, v *api.HostVolume) error
}

// Evidence is what failed allocations leave behind.
type Evidence interface {
	// LogTail is the end of a task's log; stream is "stdout" or "stderr". A log that does not exist is empty.
	LogTail(ctx context.Context, alloc, task, stream string, bytes int64) (string, error)
}

// Logs are the files that tasks' output is kept in. Nomad rotates them, and collects them some time after an allocation's end.
type Logs interface {
	// Allocs lists the allocations, ended ones too, of jobs and of the children of jobs. It answers when something is newer
	// than index (0: at once), or after a while; next is what to wait from then.
	Allocs(ctx context.Context, jobs []string, index uint64) (list []*api.AllocationListStub, next uint64, err error)
	// LogFiles lists an allocation's files, sorted. held is false when the allocation's node has none of them, or does not answer.
	LogFiles(ctx context.Context, alloc string) (files []LogFile, held bool, err error)
	// ReadLog reads at most limit bytes of a file from offset; nothing when there is nothing, or the file is gone.
	ReadLog(ctx context.Context, alloc string, file LogFile, offset, limit int64) ([]byte, error)
}

// LogFile is one file of a task's log. Files of one stream belong one after the other, by their numbers.
type LogFile struct {
	Task   string
	Stream string // stdout, stderr
	Number int
	Size   int64
}

// Health is what the engine needs of Consul.
type Health interface {
	// Ping fails when Consul does not answer.
	Ping(ctx context.Context) error
	// Observe sends the checks of the services' instances by allocation ID, once at first and then after each change,
	// until ctx is done; it closes the channel.
	Observe(ctx context.Context, services []string) <-chan Checks
}

// Checks are one reading of services' checks, by allocation ID.
type Checks struct {
	ByAlloc map[string][]status.Check
	Err     error
}

// LocalPorts looks at the ports of this machine.
type LocalPorts interface {
	// Taken says whether something listens at address and port, and what, where that can be told.
	Taken(address string, port int) (holder string, taken bool)
}

// FaultMoved is what an error says when somebody else changed the thing in the meantime.
type FaultMoved interface {
	error
	Moved() bool
}

// FaultBlocked is what an error says when Nomad lets nothing be scaled before a deployment of the job has ended.
type FaultBlocked interface {
	error
	Deployment() *api.Deployment
}

// FaultHeld is what an error says when somebody else has the lock.
type FaultHeld interface {
	error
	Holder() (owner string, since time.Time)
}

// FaultUnreachable is what an error says when a cluster does not answer.
type FaultUnreachable interface {
	error
	Unreachable() bool
	Hint() string
}

// FaultDenied is what an error says when the token lacks a right.
type FaultDenied interface {
	error
	Denied() bool
	Hint() string
}
