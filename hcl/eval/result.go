package eval

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/vars"
)

// Options are what evaluation depends on besides the pack, its values and the release.
type Options struct {
	PackctlVersion string // makes the sidecar image's default tag; "dev" when empty or "devel"
}

// Pack says which pack a result was made from.
type Pack struct {
	Name    string
	Version string
}

// Release is the identity under which a pack is installed.
type Release struct {
	Name      string
	Namespace string
}

// Result is a pack after evaluation: static HCL, and the toolkit's blocks as values.
type Result struct {
	Pack        Pack
	Release     Release
	Files       []File // by the pack's file order; a job whose `when` is false has none
	Credentials []Credential
	Volumes     []Volume
	Hooks       []Hook // as they stand in pack.hcl
	Outputs     []Output
	External    External

	// Texts are the files of the pack that file() and templatefile() took in, by the name that ranges use.
	Texts map[string][]byte

	// Removed are files as they would be if no block had been taken out by its `when`, where one was: what is
	// switched off is checked all the same. They are never submitted or shown.
	Removed []Removed

	values *vars.Values
	read   map[string]readFile // by the name that ranges use
}

// Removed is a file with everything in it, and where the blocks stand that its `when` takes out.
type Removed struct {
	Name   string
	Source []byte
	Map    *SourceMap
	Ranges []hcl.Range
}

// File is one rendered job file.
type File struct {
	Name     string // as people see it, below the pack's folder as it was given
	Path     string // below the pack's folder, with slashes
	Label    string // the job's label in the pack
	Job      string // the job's ID: "<release>-<label>"
	Source   []byte // static HCL that any `nomad job run` accepts
	Map      *SourceMap
	Prepares []Prepare // by place
}

// Prepare is what the toolkit's blocks of one group say. The rendered text holds the same as its prestart task.
type Prepare struct {
	Group     string
	WaitFor   []WaitFor // by place
	Migration *Migration
	EnvAt     map[string]hcl.Range `json:"-"` // where their env blocks set a variable, in the author's file
}

// WaitFor is a condition with its place.
type WaitFor struct {
	spec.WaitFor
	Range hcl.Range
}

// Migration is a migration with its place.
type Migration struct {
	spec.Migration
	Range hcl.Range
}

// Secret is text that must never be printed. Its methods all redact; Reveal is the one way to the text.
//
// The text stands behind a pointer, so that fmt cannot reach it through an unexported field either.
type Secret struct{ text *string }

// NewSecret takes a text into custody.
func NewSecret(text string) Secret { return Secret{text: &text} }

// Reveal is the text itself, for the request that stores it and nothing else.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

const redacted = "(sensitive)"

// String redacts.
func (s Secret) String() string { return redacted }

// GoString redacts.
func (s Secret) GoString() string { return redacted }

// MarshalJSON redacts.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText redacts.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Credential is a secret that must exist before the jobs that read it are submitted.
type Credential struct {
	Name        string
	Generate    bool    // false: somebody else must have put it there
	Value       *Secret // given by the pack's user: written as it is, never generated
	Password    *Password
	Bytes       *Bytes
	Certificate *Certificate
	Readers     []string // job IDs, sorted; the Nomad Variable is nomad/jobs/<job ID>
	Volumes     []string // names of volumes whose data was made with this secret: if one exists, none is generated
	Range       hcl.Range
}

// Password is a random text of letters and digits.
type Password struct {
	Length int
}

// Bytes is a random key, written as a text.
type Bytes struct {
	Length   int    // before they are encoded
	Encoding string // Base64 or Hex
	Prefix   string // stands before the encoded bytes
}

// The encodings of Bytes.
const (
	Base64 = "base64" // the standard alphabet, padded
	Hex    = "hex"    // in lower case
)

// Certificate is a server certificate with its key. One without an authority is signed by itself.
type Certificate struct {
	CommonName string
	DNSNames   []string
	IPs        []string
	ValidFor   time.Duration
	Authority  *Authority
}

// Authority is a certificate authority of the release's own. It is valid as long as the certificate that it signs, or longer.
type Authority struct {
	CommonName string
	ValidFor   time.Duration
}

// Items are the keys under which a credential stands in its Nomad Variable: the name itself for a text, <name>_certificate and
// <name>_key for a certificate, and <name>_ca for the certificate of the authority that signed it.
func (c Credential) Items() []string {
	switch {
	case c.Certificate == nil:
		return []string{c.Name}
	case c.Certificate.Authority != nil:
		return []string{c.Name + "_certificate", c.Name + "_key", c.Name + "_ca"}
	default:
		return []string{c.Name + "_certificate", c.Name + "_key"}
	}
}

// Volume is a dynamic host volume that must exist before the jobs that mount it are submitted.
type Volume struct {
	Label string
	Spec  *api.HostVolume // Name is "<release>-<label>"
	Range hcl.Range
}

// External is what the pack uses and somebody else provides: no check looks for it in the stack. Each is sorted.
type External struct {
	Services  []string // in Consul or Nomad
	Variables []string // paths of Nomad Variables
	Volumes   []string // names of host volumes
}

// Output is a line for the person who ran the pack.
type Output struct {
	Name        string
	Description string
	Value       string
}
