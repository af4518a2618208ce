// Package spec holds the toolkit's own blocks as typed values: what a pack author writes in wait_for and migration,
// and the wire form in which it reaches the sidecars inside the cluster.
//
// In: decoded attributes. Out: validated structs with every default filled in, and their JSON. It is the one package of
// hcl that sidecars import, so it knows neither the HCL parser's input files nor any client.
package spec

import "time"

// Kind names what a condition asks.
type Kind string

// The kinds of condition, one per nested block of wait_for.
const (
	KindService  Kind = "service"
	KindTCP      Kind = "tcp"
	KindHTTP     Kind = "http"
	KindPostgres Kind = "postgres"
	KindMySQL    Kind = "mysql"
	KindRedis    Kind = "redis"
)

// Defaults of wait_for and migration.
const (
	DefaultWaitTimeout      = 5 * time.Minute
	DefaultInterval         = 500 * time.Millisecond
	DefaultTryTimeout       = 3 * time.Second
	DefaultMigrationTimeout = 5 * time.Minute
)

// PrepareEnv is the environment variable that carries the JSON of Prepare into the prestart task.
const PrepareEnv = "PACKCTL_PREPARE"

// PrepareTask is the name of the one prestart task that a group's conditions and migration become.
const PrepareTask = "prepare"

// ProgressFile is where the prestart task says what it is doing, below the allocation's shared folder
// (NOMAD_ALLOC_DIR inside the task, "alloc/" in Nomad's file API). It is replaced whole, never appended to.
const ProgressFile = "packctl-prepare.json"

// WaitFor is one condition that must hold before a group's main tasks start. Exactly one of the pointers is set, the
// one that Kind names.
type WaitFor struct {
	Name     string    `json:"name"`
	Kind     Kind      `json:"kind"`
	Timeout  Duration  `json:"timeout"`
	Interval Duration  `json:"interval"`
	Service  *Service  `json:"service,omitempty"`
	TCP      *TCP      `json:"tcp,omitempty"`
	HTTP     *HTTP     `json:"http,omitempty"`
	Postgres *Postgres `json:"postgres,omitempty"`
	MySQL    *MySQL    `json:"mysql,omitempty"`
	Redis    *Redis    `json:"redis,omitempty"`
}

// Service waits until a Consul service has passing instances.
type Service struct {
	Name      string   `json:"name"`
	Tag       string   `json:"tag,omitempty"`
	Min       int      `json:"min"`                  // passing instances, default 1
	StableFor Duration `json:"stable_for,omitempty"` // how long it must have held, default 0
}

// TCP waits until a connection is accepted.
type TCP struct {
	Address string `json:"address"` // host:port
}

// HTTP waits until a request is answered as expected.
type HTTP struct {
	URL                string `json:"url"`
	Method             string `json:"method"` // default GET
	Status             []int  `json:"status"` // accepted codes; default: any 2xx
	InsecureSkipVerify bool   `json:"insecure_skip_verify,omitempty"`
}

// Postgres waits until a PostgreSQL server answers. With a password in the URL it logs in and runs "SELECT 1"; without
// one it is pg_isready: ready as soon as the server accepts connections.
type Postgres struct {
	URL    string `json:"url,omitempty"`
	URLEnv string `json:"url_env,omitempty"` // the environment variable of the prestart task that holds the URL, or <URLEnv>_FILE the path of a file with it
}

// MySQL waits until a MySQL or MariaDB server answers. With a password in the URL it logs in and runs a statement; without
// one the server is ready as soon as it decides about the login.
type MySQL struct {
	URL    string `json:"url,omitempty"`
	URLEnv string `json:"url_env,omitempty"`
}

// Redis waits until PING is answered with PONG (a server that is still loading its data is not ready).
type Redis struct {
	URL    string `json:"url,omitempty"`
	URLEnv string `json:"url_env,omitempty"`
}

// Migration is one schema migration, run under a lock in the database itself. Either Command or SQL is set.
type Migration struct {
	Name        string   `json:"name"`
	Command     []string `json:"command,omitempty"`
	SQL         string   `json:"sql,omitempty"` // folder with goose-style *.sql files; inside the task, an absolute path or below NOMAD_TASK_DIR
	Database    Database `json:"database"`
	Lock        string   `json:"lock"`         // name of the advisory lock, default "<release>/<migration>"
	Timeout     Duration `json:"timeout"`      // for the migration itself
	LockTimeout Duration `json:"lock_timeout"` // for the wait for the lock, default = Timeout
	Down        *Down    `json:"down,omitempty"`
}

// Down says how what Command did is taken back. SQL files have sections of their own for that.
type Down struct {
	Command []string `json:"command"` // of the newer version; the version to go back to becomes its last argument
	Version []string `json:"version"` // of the older version: prints one line, which begins with the newest version that it brings
}

// Step is what a prestart task is to do.
type Step string

// The steps. A pack's task prepares; the others are those of the job that packctl makes to take a schema back.
const (
	StepPrepare Step = ""        // the conditions, then the migration
	StepVersion Step = "version" // only Down.Version, whose answer it writes into VersionFile
	StepDown    Step = "down"    // the conditions, then the migration backwards
)

// VersionFile is where StepVersion leaves the version for StepDown, below the allocation's shared folder.
const VersionFile = "packctl-schema-version"

// The kinds of database that a migration can run in.
const (
	DriverPostgres = "postgres"
	DriverMySQL    = "mysql" // MariaDB too
)

// Drivers lists the kinds of database that a migration can run in.
func Drivers() []string { return []string{DriverPostgres, DriverMySQL} }

// Database says where the lock is taken and the SQL is run. The URL is a secret, so it is only ever named.
type Database struct {
	Driver string `json:"driver"`  // one of Drivers, default "postgres"
	URLEnv string `json:"url_env"` // default DATABASE_URL
}

// Prepare is everything the prestart task of one group does: its conditions, all of them, then its migration.
type Prepare struct {
	Release   string     `json:"release"`
	Pack      string     `json:"pack"`
	Job       string     `json:"job"`
	Group     string     `json:"group"`
	WaitFor   []WaitFor  `json:"wait_for,omitempty"`
	Migration *Migration `json:"migration,omitempty"`
	Step      Step       `json:"step,omitempty"`
	To        int64      `json:"to,omitempty"` // of StepDown with SQL files: the newest one that stays
}

// Phase is how far a prestart task has come.
type Phase string

// The phases, in the order in which they are entered.
const (
	PhaseWaiting   Phase = "waiting"
	PhaseMigrating Phase = "migrating"
	PhaseDone      Phase = "done"
	PhaseFailed    Phase = "failed"
)

// Progress is the content of ProgressFile.
type Progress struct {
	Phase      Phase       `json:"phase"`
	Since      time.Time   `json:"since"`  // start of this phase
	Reason     string      `json:"reason"` // one line for people: what is being waited for, or what failed
	Conditions []Condition `json:"conditions,omitempty"`
}

// Condition is the state of one WaitFor.
type Condition struct {
	Name   string    `json:"name"`
	Ready  bool      `json:"ready"`
	Reason string    `json:"reason"` // why not, or what made it ready
	Since  time.Time `json:"since"`
}
