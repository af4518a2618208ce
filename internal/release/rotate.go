package release

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// ExpiresSoon is how long before its end a certificate is warned of.
const ExpiresSoon = 30 * 24 * time.Hour

// CredentialState is what may be told of a credential: never its value.
type CredentialState struct {
	Name     string         `json:"name"`
	Kind     CredentialKind `json:"kind"`
	Supplied bool           `json:"supplied"` // by the operator; packctl generates none
	At       []string       `json:"at"`       // the Nomad Variables that have it
	Missing  []string       `json:"missing,omitempty"`
	Changed  time.Time      `json:"changed,omitzero"` // of the newest of these variables: it is at least as old
	Expires  time.Time      `json:"expires,omitzero"` // of a certificate
	Expiring bool           `json:"expiring,omitempty"`
}

// CredentialKind is what a credential is.
type CredentialKind string

// The kinds of credentials.
const (
	KindPassword    CredentialKind = "password"
	KindKey         CredentialKind = "key"
	KindCertificate CredentialKind = "certificate"
	KindText        CredentialKind = "text" // as it was supplied
)

func credentialKind(c stack.Credential) CredentialKind {
	switch {
	case c.Certificate != nil:
		return KindCertificate
	case c.Bytes != nil:
		return KindKey
	case c.Password != nil || c.Generate:
		return KindPassword
	}
	return KindText
}

// Credentials tells of the credentials of the revision that is in effect, by name.
func (e *Engine) Credentials(ctx context.Context, release string) ([]CredentialState, error) {
	v := &verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}
	_, m, err := v.revision(ctx, release, 0)
	var out []CredentialState
	if err == nil {
		out, err = v.credentialStates(ctx, m)
	}
	if err != nil {
		return nil, v.classify(ctx, err)
	}
	return out, nil
}

func (v *verb) credentialStates(ctx context.Context, m *Manifest) ([]CredentialState, error) {
	out := make([]CredentialState, 0, len(m.Credentials))
	for _, c := range m.Credentials {
		s := CredentialState{Name: c.Name, Kind: credentialKind(c), Supplied: !c.Generate, At: []string{}}
		for _, reader := range c.Readers {
			path := variableOf(reader)
			have, err := v.deps.Nomad.Variable(ctx, path)
			if err != nil {
				return nil, err
			}
			items, missing := pick(have, c.Items())
			if len(missing) > 0 {
				s.Missing = append(s.Missing, path)
				continue
			}
			s.At = append(s.At, path)
			if t := time.Unix(0, have.ModifyTime).UTC(); have.ModifyTime > 0 && t.After(s.Changed) {
				s.Changed = t
			}
			if end, ok := endOf(items[c.Items()[0]]); ok && c.Certificate != nil && (s.Expires.IsZero() || end.Before(s.Expires)) {
				s.Expires = end
			}
		}
		s.Expiring = !s.Expires.IsZero() && s.Expires.Sub(v.deps.Now()) < ExpiresSoon
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b CredentialState) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// endOf is when the first certificate of a PEM text ends.
func endOf(text string) (time.Time, bool) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return time.Time{}, false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}, false
	}
	return cert.NotAfter.UTC(), true
}

// RotateOptions say which credential gets a new value.
type RotateOptions struct {
	Release   string
	Namespace string
	Name      string
}

// Rotation is what became of a rotated credential.
type Rotation struct {
	Release    string    `json:"release"`
	Credential string    `json:"credential"`
	At         []string  `json:"at"` // the Nomad Variables that were written
	Expires    time.Time `json:"expires,omitzero"`
	Readers    []Reader  `json:"readers"`
}

// Reader is a task whose template reads a credential.
type Reader struct {
	Tier string `json:"tier"`
	Job  string `json:"job"`
	Task string `json:"task"`
	Mode string `json:"mode"` // what Nomad does when the template changes: restart, signal, script, noop
}

// Rotate gives a credential a new value, at every reader, under the release's lock. What Nomad does then is up to the change_mode
// of each template that reads it.
func (e *Engine) Rotate(ctx context.Context, opt RotateOptions, obs Observer) (*Rotation, error) {
	r := &rotate{run: run{verb: verb{deps: e.deps, obs: obs, began: e.deps.Now(), res: &Result{}}}, opt: opt,
		out: &Rotation{Release: opt.Release, Credential: opt.Name, At: []string{}, Readers: []Reader{}}}
	err := r.locked(ctx, opt.Release, r.do)
	if err == nil {
		return r.out, nil
	}
	out := r.classify(ctx, err)
	if out.Outcome == Interrupted {
		out.Hint = "credential list shows where it stands; the same command writes another value"
	}
	return nil, out
}

type rotate struct {
	run
	opt RotateOptions
	out *Rotation
}

func (r *rotate) do(ctx context.Context) error {
	_, m, err := r.revision(ctx, r.opt.Release, 0)
	if err != nil {
		return err
	}
	r.manifest = m
	r.phase = PhaseCredentials
	c, err := r.chosen(ctx)
	if err != nil {
		return err
	}
	authority, err := r.authority(ctx, *c)
	if err != nil {
		return err
	}
	values, err := generate(*c, authority, r.deps.Now())
	if err != nil {
		return err
	}
	if err := r.replace(ctx, *c, values); err != nil {
		return err
	}
	r.out.Expires, _ = endOf(values[c.Items()[0]])
	return r.readers(ctx, *c)
}

// chosen is the credential, when it is one that may be rotated.
func (r *rotate) chosen(ctx context.Context) (*stack.Credential, error) {
	var names []string
	var c *stack.Credential
	for i := range r.manifest.Credentials {
		names = append(names, r.manifest.Credentials[i].Name)
		if r.manifest.Credentials[i].Name == r.opt.Name {
			c = &r.manifest.Credentials[i]
		}
	}
	refuse := func(hint, format string, args ...any) error {
		return &Error{Outcome: Refused, Err: fmt.Errorf(format, args...), Hint: hint}
	}
	switch {
	case c == nil:
		return nil, refuse(nameHint(r.opt.Name, "its credentials", names), "release %s has no credential %q", r.opt.Release, r.opt.Name)
	case len(c.Readers) == 0:
		return nil, refuse("there is nothing to rotate", "no job reads credential %s", c.Name)
	case !c.Generate:
		return nil, refuse("write the new one at every reader: "+r.putAll(*c)+"; where it comes from a variable of the pack, run the pack with the new value",
			"credential %s is supplied by you, so packctl cannot make another", c.Name)
	case c.Certificate != nil: // no data is made with one
		return c, nil
	}
	for _, name := range c.Volumes {
		have, err := r.deps.Nomad.Volumes(ctx, name)
		if err != nil {
			return nil, err
		}
		if len(have) > 0 {
			return nil, refuse("change it where the data is first (in a database: ALTER USER … PASSWORD, by packctl exec), then write the same value at every reader: "+r.putAll(*c),
				"volume %s holds data that was made with credential %s: with another value nobody could open it", name, c.Name)
		}
	}
	return c, nil
}

// putAll is how a person writes a credential's items at its readers.
func (r *rotate) putAll(c stack.Credential) string {
	var out []string
	for _, reader := range c.Readers {
		put := "nomad var put -force" + namespaceFlag(r.manifest.Release.Namespace) + " " + variableOf(reader)
		for _, item := range c.Items() {
			put += " " + item + "=…"
		}
		out = append(out, put)
	}
	return strings.Join(out, "; ") + " (name the variable's other items too: put replaces all of them)"
}

// replace writes new values at every reader. When one cannot be written, those that were get their old values back: two
// readers must not differ.
func (r *rotate) replace(ctx context.Context, c stack.Credential, values map[string]string) error {
	old := map[string]map[string]string{}
	for _, reader := range c.Readers {
		path := variableOf(reader)
		before, err := r.overwrite(ctx, path, c, values)
		if err == nil {
			old[path] = before
			r.out.At = append(r.out.At, path)
			continue
		}
		clean, done := context.WithTimeout(context.WithoutCancel(ctx), cleanUpWithin)
		defer done()
		for _, at := range r.out.At {
			if _, back := r.overwrite(clean, at, c, old[at]); back != nil {
				return errors.Join(fmt.Errorf("rotate credential %s at %s: %w", c.Name, path, err), fmt.Errorf("put the old one back at %s: %w", at, back))
			}
		}
		return fmt.Errorf("rotate credential %s: %w; every reader has the old one", c.Name, err)
	}
	return nil
}

// overwrite sets a credential's items in a variable, and returns those that were there.
func (r *rotate) overwrite(ctx context.Context, path string, c stack.Credential, values map[string]string) (map[string]string, error) {
	var last error
	for range casTries {
		v, err := r.deps.Nomad.Variable(ctx, path)
		if err != nil {
			return nil, err
		}
		if v == nil {
			v = api.NewVariable(path)
		}
		before, _ := pick(v, c.Items())
		next := v.Copy()
		for _, item := range c.Items() {
			if next.Items[item] = values[item]; values[item] == "" {
				delete(next.Items, item)
			}
		}
		if last = r.deps.Nomad.PutVariable(ctx, next); last == nil {
			return before, nil
		}
		var moved FaultMoved
		if !errors.As(last, &moved) {
			break
		}
	}
	return nil, last
}

// readers finds the tasks whose templates name the credential, in the jobs as they are registered.
func (r *rotate) readers(ctx context.Context, c stack.Credential) error {
	for _, reader := range c.Readers {
		job, err := r.deps.Nomad.Job(ctx, reader)
		if err != nil {
			return err
		}
		if job == nil || value(job.Stop) {
			continue
		}
		for _, tg := range job.TaskGroups {
			for _, t := range tg.Tasks {
				if mode := changeMode(t, c.Items()); mode != "" {
					r.out.Readers = append(r.out.Readers, Reader{Tier: value(tg.Name), Job: reader, Task: t.Name, Mode: mode})
				}
			}
		}
	}
	return nil
}

// changeMode is the strongest thing that Nomad does to a task when one of a credential's items changes, or "" when none of
// its templates names one.
func changeMode(t *api.Task, items []string) string {
	modes := []string{"", "noop", "script", "signal", "restart"}
	strongest := 0
	for _, tmpl := range t.Templates {
		if slices.ContainsFunc(items, func(item string) bool { return strings.Contains(value(tmpl.EmbeddedTmpl), item) }) {
			mode := value(tmpl.ChangeMode)
			if mode == "" {
				mode = "restart"
			}
			strongest = max(strongest, slices.Index(modes, mode))
		}
	}
	return modes[strongest]
}
