package release

import (
	"context"
	"fmt"
	"time"

	"github.com/packctl/packctl/hcl/spec"
)

// TestOptions say which release's tests are to run.
type TestOptions struct {
	Release   string
	Namespace string
	Timeout   time.Duration
}

// Test runs the hooks of the event "test" that the release's newest revision has. It needs no pack, and changes nothing of the
// release. The Result's Hooks are those that ran.
func (e *Engine) Test(ctx context.Context, opt TestOptions, obs Observer) (*Result, error) {
	r := &run{verb: verb{deps: e.deps, obs: obs, began: e.deps.Now()}}
	r.res = &Result{Release: opt.Release, Namespace: opt.Namespace}
	return r.finish(ctx, opt.Timeout, func(ctx context.Context) error { return r.test(ctx, opt) })
}

func (r *run) test(ctx context.Context, opt TestOptions) error {
	r.enter(PhasePlan, "looking for the tests of release %s", opt.Release)
	s, list, err := r.told(ctx, opt.Release)
	if err != nil {
		return err
	}
	now := inEffect(list)
	if now == nil {
		return &Error{Outcome: Refused, Err: fmt.Errorf("release %s has no revision that could be tested", opt.Release),
			Hint: "packctl run brings it up; packctl list shows the releases that run"}
	}
	if r.manifest, err = s.manifest(ctx, now); err != nil {
		return err
	}
	tests := r.manifest.hooksOn(spec.Test)
	if len(tests) == 0 {
		return &Error{Outcome: Refused, Err: fmt.Errorf("revision %d of release %s has no hook on = [\"test\"]", now.Number, opt.Release),
			Hint: "give the pack one: hook \"smoke\" { job = \"smoke\" on = [\"test\"] }, and run it"}
	}
	p := &problems{outcome: Conflict}
	if err := r.load(ctx, p); err != nil {
		return err
	}
	if err := p.err(); err != nil {
		return err
	}
	if r.installs() {
		return &Error{Outcome: Refused, Err: fmt.Errorf("release %s does not run", opt.Release), Hint: "packctl run brings it up"}
	}
	return r.locked(ctx, opt.Release, func(ctx context.Context) error {
		if err := r.knowSecrets(ctx); err != nil {
			return err
		}
		return r.hooks(ctx, spec.Test, tests)
	})
}

// knowSecrets reads the release's secrets, to take them out of what is shown.
func (r *run) knowSecrets(ctx context.Context) error {
	var known []string
	for _, c := range r.manifest.Credentials {
		for _, reader := range c.Readers {
			v, err := r.deps.Nomad.Variable(ctx, variableOf(reader))
			if err != nil {
				return err
			}
			items, _ := pick(v, c.Items())
			for _, item := range items {
				known = append(known, item)
			}
		}
	}
	r.secret = newRedactor(known)
	return nil
}
