// Package stack is the assembled form of a pack: jobs, tiers, the edges between them, the waves in which they are
// submitted, and the credentials and volumes that must exist first.
//
// In: evaluated files with their api.Jobs and the toolkit's blocks. Out: a Stack, in an order that depends on nothing but
// its content. It does no I/O and knows no client.
package stack

import (
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/eval"
)

// Stack is what packctl submits.
type Stack struct {
	Pack        Pack
	Release     Release
	Jobs        []*Job // by ID
	Tiers       []*Tier
	Waves       [][]*Job // a job's wave is after those of every job whose tiers it waits for
	Credentials []Credential
	Volumes     []Volume
	Outputs     []Output
}

// Pack, Release, Credential, Password, Certificate, Volume and Output come out of evaluation as they are; stack fills in
// a credential's Readers.
type (
	Pack        = eval.Pack
	Release     = eval.Release
	Credential  = eval.Credential
	Password    = eval.Password
	Certificate = eval.Certificate
	Volume      = eval.Volume
	Output      = eval.Output
)

// Job is one rendered job.
type Job struct {
	ID     string
	File   string // in the pack, for people
	Source []byte // static HCL, as render prints it and as it goes up with the job
	API    *api.Job
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
}

// Need is one condition of a tier.
type Need struct {
	Name    string // the wait_for label
	Service string // the Consul service, empty for other kinds
	Tier    string // the tier of this stack that registers it, empty where another release or nobody does
}
