package devagent

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/packctl/packctl/internal/proc"
)

// state is what is kept of a pair: written as soon as an agent runs, so that whatever happens next it can be found again.
type state struct {
	Plan    plan      `json:"plan"`
	BootID  string    `json:"boot_id"` // process IDs mean nothing after the machine was started anew
	Nomad   *proc.ID  `json:"nomad,omitempty"`
	Consul  *proc.ID  `json:"consul,omitempty"`
	Started time.Time `json:"started"`
}

// alive are the agents of the state that still run, by name.
func (s *state) alive() map[string]proc.ID {
	running := map[string]proc.ID{}
	if s == nil || s.BootID != bootID() {
		return running
	}
	for name, id := range map[string]*proc.ID{"nomad": s.Nomad, "consul": s.Consul} {
		if id != nil && id.Alive() {
			running[name] = *id
		}
	}
	return running
}

func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// readState returns nil when no pair was ever started in the folder.
func readState(l layout) (*state, error) {
	data, err := os.ReadFile(l.state())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what is known of the agents: %w", err)
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, &Fault{
			Problem: "the record of the running agents, " + l.state() + ", is damaged",
			Remedy:  "stop the agents by hand if they run (`pgrep -a nomad`, `pgrep -a consul`), and remove the file",
			Err:     err,
		}
	}
	return &s, nil
}

func (s *state) write(l layout) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write what is known of the agents: %w", err)
	}
	tmp := l.state() + ".new"
	if err := os.WriteFile(tmp, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("write what is known of the agents: %w", err)
	}
	if err := os.Rename(tmp, l.state()); err != nil {
		return fmt.Errorf("write what is known of the agents: %w", err)
	}
	return nil
}

// lock keeps other packctl processes from starting or stopping the same pair. The kernel gives it back when the process ends.
func lock(l layout) (unlock func(), err error) {
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return nil, &Fault{Problem: "cannot make the data folder " + l.dir, Remedy: "choose another with --data-dir", Err: err}
	}
	f, err := os.OpenFile(l.lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, &Fault{Problem: "cannot write to the data folder " + l.dir, Remedy: "choose another with --data-dir", Err: err}
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, &Fault{
			Problem: "another packctl is starting or stopping the agents of " + filepath.Clean(l.dir),
			Remedy:  "wait until it is done, or choose another pair with --data-dir",
		}
	}
	return func() { _ = f.Close() }, nil
}
