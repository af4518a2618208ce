package devagent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/packctl/packctl/internal/proc"
)

// clean removes what a pair that has ended left outside its data folder: processes and containers of its allocations, the
// mounts of their folders, and its bridge. Of what several agents share it takes only what names this pair.
func clean(ctx context.Context, l layout, p plan) error {
	failed := []error{killTasks(ctx, l)}
	if p.Docker {
		failed = append(failed, removeContainers(ctx, l))
	}
	failed = append(failed, proc.Unmount(l.data("nomad")))
	if p.Docker && p.Bridge != "" {
		failed = append(failed, removeBridge(ctx, p), removeRules(ctx, p), removeLeases(p))
	}
	return errors.Join(failed...)
}

// killTasks kills tasks and the agent's helpers, which run in the agent's folder, that outlived it. A shell that merely stands in the folder is left alone.
func killTasks(ctx context.Context, l layout) error {
	inAllocs := func(word string) bool { return strings.Contains(word, l.allocs()+"/") }
	isTask := func(kv string) bool { return strings.HasPrefix(kv, "NOMAD_") && inAllocs(kv) }
	left, err := proc.List(func(i proc.Info) bool {
		helper := len(i.Args) > 1 && slices.Contains([]string{"executor", "logmon", "docker_logger"}, i.Args[1])
		return slices.ContainsFunc(i.Env, isTask) || helper && (i.Dir == l.dir || slices.ContainsFunc(i.Args, inAllocs))
	})
	failed := []error{err}
	for _, task := range left {
		failed = append(failed, task.Stop(ctx, syscall.SIGTERM, 5*time.Second))
	}
	return errors.Join(failed...)
}

func removeContainers(ctx context.Context, l layout) error {
	d := newDocker()
	if err := d.ping(ctx); err != nil {
		return nil // no daemon, no containers
	}
	ids, err := d.containersOf(ctx, allocsOf(l))
	failed := []error{err}
	for _, id := range ids {
		failed = append(failed, d.remove(ctx, id))
	}
	return errors.Join(failed...)
}

// allocsOf are the IDs of the allocations that have a folder.
func allocsOf(l layout) map[string]bool {
	allocs := map[string]bool{}
	entries, err := os.ReadDir(l.allocs())
	if err != nil {
		return allocs // none ever ran
	}
	for _, e := range entries {
		allocs[e.Name()] = true
	}
	return allocs
}

// removeBridge deletes the bridge when its address is from our subnet and nothing is plugged in.
func removeBridge(ctx context.Context, p plan) error {
	i, err := net.InterfaceByName(p.Bridge)
	if err != nil {
		return nil // never made
	}
	addrs, err := i.Addrs()
	if err != nil {
		return fmt.Errorf("read the addresses of %s: %w", p.Bridge, err)
	}
	ours := slices.ContainsFunc(addrs, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && p.Subnet.Contains(prefix.Addr())
	})
	members, err := os.ReadDir(filepath.Join("/sys/class/net", p.Bridge, "brif"))
	if err != nil || !ours || len(members) > 0 {
		return nil
	}
	return run(ctx, "ip", "link", "delete", p.Bridge, "type", "bridge")
}

func run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = agentEnviron(os.Environ())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// removeLeases gives back the addresses of our subnet that the address plugin still counts as taken.
func removeLeases(p plan) error {
	leases, err := filepath.Glob("/var/run/cni/nomad/*")
	if err != nil {
		return err
	}
	var failed []error
	for _, lease := range leases {
		if addr, err := netip.ParseAddr(filepath.Base(lease)); err == nil && p.Subnet.Contains(addr) {
			failed = append(failed, os.Remove(lease))
		}
	}
	return errors.Join(failed...)
}
