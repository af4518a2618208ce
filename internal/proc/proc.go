// Package proc knows operating-system processes and mounts well enough to stop exactly the ones that we made.
//
// In: a process ID that we wrote down, or a folder that belongs to us. Out: a process handle that cannot mean somebody
// else's process, the processes that work inside a folder, the mounts below it. Linux only. It is for the packages that
// run real agents (devagent, realtest); nothing of the pack language or of the sidecars may import it.
package proc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ID names one process for good: a PID alone may be given to another process later.
type ID struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks after boot, field 22 of /proc/PID/stat
}

// Identify returns the ID of the running process pid. A zombie counts as gone: os.ErrNotExist.
func Identify(pid int) (ID, error) {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return ID{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	// The command name is in parentheses and may itself hold spaces and parentheses: fields count from the last one.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 20 {
		return ID{}, fmt.Errorf("identify process %d: unexpected form of its stat file", pid)
	}
	if fields[0] == "Z" || fields[0] == "X" {
		return ID{}, fmt.Errorf("identify process %d: it has ended: %w", pid, os.ErrNotExist)
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return ID{}, fmt.Errorf("identify process %d: %w", pid, err)
	}
	return ID{PID: pid, Start: start}, nil
}

// Alive says whether the very process still runs.
func (id ID) Alive() bool {
	now, err := Identify(id.PID)
	return err == nil && now == id
}

// Signal sends sig to the process. It returns os.ErrProcessDone when the process has ended.
func (id ID) Signal(sig os.Signal) error {
	p, err := os.FindProcess(id.PID) // holds a pidfd: from here on the number cannot be taken over
	if err != nil {
		return os.ErrProcessDone
	}
	defer func() { _ = p.Release() }()
	if !id.Alive() {
		return os.ErrProcessDone
	}
	return p.Signal(sig)
}

// Await returns when the process has ended, or with ctx's error.
func (id ID) Await(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for id.Alive() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for process %d to end: %w", id.PID, ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// Stop asks the process to end with sig, and kills it when it has not done so within grace or before ctx ends.
func (id ID) Stop(ctx context.Context, sig os.Signal, grace time.Duration) error {
	if err := id.Signal(sig); err != nil {
		return ignoreDone(err)
	}
	waitCtx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if id.Await(waitCtx) == nil {
		return nil
	}
	if err := ignoreDone(id.Signal(syscall.SIGKILL)); err != nil {
		return fmt.Errorf("kill process %d: %w", id.PID, err)
	}
	killCtx, cancelKill := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancelKill()
	return id.Await(killCtx)
}

func ignoreDone(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}
