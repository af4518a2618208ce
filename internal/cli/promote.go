package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/release"
)

// PromoteOptions are the inputs of "packctl promote".
type PromoteOptions struct {
	Factory *Factory
	Pack    packFlags
	Cluster ClusterFlags
	Jobs    []string
	Timeout time.Duration
	NoHooks bool
	History int
	Output  string
}

// NewCmdPromote makes "packctl promote".
func NewCmdPromote(f *Factory, runF func(context.Context, *PromoteOptions) error) *cobra.Command {
	opts := &PromoteOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "promote <release or pack> [job...]",
		Short: "Promote the canaries that a run ended with, and go on",
		Long: "promote makes every instance of a job as its healthy canaries are, watches that to the end, and then does what the run left:\n" +
			"the jobs of the later waves, what the pack no longer has, the hooks that follow. Without jobs it promotes all that wait. Canaries\n" +
			"that are not healthy are not promoted: it says which and how far they are. 'packctl rollback' takes canaries back instead.\n\n" +
			"It needs no pack folder. Where nothing waits it says so and ends with 0.",
		Example:           "  packctl promote appstack\n  packctl promote shop api --namespace web",
		Args:              opts.args,
		ValidArgsFunction: f.completeJobs(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return promoteRun(cmd.Context(), opts)
		},
	}
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", 0, "give up after this `time`; what was promoted goes on (default: the deployments' own deadlines)")
	noHooksFlag(cmd, &opts.NoHooks)
	historyMaxFlag(cmd, &opts.History)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

// args takes the release and the jobs.
func (opts *PromoteOptions) args(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || args[0] == "" {
		return WithHint(fmt.Errorf("'%s' needs the name of a release or pack", cmd.CommandPath()), "for example: packctl promote shop api")
	}
	opts.Pack.Pack, opts.Jobs = args[0], args[1:]
	return nil
}

func promoteRun(ctx context.Context, opts *PromoteOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	result, err := engine.Promote(ctx, release.PromoteOptions{
		Release:    rel.Name,
		Namespace:  rel.Namespace,
		Jobs:       opts.Jobs,
		Version:    f.Build.Version,
		Timeout:    opts.Timeout,
		NoHooks:    opts.NoHooks,
		HistoryMax: opts.History,
	}, v)
	if result != nil {
		v.Finished(result, nil)
	}
	return err
}
