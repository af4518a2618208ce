package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// The items of an authority's variable.
const (
	authorityCertificate = "certificate"
	authorityKey         = "key"
)

// authorityPath is where an authority stands with its key: no workload identity may read there, so no task can sign.
func authorityPath(release, credential string) string {
	return "packctl/releases/" + release + "/authorities/" + credential
}

// authority is the one that signs a credential's certificate: nil when it is to be signed by itself. It is made when it is
// not there, and stands before anything is signed with it, so that a run that was cut off leaves one that the next finds.
func (r *run) authority(ctx context.Context, c stack.Credential) (*signer, error) {
	if c.Certificate == nil || c.Certificate.Authority == nil {
		return nil, nil
	}
	path := authorityPath(r.manifest.Release.Name, c.Name)
	for range casTries {
		v, err := r.deps.Nomad.Variable(ctx, path)
		if err != nil {
			return nil, err
		}
		if v != nil {
			return r.keptAuthority(v, c, r.deps.Now())
		}
		cert, key, err := newAuthority(*c.Certificate.Authority, r.deps.Now())
		if err != nil {
			return nil, fmt.Errorf("make the authority of %s: %w", c.Name, err)
		}
		v = api.NewVariable(path)
		v.Items[authorityCertificate], v.Items[authorityKey] = cert, key
		err = r.deps.Nomad.PutVariable(ctx, v)
		if err == nil {
			return readAuthority(cert, key)
		}
		var moved FaultMoved
		if !errors.As(err, &moved) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("the authority of credential %s at %s is written by somebody else all the time", c.Name, path)
}

// keptAuthority is the authority that a variable holds. One that has ended, or cannot be read, is not replaced unasked:
// everybody who trusts it would have to be told of the new one.
func (r *run) keptAuthority(v *api.Variable, c stack.Credential, now time.Time) (*signer, error) {
	hint := "for a new one: nomad var purge" + namespaceFlag(r.manifest.Release.Namespace) + " " + v.Path
	s, err := readAuthority(v.Items[authorityCertificate], v.Items[authorityKey])
	if err != nil {
		return nil, &Error{Outcome: Failed, Err: fmt.Errorf("the authority of credential %s at %s cannot be read: %w", c.Name, v.Path, err), Hint: hint}
	}
	if !now.Before(s.cert.NotAfter) {
		return nil, &Error{Outcome: Failed, Hint: hint,
			Err: fmt.Errorf("the authority of credential %s at %s ended on %s", c.Name, v.Path, s.cert.NotAfter.UTC().Format(time.DateOnly))}
	}
	return s, nil
}
