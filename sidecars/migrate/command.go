package migrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// DefaultGrace is what a command gets between SIGTERM and SIGKILL: less than Nomad's kill_timeout of five seconds.
const DefaultGrace = 4 * time.Second

// lostGrace is the longest grace after the lock was lost: another runner may get the lock soon.
const lostGrace = 2 * time.Second

// Command runs a program in a process group of its own.
type Command struct {
	Args   []string
	Env    []string  // the whole environment, as os.Environ has it
	Stdout io.Writer // an *os.File is handed to the command as it is
	Stderr io.Writer
	Grace  time.Duration // default DefaultGrace
}

var _ Work = (*Command)(nil)

// Describe is the command line.
func (c *Command) Describe() string { return strings.Join(c.Args, " ") }

// Do runs the command. A cancelled ctx sends SIGTERM to its group, then SIGKILL. When the command itself has ended, what is
// left of its group is killed: nothing may go on writing once the lock is given back.
func (c *Command) Do(ctx context.Context, s Server) error { return c.run(ctx, commandEnv(c.Env, s)) }

func (c *Command) run(ctx context.Context, env []string) error {
	if len(c.Args) == 0 {
		return &ConfigError{"the command is empty"}
	}
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	cmd.WaitDelay = time.Second
	// Pdeathsig ends the command when we are killed outright; what it has started itself then dies with the task's container or
	// cgroup. It fires when the thread that forked ends, so that thread stays.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return &ConfigError{fmt.Sprintf("start %s: %v", c.Args[0], err)}
	}
	group := cmd.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = c.end(ctx, group, ended)
	}
	syscall.Kill(-group, syscall.SIGKILL)
	return commandError(c.Args, err)
}

// end asks the group to end, and then makes it.
func (c *Command) end(ctx context.Context, group int, ended <-chan error) error {
	syscall.Kill(-group, syscall.SIGTERM)
	t := time.NewTimer(c.grace(context.Cause(ctx)))
	defer t.Stop()
	select {
	case err := <-ended:
		return err
	case <-t.C:
		syscall.Kill(-group, syscall.SIGKILL)
		return <-ended
	}
}

func (c *Command) grace(cause error) time.Duration {
	grace := c.Grace
	if grace <= 0 {
		grace = DefaultGrace
	}
	var lost *LockLostError
	if errors.As(cause, &lost) {
		grace = min(grace, lostGrace)
	}
	return grace
}

// commandEnv names the command's sessions, and makes the server end those whose client is gone: a killed client's statement
// otherwise goes on, and commits. Both reach the clients of libpq's family only, and what the author has set stays.
func commandEnv(env []string, s Server) []string {
	if s.mysql != nil { // its clients know no such variables
		return env
	}
	env = slices.Clone(env)
	add := func(name, value string) {
		if !slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, name+"=") }) {
			env = append(env, name+"="+value)
		}
	}
	add("PGAPPNAME", s.AppName)
	if s.Version >= checksClients {
		add("PGOPTIONS", "-c client_connection_check_interval=500")
	}
	return env
}

func commandError(args []string, err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
			return fmt.Errorf("wait for %s: %w", args[0], err)
		}
		return nil
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return &CommandError{Command: args, Code: 128 + int(ws.Signal()), Signal: ws.Signal().String()}
	}
	return &CommandError{Command: args, Code: exit.ExitCode()}
}
