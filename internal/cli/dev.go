package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/devagent"
	"github.com/packctl/packctl/internal/repo"
)

// DevOptions are the inputs of "packctl dev up", "down" and "status".
type DevOptions struct {
	Agents devagent.Options
	Purge  bool // down: remove the agents' data too
	Output string
	View   func(format string) view.View
}

// NewCmdDev makes "packctl dev" and its verbs. runF, when given, is called in place of the verb that it names.
func NewCmdDev(f *Factory, runF func(verb string, opts *DevOptions) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a real Nomad and a real Consul on this machine",
		Long: "Run a real Nomad agent and a real Consul agent in the background for development. Their data, and\n" +
			"what runs on them, comes back after down and up. A second pair runs beside the first with its own\n" +
			"--data-dir, --nomad-port and --consul-port.",
		Args: noArgs,
	}
	verb := func(use, short string, run func(context.Context, *DevOptions) error, flags func(*cobra.Command, *DevOptions)) {
		opts := &DevOptions{View: f.view}
		sub := &cobra.Command{
			Use:   use,
			Short: short,
			Args:  noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				if err := opts.complete(f); err != nil {
					return err
				}
				if runF != nil {
					return runF(use, opts)
				}
				return withRemedy(run(cmd.Context(), opts))
			},
		}
		sub.Flags().StringVar(&opts.Agents.DataDir, "data-dir", "", "`folder` of the agents' data (default: $XDG_STATE_HOME/packctl/dev)")
		if flags != nil {
			flags(sub, opts)
		}
		outputFlag(sub, &opts.Output, "text", "json")
		cmd.AddCommand(sub)
	}
	verb("up", "Start the agents and wait until they are ready", devUp, func(cmd *cobra.Command, opts *DevOptions) {
		fs := cmd.Flags()
		fs.IntVar(&opts.Agents.NomadPort, "nomad-port", 0, "`port` of Nomad's HTTP API; RPC and gossip take the two after it (default: as before, or 4646)")
		fs.IntVar(&opts.Agents.ConsulPort, "consul-port", 0, "`port` of Consul's HTTP API; RPC, gossip and DNS take the three after it (default: as before, or 8500 with Consul's usual ports)")
		fs.BoolVar(&opts.Agents.NoDocker, "no-docker", false, "only processes, no containers: needs neither Docker nor root")
	})
	verb("down", "Stop what runs on the agents, then the agents", devDown, func(cmd *cobra.Command, opts *DevOptions) {
		cmd.Flags().BoolVar(&opts.Purge, "purge", false, "remove the agents' data too: jobs, variables, host volumes")
	})
	verb("status", "Say whether the agents run, and where", devStatus, nil)
	return cmd
}

// complete finds the data folder and the folders of the agents' programs.
func (o *DevOptions) complete(f *Factory) error {
	env := func(name string) string { return lookup(f.Environ(), name) }
	if o.Agents.DataDir == "" {
		base := env("XDG_STATE_HOME")
		if base == "" && env("HOME") != "" {
			base = filepath.Join(env("HOME"), ".local", "state")
		}
		if base == "" {
			return WithHint(errors.New("no folder for the agents' data: neither XDG_STATE_HOME nor HOME is set"), "name one with --data-dir")
		}
		o.Agents.DataDir = filepath.Join(base, "packctl", "dev")
	}
	if !filepath.IsAbs(o.Agents.DataDir) {
		o.Agents.DataDir = filepath.Join(f.Dir, o.Agents.DataDir)
	}
	if root, err := repo.Root(); err == nil {
		o.Agents.BinDirs = append(o.Agents.BinDirs, filepath.Join(root, "bin"))
	}
	if self, err := os.Executable(); err == nil {
		o.Agents.BinDirs = append(o.Agents.BinDirs, filepath.Dir(self))
	}
	return nil
}

func devUp(ctx context.Context, opts *DevOptions) error {
	v := opts.View(opts.Output)
	report, err := devagent.Up(ctx, opts.Agents, v.Doing)
	if err != nil {
		return fmt.Errorf("dev up: %w", err)
	}
	v.Agents(report)
	return nil
}

func devDown(ctx context.Context, opts *DevOptions) error {
	v := opts.View(opts.Output)
	stopped, err := devagent.Down(ctx, opts.Agents.DataDir, opts.Purge, v.Doing)
	if err != nil {
		return fmt.Errorf("dev down: %w", err)
	}
	if !stopped {
		v.Doing("no agents run in " + opts.Agents.DataDir)
	}
	return nil
}

// devStatus ends with the code for an unreachable cluster when the pair does not take jobs, so that scripts can ask.
func devStatus(ctx context.Context, opts *DevOptions) error {
	report, err := devagent.Read(ctx, opts.Agents.DataDir)
	if err != nil {
		return fmt.Errorf("dev status: %w", err)
	}
	opts.View(opts.Output).Agents(report)
	if !report.Ready {
		return &ErrShown{Code: CodeCluster}
	}
	return nil
}

// lookup is the value of an environment variable, or "".
func lookup(environ []string, name string) string {
	for _, kv := range environ {
		if k, v, _ := strings.Cut(kv, "="); k == name {
			return v
		}
	}
	return ""
}

// withRemedy makes an agents' fault an error with a hint.
func withRemedy(err error) error {
	var fault *devagent.Fault
	if errors.As(err, &fault) {
		return WithHint(err, fault.Remedy)
	}
	return err
}
