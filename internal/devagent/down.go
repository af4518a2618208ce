package devagent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	nomad "github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/proc"
)

const (
	drainWithin = 3 * time.Minute  // tasks may take their kill_timeout
	agentWithin = 20 * time.Second // an agent, from SIGINT
)

// Down stops what the pair runs, then the pair, and removes what they made outside the data folder. The data stays unless
// purge is set; then jobs come back with the next Up. It reports whether there was anything to stop.
func Down(ctx context.Context, dataDir string, purge bool, say Say) (stopped bool, err error) {
	l := layout{dataDir}
	if _, err := os.Stat(l.dir); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	unlock, err := lock(l)
	if err != nil {
		return false, err
	}
	defer unlock()
	s, err := readState(l)
	if err != nil {
		return false, err
	}
	if s != nil {
		stopped = len(s.alive()) > 0
		if err := down(ctx, l, s, say); err != nil {
			return stopped, err
		}
	}
	if purge {
		say.sayf("removing the agents' data in %s", l.dir)
		return stopped, removeData(l)
	}
	return stopped, nil
}

// down is Down without the lock, for Up's own failures too. Every step is tried.
func down(ctx context.Context, l layout, s *state, say Say) error {
	var failed []error
	running := s.alive()
	if _, ok := running["nomad"]; ok {
		if err := drain(ctx, s.Plan, say); err != nil {
			if ctx.Err() != nil {
				return err // interrupted: the agents stay as they are, a further down goes on
			}
			failed = append(failed, err)
		}
	}
	failed = append(failed, stopAgents(ctx, s, say), clean(ctx, l, s.Plan))
	s.Nomad, s.Consul = nil, nil
	failed = append(failed, s.write(l))
	return errors.Join(failed...)
}

// drain stops every allocation in an orderly way and keeps the node from taking new ones.
func drain(ctx context.Context, p plan, say Say) error {
	ctx, cancel := context.WithTimeout(ctx, drainWithin)
	defer cancel()
	client, err := p.nomadClient()
	if err != nil {
		return err
	}
	node, err := ownNode(ctx, client)
	var notYet errNotYet
	if errors.As(err, &notYet) {
		return nil // it never took a job
	}
	if err != nil {
		return fmt.Errorf("ask Nomad what runs: %w", err)
	}
	busy, index, err := busyAllocs(ctx, client, node.ID, 0)
	if err != nil {
		return err
	}
	if busy > 0 {
		say.sayf("stopping %d allocations", busy)
	}
	spec := &nomad.DrainSpec{Deadline: -1} // at once: on the only node nothing can be moved first
	if _, err := client.Nodes().UpdateDrain(node.ID, spec, false, (&nomad.WriteOptions{}).WithContext(ctx)); err != nil {
		return fmt.Errorf("stop the allocations: %w", err)
	}
	for busy > 0 {
		if busy, index, err = busyAllocs(ctx, client, node.ID, index); err != nil {
			return fmt.Errorf("wait for the allocations to stop: %w", err)
		}
	}
	return nil
}

// busyAllocs counts the node's allocations that have not ended; with an index it first waits for a change after it.
func busyAllocs(ctx context.Context, client *nomad.Client, node string, index uint64) (int, uint64, error) {
	q := (&nomad.QueryOptions{WaitIndex: index, WaitTime: 10 * time.Second}).WithContext(ctx)
	allocs, meta, err := client.Nodes().Allocations(node, q)
	if err != nil {
		return 0, index, fmt.Errorf("list allocations: %w", err)
	}
	busy := 0
	for _, a := range allocs {
		if a.ClientStatus == nomad.AllocClientStatusPending || a.ClientStatus == nomad.AllocClientStatusRunning {
			busy++
		}
	}
	return busy, meta.LastIndex, nil
}

// stopAgents ends Nomad and then Consul, where Nomad takes its services out of the catalog.
func stopAgents(ctx context.Context, s *state, say Say) error {
	running := s.alive()
	var failed []error
	for _, name := range []string{"nomad", "consul"} {
		id, ok := running[name]
		if !ok {
			continue
		}
		say.sayf("stopping %s", map[string]string{"nomad": "Nomad", "consul": "Consul"}[name])
		if err := id.Stop(ctx, syscall.SIGINT, agentWithin); err != nil {
			failed = append(failed, fmt.Errorf("stop %s: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

// removeData removes what a pair keeps, by name: whoever names a wrong folder loses nothing else.
func removeData(l layout) error {
	if points, err := proc.Mounts(l.dir); err != nil || len(points) > 0 {
		return errors.Join(err, fmt.Errorf("not removing %s: something is mounted there: %v", l.dir, points))
	}
	var failed []error
	for _, agent := range []string{"nomad", "consul"} {
		for _, path := range []string{l.data(agent), l.config(agent), l.log(agent), l.log(agent) + ".1"} {
			failed = append(failed, os.RemoveAll(path))
		}
	}
	failed = append(failed, os.RemoveAll(l.state()), os.RemoveAll(l.lock()))
	if left, err := filepath.Glob(filepath.Join(l.dir, "*")); err == nil && len(left) == 0 {
		failed = append(failed, os.Remove(l.dir))
	}
	return errors.Join(failed...)
}
