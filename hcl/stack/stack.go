// Package stack is the assembled form of a pack: jobs, tiers, the edges between them, the waves in which they are
// submitted, and the credentials and volumes that must exist first.
//
// In: evaluated files with their api.Jobs and the toolkit's blocks. Out: a Stack, in an order that depends on nothing but
// its content. It does no I/O and knows no client.
package stack

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/spec"
)

// Stack is what packctl submits.
type Stack struct {
	Pack        Pack
	Release     Release
	Jobs        []*Job   // by ID
	Tiers       []*Tier  // by wave, then by job ID, then as the groups stand in the job
	Waves       [][]*Job // a job's wave is after those of every job whose tiers it waits for; the jobs of hooks are in none
	Credentials []Credential
	Volumes     []Volume
	Hooks       []Hook // as they stand in pack.hcl; their jobs are in no wave
	Outputs     []Output
	Reads       []CredentialRead // by job ID, group, task, item
	Templates   []*Template      // as Tiers stand, then as the templates do
	Broken      []*Template      // those that cannot be parsed
	External    External

	// SwitchedOff are the services of files in which a block is taken out by its `when`: with other values they exist.
	SwitchedOff []string
}

// What evaluation made is taken over as it is; Assemble fills in Readers, Volumes and default names.
type (
	// Pack says which pack a stack was made from.
	Pack = eval.Pack
	// Release is the identity under which a pack is installed.
	Release = eval.Release
	// Credential is a secret that must exist before the jobs that read it are submitted.
	Credential = eval.Credential
	// Password is a random text of letters and digits.
	Password = eval.Password
	// Bytes is a random key, written as a text.
	Bytes = eval.Bytes
	// Certificate is a server certificate with its key.
	Certificate = eval.Certificate
	// Authority is a certificate authority of the release's own.
	Authority = eval.Authority
	// Volume is a dynamic host volume that must exist before the jobs that mount it are submitted.
	Volume = eval.Volume
	// Hook is a batch job that runs at moments of the release's life, and only then.
	Hook = eval.Hook
	// HookEvent is one of a hook's moments.
	HookEvent = eval.HookEvent
	// External is what the stack uses and somebody else provides.
	External = eval.External
	// Output is a line for the person who ran the pack.
	Output = eval.Output
)

// The encodings of Bytes.
const (
	Base64 = eval.Base64
	Hex    = eval.Hex
)

// Job is one rendered job.
type Job struct {
	ID     string
	File   string // in the pack, for people
	Source []byte // static HCL, as render prints it and as it goes up with the job
	API    *api.Job

	places places
	texts  map[string][]byte // files of the pack that expressions took in, by the name that ranges use
}

// Tier is one group of one job.
type Tier struct {
	Name     string // the group's name
	JobID    string
	Type     string // service, batch, system, sysbatch
	Count    int
	Services []string // Consul services that it registers
	Needs    []Need
	Migrates bool

	Job   *Job
	Group *api.TaskGroup
	// Prepare is what the group's prestart task does; nil where the group has neither wait_for nor migration.
	Prepare *eval.Prepare
}

// Need is one condition of a tier.
type Need struct {
	Name    string // the wait_for label
	Kind    spec.Kind
	Service string // the Consul service, empty for other kinds
	Tier    string // the tier of this stack that registers it, empty where another release or nobody does
	JobID   string // that tier's job
	Range   hcl.Range
}

// CredentialRead is one place where a task's template reads an item of a Nomad Variable that this release may own.
type CredentialRead struct {
	Job      *Job
	Tier     *Tier
	Task     string
	Template int    // index in the task
	Path     string // of the Nomad Variable
	Item     string
	Computed bool // the template computes the path; Path is then that of the job's own variable
	Range    hcl.Range
}
