package release

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/packctl/packctl/hcl/stack"
)

// PlanFormat is the format of plan files that this packctl writes and reads.
const PlanFormat = 1

// PlanFile is a plan with all that a run needs to do what it shows, and nothing else: what the cluster had when it was made,
// so that another state is noticed, and no value of a credential or a sensitive variable.
type PlanFile struct {
	Packctl   string    `json:"packctl,omitempty"` // its version
	Made      time.Time `json:"made"`
	Who       string    `json:"who"`
	Cluster   Cluster   `json:"cluster"`
	Release   string    `json:"release"`
	Namespace string    `json:"namespace"`
	Revision  int       `json:"newest_revision"` // 0: there was none
	Adopt     bool      `json:"adopt,omitempty"`

	Plan  *Plan      `json:"plan"`
	Found []FoundJob `json:"found"` // the release's jobs, those that are to be stopped too

	Env     string       `json:"env,omitempty"`
	Given   []Given      `json:"given"` // sensitive ones are among Secrets alone
	Secrets []PlanSecret `json:"secrets"`
	Salt    string       `json:"salt,omitempty"` // of their marks

	Outputs  []stack.Output  `json:"outputs"`
	Manifest json.RawMessage `json:"manifest"`
}

// Cluster is which Nomad an engine talks to.
type Cluster struct {
	Address string `json:"address"`
	Region  string `json:"region,omitempty"` // empty: that of the agent at the address
}

// FoundJob is how one job was registered.
type FoundJob struct {
	ID        string `json:"job"`
	Namespace string `json:"namespace"`
	Index     uint64 `json:"modify_index"` // 0: there was no such job
	Version   uint64 `json:"version"`
	Stopped   bool   `json:"stopped,omitempty"`
}

// PlanSecret is a sensitive value that a run of the plan has to be given again.
type PlanSecret struct {
	Variable string `json:"variable"`
	Text     bool   `json:"text"`             // its type is string
	Given    bool   `json:"given"`            // by a person, and not by the pack's own files
	Mark     string `json:"mark"`             // tells whether another value is the same
	Writes   string `json:"writes,omitempty"` // the credential that is written with it
}

// markRounds makes a guess at a marked value cost about a tenth of a second: nothing else protects one that is short.
const markRounds = 600_000

// mark is PBKDF2 with HMAC-SHA-256 of a value. The release's own key would be better, but making it would be a change.
func mark(salt, variable, value string) (string, error) {
	raw, err := hex.DecodeString(salt)
	if err != nil {
		return "", err
	}
	key, err := pbkdf2.Key(sha256.New, variable+"\x00"+value, raw, markRounds, sha256.Size)
	return hex.EncodeToString(key), err
}

// Is says whether a value is the one that the plan was made with.
func (f *PlanFile) Is(s PlanSecret, value string) bool {
	got, err := mark(f.Salt, s.Variable, value)
	return err == nil && hmac.Equal([]byte(got), []byte(s.Mark))
}

// file is the planned run as it is kept.
func (r *run) file(ctx context.Context, plan *Plan, outputs []stack.Output) (*PlanFile, error) {
	found, err := r.registered(ctx)
	if err != nil {
		return nil, err
	}
	f := &PlanFile{Packctl: r.opt.Version, Made: r.deps.Now().UTC(), Who: r.who(), Cluster: r.deps.Cluster, Release: plan.Release, Namespace: plan.Namespace,
		Revision: r.history.seen, Adopt: r.opt.Adopt, Plan: plan, Found: found, Env: r.opt.Inputs.Env, Given: []Given{}, Secrets: []PlanSecret{},
		Outputs: append([]stack.Output{}, outputs...)}
	for _, in := range r.opt.Inputs.Values {
		if !in.Sensitive {
			f.Given = append(f.Given, Given{Name: in.Name, Value: in.Value})
		}
	}
	if err := r.marks(f); err != nil {
		return nil, err
	}
	f.Manifest, err = wire(r.manifest)
	return f, err
}

// marks notes the sensitive values that a run of the plan needs: those that were given, and those that it writes.
func (r *run) marks(f *PlanFile) error {
	writes := map[string]string{} // by variable
	for _, c := range f.Plan.Credentials {
		if c.Action != "write" {
			continue
		}
		from := r.variableOf(c.Name)
		if from == "" {
			return &Error{Outcome: Refused, Err: fmt.Errorf("credential %s is written with a value that is no variable's own, and a plan file holds no secrets", c.Name),
				Hint: "run the pack without a plan file, or make the credential's value a variable: value = var.x"}
		}
		writes[from] = c.Name
	}
	salt := make([]byte, sha256.Size)
	if _, err := rand.Read(salt); err != nil {
		return err
	}
	add := func(in Input, given bool) error {
		if !in.Sensitive || !given && writes[in.Name] == "" {
			return nil
		}
		f.Salt = hex.EncodeToString(salt)
		made, err := mark(f.Salt, in.Name, in.Text)
		f.Secrets = append(f.Secrets, PlanSecret{Variable: in.Name, Text: in.IsText, Given: given, Mark: made, Writes: writes[in.Name]})
		return err
	}
	for _, in := range r.opt.Inputs.Values {
		if err := add(in, true); err != nil {
			return err
		}
	}
	for _, in := range r.opt.Inputs.Own {
		if err := add(in, false); err != nil {
			return err
		}
	}
	return nil
}

// variableOf is the variable that a credential's value is, or "".
func (r *run) variableOf(credential string) string {
	for _, c := range r.manifest.Credentials {
		if c.Name != credential || c.Value == nil {
			continue
		}
		for _, list := range [][]Input{r.opt.Inputs.Values, r.opt.Inputs.Own} {
			for _, in := range list {
				if in.Sensitive && in.Text == c.Value.Reveal() {
					return in.Name
				}
			}
		}
	}
	return ""
}

// envelope is what a plan file holds. Its first field says how to read the others.
type envelope struct {
	Format  int             `json:"packctl_plan_format"`
	Sum     string          `json:"sum"` // SHA-256 of the content, without insignificant space
	Content json.RawMessage `json:"content"`
}

// Encode is the text of the file.
func (f *PlanFile) Encode() ([]byte, error) {
	content, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write the plan: %w", err)
	}
	return json.Marshal(envelope{Format: PlanFormat, Sum: sumOf(content), Content: content})
}

// DecodePlanFile reads the text of a file. What it does not wholly understand it refuses.
func DecodePlanFile(data []byte) (*PlanFile, error) {
	const again = "make the plan again: packctl plan -out FILE"
	refuse := func(err error) (*PlanFile, error) { return nil, &Error{Outcome: Refused, Err: err, Hint: again} }
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return refuse(fmt.Errorf("it is no plan file, or is broken or cut off: %w", err))
	}
	switch {
	case e.Format == 0:
		return refuse(errors.New("it is no plan file of packctl"))
	case e.Format != PlanFormat:
		return refuse(fmt.Errorf("it has format %d, and this packctl reads format %d", e.Format, PlanFormat))
	}
	var content bytes.Buffer
	if err := json.Compact(&content, e.Content); err != nil || sumOf(content.Bytes()) != e.Sum {
		return refuse(errors.New("it is not as packctl wrote it: its sum is another"))
	}
	var f PlanFile
	if err := json.Unmarshal(content.Bytes(), &f); err != nil {
		return refuse(fmt.Errorf("it cannot be read: %w", err))
	}
	if f.Plan == nil {
		return refuse(errors.New("there is no plan in it"))
	}
	return &f, nil
}
