package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/release"
)

// PlanOptions are the inputs of "packctl plan".
type PlanOptions struct {
	Factory      *Factory
	Pack         packFlags
	Cluster      ClusterFlags
	DetailedCode bool
	Timeout      time.Duration
	Output       string
	Adopt        bool
}

// NewCmdPlan makes "packctl plan".
func NewCmdPlan(f *Factory, runF func(context.Context, *PlanOptions) error) *cobra.Command {
	opts := &PlanOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "plan <pack>",
		Short: "Show what run would change, and change nothing",
		Long: "plan asks Nomad what a run of the pack would do: jobs created, changed with new allocations, changed in place, unchanged\n" +
			"and stopped because the pack no longer has them; of each tier the fields that change; credentials and volumes that would\n" +
			"be made; counts that stay because an autoscaler owns them; and what would have no place in the cluster.\n\n" +
			"Values of credentials are never shown. Exit codes:\n\n" +
			"  0  planned; with -detailed-exitcode: a run would change nothing\n" +
			"  1  the pack or the command line is wrong\n" +
			"  2  with -detailed-exitcode: a run would change something\n" +
			"  3  the cluster does not answer, or denies access\n" +
			"  4  a run would be refused: there is no place, no driver, a port is taken, a credential is missing\n" +
			"  6  the time was over\n" +
			"  7  interrupted\n" +
			"  8  a run would be refused: a job belongs to another release, or to nobody",
		Example:           "  packctl plan appstack -var env=prod\n  packctl plan appstack -detailed-exitcode -o json",
		Args:              f.onePack(&opts.Pack),
		ValidArgsFunction: f.completePacks,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return planRun(cmd.Context(), opts)
		},
	}
	opts.Pack.register(cmd)
	opts.Pack.registerMemory(cmd)
	opts.Cluster.register(cmd)
	cmd.Flags().BoolVar(&opts.DetailedCode, "detailed-exitcode", false, "exit with code 2 when a run would change something")
	cmd.Flags().BoolVar(&opts.Adopt, "adopt", false, "plan to take over jobs that belong to another release or to nobody")
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", 0, "give up after this `time`")
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func planRun(ctx context.Context, opts *PlanOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	l, engine, _, err := f.loadRemembering(ctx, opts.Pack, opts.Cluster, v)
	if err != nil {
		return err
	}
	plan, err := engine.Plan(ctx, l.Stack, release.RunOptions{Version: f.Build.Version, Timeout: opts.Timeout, Adopt: opts.Adopt, Inputs: inputsOf(l.Values)}, silent{})
	if err == nil || len(plan.Problems) > 0 {
		v.Planned(plan)
	}
	if err == nil && opts.DetailedCode && plan.Changes {
		return &ErrShown{Code: CodeChanges}
	}
	return err
}

// silent is an observer for verbs whose result says all.
type silent struct{}

var _ release.Observer = silent{}

// Event does nothing.
func (silent) Event(release.Event) {}
