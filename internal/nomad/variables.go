package nomad

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

// A lock is renewed at half of lockTTL, so that one lost answer does not lose it, and counts as lost to its owner after
// lockTTL without an answer. Nomad frees it after twice that plus lockDelay [measured on 1.11.3: 25 s], so the old owner has
// stopped before the next begins. Nomad's least TTL is 10 s.
const (
	lockTTL   = 10 * time.Second
	lockDelay = 5 * time.Second
)

// Keys of the lock's variable, for people and for the next one that wants it.
const (
	lockOwner = "owner"
	lockSince = "since"
)

// Variable reads the variable at path, or nil.
func (c *Client) Variable(ctx context.Context, path string) (*api.Variable, error) {
	v, _, err := c.api.Variables().Peek(path, c.query(ctx))
	if err != nil {
		return nil, c.fault("read the variable "+path, err)
	}
	return v, nil
}

// PutVariable writes v when its modify index is still the stored one.
func (c *Client) PutVariable(ctx context.Context, v *api.Variable) error {
	now, _, err := c.api.Variables().CheckedUpdate(v, c.write(ctx))
	var conflict api.ErrCASConflict
	if errors.As(err, &conflict) {
		return &MovedError{What: "the variable " + v.Path}
	}
	if err != nil {
		return c.fault("write the variable "+v.Path, err)
	}
	v.ModifyIndex = now.ModifyIndex
	return nil
}

// VariablePaths lists the paths that begin with prefix, sorted.
func (c *Client) VariablePaths(ctx context.Context, prefix string) ([]string, error) {
	list, _, err := c.api.Variables().PrefixList(prefix, c.query(ctx))
	if err != nil {
		return nil, c.fault("list the variables below "+prefix, err)
	}
	paths := make([]string, len(list))
	for i, v := range list {
		paths[i] = v.Path
	}
	slices.Sort(paths)
	return paths, nil
}

// DeleteVariable removes the variable at path; there need not be one.
func (c *Client) DeleteVariable(ctx context.Context, path string) error {
	_, err := c.api.Variables().Delete(path, c.write(ctx))
	if err != nil && statusOf(err) != http.StatusNotFound {
		return c.fault("remove the variable "+path, err)
	}
	return nil
}

// lock is a Nomad Variable lock that is held and renewed.
type lock struct {
	client *Client
	v      *api.Variable
	stop   context.CancelFunc
	lost   chan struct{}
	ended  sync.WaitGroup
}

// Lock takes the lock at path. The variable's items say who has it.
func (c *Client) Lock(ctx context.Context, path, owner string) (release.Lock, error) {
	v := &api.Variable{
		Path:  path,
		Items: api.VariableItems{lockOwner: owner, lockSince: time.Now().UTC().Format(time.RFC3339)},
		Lock:  &api.VariableLock{TTL: lockTTL.String(), LockDelay: lockDelay.String()},
	}
	got, _, err := c.api.Variables().AcquireLock(v, c.write(ctx))
	if statusOf(err) == http.StatusConflict {
		return nil, c.held(ctx, path)
	}
	if err != nil {
		return nil, c.fault("take the lock "+path, err)
	}
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx)) // what an interrupted verb cleans up is under the lock too
	l := &lock{client: c, v: got, stop: stop, lost: make(chan struct{})}
	l.ended.Go(func() { l.renew(renewing) })
	return l, nil
}

// held is the error that says who has the lock; where that cannot be read it says so.
func (c *Client) held(ctx context.Context, path string) error {
	e := &HeldError{Path: path, Owner: "another packctl"}
	if v, err := c.Variable(ctx, path); err == nil && v != nil {
		if o := v.Items[lockOwner]; o != "" {
			e.Owner = o
		}
		if t, err := time.Parse(time.RFC3339, v.Items[lockSince]); err == nil {
			e.Since = t
		}
	}
	return e
}

func (l *lock) renew(ctx context.Context) {
	tick := time.NewTicker(lockTTL / 2)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		try, cancel := context.WithTimeout(ctx, lockTTL/2)
		_, _, err := l.client.api.Variables().RenewLock(l.v, l.client.write(try))
		cancel()
		switch {
		case err == nil:
			renewed = time.Now()
		case ctx.Err() != nil:
			return
		case statusOf(err) == http.StatusConflict || time.Since(renewed) >= lockTTL:
			close(l.lost)
			return
		}
	}
}

// Lost is closed when somebody else may have the lock.
func (l *lock) Lost() <-chan struct{} { return l.lost }

// Unlock gives the lock back and removes its variable. A lock that was lost is not ours to remove.
func (l *lock) Unlock(ctx context.Context) error {
	l.stop()
	l.ended.Wait()
	select {
	case <-l.lost:
		return nil
	default:
	}
	v, _, err := l.client.api.Variables().ReleaseLock(&api.Variable{Path: l.v.Path, Lock: &api.VariableLock{ID: l.v.LockID()}}, l.client.write(ctx))
	if err != nil {
		return l.client.fault("give back the lock "+l.v.Path, err)
	}
	_, err = l.client.api.Variables().CheckedDelete(l.v.Path, v.ModifyIndex, l.client.write(ctx))
	var conflict api.ErrCASConflict
	if err != nil && !errors.As(err, &conflict) && statusOf(err) != http.StatusConflict { // the next owner has it already
		return l.client.fault("remove the lock "+l.v.Path, err)
	}
	return nil
}
