package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/stack"
)

// DoctorOptions are the inputs of "packctl doctor".
type DoctorOptions struct {
	Factory *Factory
	Pack    packFlags // Pack is empty when the cluster alone is looked at
	Cluster ClusterFlags
	Output  string
}

// NewCmdDoctor makes "packctl doctor".
func NewCmdDoctor(f *Factory, runF func(context.Context, *DoctorOptions) error) *cobra.Command {
	opts := &DoctorOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "doctor [<pack>]",
		Short: "Look at whether a cluster has what packctl and a pack need",
		Long: "doctor looks at the agents, their versions and clocks, the clients with their drivers and plugins, Consul, and at what\n" +
			"the token may do, verb by verb; with a pack also at its drivers and static ports. Each line that is not fine has a remedy.\n" +
			"It changes nothing and runs no task: what only a task can tell, it says so.\n\n" +
			"  0  nothing is wrong (there may be warnings)\n" +
			"  1  the pack or the command line is wrong\n" +
			"  3  Nomad does not answer\n" +
			"  4  something is wrong",
		Example:           "  packctl doctor\n  packctl doctor appstack -var env=prod\n  packctl doctor -o json | jq '.findings[] | select(.level != \"ok\")'",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: f.completePacks,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if err := f.onePack(&opts.Pack)(cmd, args); err != nil {
					return err
				}
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return doctorRun(cmd.Context(), opts)
		},
	}
	opts.Pack.register(cmd)
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func doctorRun(ctx context.Context, opts *DoctorOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	var s *stack.Stack
	if opts.Pack.Pack != "" {
		l, err := f.loadValid(opts.Pack, v)
		if err != nil {
			return err
		}
		s, opts.Cluster.Namespace = l.Stack, l.Release.Namespace
	} else {
		rel, err := f.release(opts.Pack, "")
		if err != nil {
			return err
		}
		opts.Cluster.Namespace = rel.Namespace
	}
	engine, err := f.Releaser(opts.Cluster)
	if err != nil {
		return err
	}
	found, err := engine.Doctor(ctx, s)
	if err != nil {
		return err
	}
	v.Checked(found)
	if !found.Healthy {
		return &ErrShown{Code: CodeFailed}
	}
	return nil
}
