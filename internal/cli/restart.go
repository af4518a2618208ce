package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/release"
)

// RestartOptions are the inputs of "packctl restart".
type RestartOptions struct {
	Factory *Factory
	Pack    packFlags
	Cluster ClusterFlags
	Tiers   []string
	Timeout time.Duration
	Output  string
}

// NewCmdRestart makes "packctl restart".
func NewCmdRestart(f *Factory, runF func(context.Context, *RestartOptions) error) *cobra.Command {
	opts := &RestartOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "restart <release or pack> [tier...]",
		Short: "Restart the instances of tiers, one after the other",
		Long: "restart restarts the tasks of each instance in place, and waits until the instance is healthy again, checks and\n" +
			"min_healthy_time included, before it goes on to the next. Without tiers it restarts the whole release, those that others\n" +
			"wait for first. It ends at the first instance that does not come back within its healthy_deadline, and leaves the others as\n" +
			"they are. Neither the job nor the allocation changes: gates and migrations do not run again. Batch and periodic jobs are left alone.\n\n" +
			"It needs no pack folder.",
		Example:           "  packctl restart appstack backend\n  packctl restart shop --namespace web",
		Args:              opts.args,
		ValidArgsFunction: f.completeTiers(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return restartRun(cmd.Context(), opts)
		},
	}
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", 0, "give up after this `time`; the instance that is restarting goes on")
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

// args takes the release and the tiers.
func (opts *RestartOptions) args(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || args[0] == "" {
		return WithHint(fmt.Errorf("'%s' needs the name of a release or pack", cmd.CommandPath()), "for example: packctl restart shop web")
	}
	opts.Pack.Pack, opts.Tiers = args[0], args[1:]
	return nil
}

func restartRun(ctx context.Context, opts *RestartOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	result, err := engine.Restart(ctx, release.RestartOptions{
		Release:   rel.Name,
		Namespace: rel.Namespace,
		Tiers:     opts.Tiers,
		Timeout:   opts.Timeout,
	}, v)
	if result != nil {
		v.Finished(result, nil)
	}
	return err
}
