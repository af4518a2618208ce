package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/packctl/packctl/sidecars/daemon"
)

// host is all that a command takes from the process that it runs in.
type host struct {
	args    []string
	environ []string
	stdout  io.Writer
	stderr  io.Writer
}

// getenv is the last value of name in the environment, or empty.
func (h host) getenv(name string) string {
	for _, kv := range slices.Backward(h.environ) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// logger writes JSON lines to w at PACKCTL_LOG_LEVEL.
func (h host) logger(w io.Writer, name string) (hclog.Logger, error) {
	log, err := daemon.NewLogger(w, name, h.getenv("PACKCTL_LOG_LEVEL"))
	if err != nil {
		return nil, &usageError{fmt.Errorf("PACKCTL_LOG_LEVEL: %w", err)}
	}
	return log, nil
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, h host) int {
	root := &cobra.Command{
		Use:           "sidecar",
		Short:         "What packctl runs inside the cluster",
		Long:          "sidecar is what packctl runs inside the cluster.\n\n" + exitCodeHelp,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetArgs(h.args)
	root.SetOut(h.stdout)
	root.SetErr(h.stderr)
	understood := false // cobra's own errors have no type: those from before a command runs are about its line
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newPrepareCmd(h), newGateCmd(h), newMigrateCmd(h), newMonitorCmd(h), newVersionCmd(h))
	err := root.ExecuteContext(ctx)
	if err != nil && !understood {
		err = &usageError{err}
	}
	if err != nil && !isLogged(err) {
		fmt.Fprintf(h.stderr, "sidecar: %v\n", err)
	}
	return exitCode(err)
}
