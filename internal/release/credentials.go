package release

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// casTries bounds how often a variable that somebody else writes at the same time is read and written again.
const casTries = 5

// credentials makes sure that every secret stands at each of its readers' variables. What is there is never changed.
// All of them are looked at before the first is written.
func (r *run) credentials(ctx context.Context) error {
	if len(r.manifest.Credentials) == 0 {
		return nil
	}
	r.enter(PhaseCredentials, "looking after %d credentials", len(r.manifest.Credentials))
	p := problems{outcome: Failed}
	values := make([]map[string]string, len(r.manifest.Credentials))
	known := r.givenSecrets()
	for i, c := range r.manifest.Credentials {
		found, _, err := r.found(ctx, c, &known, &p)
		if err != nil {
			return err
		}
		if found == nil && len(p.list) == 0 {
			if found, err = r.make(ctx, c, &p); err != nil {
				return err
			}
		}
		values[i] = found
		for _, v := range found {
			known = append(known, v)
		}
	}
	r.secret = newRedactor(known)
	if err := p.err(); err != nil {
		return err
	}
	for i, c := range r.manifest.Credentials {
		if err := r.spread(ctx, c, values[i]); err != nil {
			return err
		}
	}
	return nil
}

func variableOf(jobID string) string { return "nomad/jobs/" + jobID }

// givenSecrets are those that the person gave with the pack's values.
func (r *run) givenSecrets() []string {
	var out []string
	for _, c := range r.manifest.Credentials {
		if c.Value != nil {
			out = append(out, c.Value.Reveal())
		}
	}
	return out
}

// found reads a credential from its readers' variables: nil when none has it. holders are the readers that have it; all
// that these variables hold is added to known, of whichever credential it is.
func (r *run) found(ctx context.Context, c stack.Credential, known *[]string, p *problems) (found map[string]string, holders []string, err error) {
	var at string
	for _, reader := range c.Readers {
		path := variableOf(reader)
		v, err := r.deps.Nomad.Variable(ctx, path)
		if err != nil {
			return nil, nil, err
		}
		if v != nil {
			for _, key := range sorted(v.Items) {
				*known = append(*known, v.Items[key])
			}
		}
		items, missing := pick(v, c.Items())
		if len(missing) == 0 {
			holders = append(holders, reader)
		}
		switch {
		case len(items) == 0:
		case len(missing) > 0:
			p.add("add what is missing with nomad var put "+path, "credential %s is incomplete: %s lacks %s", c.Name, path, strings.Join(missing, ", "))
		case found == nil:
			found, at = items, path
		default:
			for _, key := range c.Items() {
				if items[key] != found[key] {
					p.add("make them equal; packctl changes no secret that exists", "credential %s stands with different values at %s and %s", c.Name, at, path)
					break
				}
			}
		}
	}
	return found, holders, nil
}

// pick takes a credential's items out of a variable.
func pick(v *api.Variable, keys []string) (items map[string]string, missing []string) {
	items = map[string]string{}
	for _, key := range keys {
		if v != nil && v.Items[key] != "" {
			items[key] = v.Items[key]
			continue
		}
		missing = append(missing, key)
	}
	return items, missing
}

// makeable says whether a credential that stands nowhere may be made: not when somebody else must supply it, or when data
// exists that was made with the lost one.
func (r *run) makeable(ctx context.Context, c stack.Credential, p *problems) (bool, error) {
	if len(c.Readers) == 0 {
		return false, nil // nobody would get it
	}
	if c.Value != nil {
		return true, nil
	}
	var args []string
	for _, item := range c.Items() {
		args = append(args, item+"=…")
	}
	put := fmt.Sprintf("nomad var put%s %s %s", namespaceFlag(r.manifest.Release.Namespace), variableOf(c.Readers[0]), strings.Join(args, " "))
	if !c.Generate {
		p.add("put it there, packctl copies it to every job that reads it: "+put,
			"credential %s does not exist, and the pack says that it is supplied, not generated", c.Name)
		return false, nil
	}
	for _, name := range c.Volumes {
		have, err := r.deps.Nomad.Volumes(ctx, name)
		if err != nil {
			return false, err
		}
		if len(have) > 0 {
			p.add("put the old one back: "+put+"; or, when the data is not needed, delete the volume: nomad volume delete -type host "+have[0].ID,
				"credential %s is missing, but volume %s exists, whose data was made with it: a new one would not open it", c.Name, name)
			return false, nil
		}
	}
	return true, nil
}

// make makes the values of a credential that stands nowhere.
func (r *run) make(ctx context.Context, c stack.Credential, p *problems) (map[string]string, error) {
	if may, err := r.makeable(ctx, c, p); err != nil || !may {
		return nil, err
	}
	if c.Value != nil {
		return map[string]string{c.Name: c.Value.Reveal()}, nil
	}
	authority, err := r.authority(ctx, c)
	if err != nil {
		return nil, err
	}
	items, err := generate(c, authority, r.deps.Now())
	if err == nil {
		r.say(Info, "", "generated credential %s", c.Name)
	}
	return items, err
}

func namespaceFlag(namespace string) string {
	if namespace == "" || namespace == api.DefaultNamespace {
		return ""
	}
	return " -namespace " + namespace
}

// spread writes a credential to those of its readers that do not have it. The first write decides: when somebody else
// wrote another value in the meantime, that is a conflict.
func (r *run) spread(ctx context.Context, c stack.Credential, values map[string]string) error {
	if values == nil {
		return nil
	}
	for _, reader := range c.Readers {
		if err := r.put(ctx, variableOf(reader), c, values); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) put(ctx context.Context, path string, c stack.Credential, values map[string]string) error {
	var last error
	for range casTries {
		v, err := r.deps.Nomad.Variable(ctx, path)
		if err != nil {
			return err
		}
		items, missing := pick(v, c.Items())
		for key, have := range items {
			if have != values[key] {
				return &Error{Outcome: Conflict, Err: fmt.Errorf("credential %s was written at %s by somebody else in the meantime", c.Name, path), Hint: "run again"}
			}
		}
		if len(missing) == 0 {
			return nil
		}
		if v == nil {
			v = api.NewVariable(path)
		}
		next := v.Copy()
		for key, value := range values {
			next.Items[key] = value
		}
		if last = r.deps.Nomad.PutVariable(ctx, next); last == nil {
			return nil
		}
		var moved FaultMoved
		if !errors.As(last, &moved) {
			return last
		}
	}
	return fmt.Errorf("write credential %s: %w", c.Name, last)
}
