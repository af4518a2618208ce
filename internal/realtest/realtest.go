// Package realtest starts real servers for tests: Consul, Nomad, PostgreSQL, MariaDB and Redis, each on free ports of 127.0.0.1 and
// in a folder of its own under the system's temporary folder.
//
// In: a test. Out: a *Server that answers already. When the test ends the server, everything that it started, its mounts
// and its folder are gone, also after a failure; a failed test prints the server's log. When the test process itself is
// killed the kernel kills the servers. A missing binary fails the test with the remedy: nothing is skipped here.
// Only tests import it.
package realtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/packctl/packctl/internal/proc"
)

// Server is one running server.
type Server struct {
	Name string // consul, nomad, postgres, mariadb, redis
	Addr string // host:port of its main port
	URL  string // http://…, postgres://…, mysql://…, redis://…: what a client is given
	Port int
	Dir  string // its folder: configuration, data, log
	Log  string // path of its log

	t      testing.TB
	launch func(*Server) *exec.Cmd // fresh for each start
	ready  func(context.Context, *Server) error
	stop   syscall.Signal // asks for an orderly end
	whole  bool           // its children are part of it and die with it, as PostgreSQL's; Nomad's tasks live on
	cmd    *exec.Cmd
	ended  chan struct{}
}

const (
	readyWithin = 60 * time.Second
	stopWithin  = 20 * time.Second
)

// begin starts a server in a folder of its own; prepare fills the server in and may write files into its folder. Another
// process may take a port between its choice and its use, so a server that ends before it is ready is tried again.
func begin(t testing.TB, name string, prepare func(*Server) error) *Server {
	t.Helper()
	var err error
	for range 3 {
		s := &Server{Name: name, t: t}
		if s.Dir, err = os.MkdirTemp("", "rt-"+name+"-"); err != nil { // short: a Unix socket's path has 108 bytes
			t.Fatalf("realtest: start %s: %v", name, err)
		}
		s.Log = filepath.Join(s.Dir, "server.log")
		if err = prepare(s); err == nil {
			if err = s.start(); err == nil {
				t.Cleanup(s.end)
				return s
			}
		}
		log := s.tail()
		s.clean()
		err = fmt.Errorf("%w\n%s", err, log)
		if !errors.Is(err, errEnded) {
			break
		}
	}
	t.Fatalf("realtest: start %s: %v", name, err)
	return nil
}

// errEnded says that a server ended before it was ready.
var errEnded = errors.New("it ended before it was ready")

func (s *Server) start() error {
	log, err := os.OpenFile(s.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd := s.launch(s)
	cmd.Stdout, cmd.Stderr = log, log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL // go test's own timeout runs no clean-up
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	s.cmd, s.ended = cmd, ended

	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.ready(ctx, s)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("%w: %v", errEnded, cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("not ready within %s: %w", readyWithin, err)
		case <-tick.C:
		}
	}
}

// Stop ends the server in an orderly way; its data stays, and Start brings it back on the same port.
func (s *Server) Stop() { s.t.Helper(); s.halt(s.stop) }

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() { s.t.Helper(); s.halt(syscall.SIGKILL) }

func (s *Server) halt(sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig)
	select {
	case <-s.ended:
	case <-time.After(stopWithin):
		s.t.Logf("realtest: %s did not end within %s of %s, killing it", s.Name, stopWithin, sig)
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
	s.cmd = nil
	if s.whole {
		s.sweep()
	}
}

// Start starts a stopped server again and returns when it is ready.
func (s *Server) Start() {
	s.t.Helper()
	if s.cmd != nil {
		s.t.Fatalf("realtest: start %s: it is running", s.Name)
	}
	if err := s.start(); err != nil {
		s.t.Fatalf("realtest: start %s again: %v\n%s", s.Name, err, s.tail())
	}
}

// Pause stops the server's process from running (SIGSTOP): its port accepts connections and nothing answers.
func (s *Server) Pause() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

func (s *Server) end() {
	if s.cmd != nil {
		s.Resume()
	}
	if s.t.Failed() { // before it says at length that it stops
		s.t.Logf("the end of %s's log:\n%s", s.Name, s.tail())
	}
	s.halt(s.stop)
	s.clean()
}

// clean removes whatever the server left: processes that work in its folder (Nomad's executors), mounts, the folder.
func (s *Server) clean() {
	s.halt(syscall.SIGKILL)
	s.sweep()
	if err := errors.Join(proc.Unmount(s.Dir), os.RemoveAll(s.Dir)); err != nil {
		s.t.Errorf("realtest: clean up after %s: %v", s.Name, err)
	}
}

// sweep kills the processes that work in the server's folder.
func (s *Server) sweep() {
	ids, err := proc.Inside(s.Dir)
	if err != nil {
		s.t.Errorf("realtest: clean up after %s: %v", s.Name, err)
	}
	for _, id := range ids {
		if err := id.Stop(context.Background(), syscall.SIGKILL, time.Second); err != nil {
			s.t.Errorf("realtest: clean up after %s: %v", s.Name, err)
		}
	}
}

// tail returns the last 8 KiB of the log.
func (s *Server) tail() string {
	data, err := os.ReadFile(s.Log)
	if err != nil {
		return ""
	}
	return string(data[max(0, len(data)-8<<10):])
}

// runAs makes cmd run as the account that pkg's installation made, and gives it the folder; only root can and needs to.
func runAs(cmd *exec.Cmd, account, pkg, dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(account)
	if err != nil {
		return fmt.Errorf("find the account to run as (install the Debian package %s): %w", pkg, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return err
	}
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(dir, int(uid), int(gid))
}
