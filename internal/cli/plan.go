package cli

import (
	"context"
	"fmt"
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
	Out          string // a file
	Adopt        bool
	Only         []string
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
			"With -out the plan is also written to a file, with the rendered jobs and without any secret, and packctl run -plan FILE does\n" +
			"just that, or is refused when the cluster is no longer as it was. A plan that a run would be refused for is not written.\n\n" +
			"Values of credentials are never shown. Exit codes:\n\n" +
			"  0  planned; with -detailed-exitcode: a run would change nothing\n" +
			"  1  the pack or the command line is wrong\n" +
			"  2  with -detailed-exitcode: a run would change something\n" +
			"  3  the cluster does not answer, or denies access\n" +
			"  4  a run would be refused: there is no place, no driver, a port is taken, a credential is missing\n" +
			"  6  the time was over\n" +
			"  7  interrupted\n" +
			"  8  a run would be refused: a job belongs to another release, or to nobody",
		Example:           "  packctl plan appstack -var env=prod\n  packctl plan appstack -detailed-exitcode -o json\n  packctl plan appstack -out appstack.plan",
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
	cmd.Flags().StringVar(&opts.Out, "out", "", "also write the plan to a `file`, for packctl run -plan")
	cmd.Flags().BoolVar(&opts.Adopt, "adopt", false, "plan to take over jobs that belong to another release or to nobody")
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", 0, "give up after this `time`")
	onlyFlag(cmd, &opts.Only)
	cmd.MarkFlagsMutuallyExclusive("only", "out") // a plan file is of the whole release
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func planRun(ctx context.Context, opts *PlanOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	l, engine, seen, err := f.loadRemembering(ctx, opts.Pack, opts.Cluster, v)
	if err != nil {
		return err
	}
	run := release.RunOptions{Version: f.Build.Version, Timeout: opts.Timeout, Adopt: opts.Adopt, Only: opts.Only, Seen: seen, Inputs: inputsOf(l.Values)}
	var plan *release.Plan
	var file *release.PlanFile
	if opts.Out == "" {
		plan, err = engine.Plan(ctx, l.Stack, run, silent{})
	} else {
		plan, file, err = engine.Draft(ctx, l.Stack, run, silent{})
	}
	if err == nil || len(plan.Problems) > 0 {
		v.Planned(plan)
	}
	if err == nil && file != nil {
		if err = f.savePlan(opts.Out, file); err == nil {
			v.Doing(fmt.Sprintf("the plan is in %s; packctl run -plan %s does what it shows", opts.Out, opts.Out))
		}
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
