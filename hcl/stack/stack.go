// Package stack is the assembled form of a pack: jobs, tiers, the edges between them, the waves in which they are
// submitted, and the credentials and volumes that must exist first.
//
// In: evaluated files with their api.Jobs and the toolkit's blocks. Out: a Stack, in an order that depends on nothing but
// its content. It does no I/O and knows no client.
package stack

import (
	"time"

	"github.com/hashicorp/nomad/api"
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

// Pack says which pack a stack was made from.
type Pack struct {
	Name    string
	Version string
}

// Release is the identity under which a pack is installed.
type Release struct {
	Name      string
	Namespace string
}

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

// Credential is a secret that must exist before the jobs that read it are submitted. It carries no value.
type Credential struct {
	Name        string
	Generate    bool // false: somebody else must have put it there
	Password    *Password
	Certificate *Certificate
	Readers     []string // job IDs, sorted; the Nomad Variable is nomad/jobs/<job ID>
	Volumes     []string // names of volumes whose data was made with this secret: if one exists, none is generated
}

// Password is a random text of letters and digits.
type Password struct {
	Length int
}

// Certificate is a self-signed server certificate with its key.
type Certificate struct {
	CommonName string
	DNSNames   []string
	IPs        []string
	ValidFor   time.Duration
}

// Items are the keys under which a credential stands in its Nomad Variable: the name itself for a password,
// <name>_certificate and <name>_key for a certificate.
func (c Credential) Items() []string {
	if c.Certificate != nil {
		return []string{c.Name + "_certificate", c.Name + "_key"}
	}
	return []string{c.Name}
}

// Volume is a dynamic host volume that must exist before the jobs that mount it are submitted.
type Volume struct {
	Label string
	Spec  *api.HostVolume // Name is "<release>-<label>"
}

// Output is a line for the person who ran the pack.
type Output struct {
	Name        string
	Description string
	Value       string
}
