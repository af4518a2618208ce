package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/release"
)

// RollbackOptions are the inputs of "packctl rollback".
type RollbackOptions struct {
	Factory  *Factory
	Pack     packFlags
	Cluster  ClusterFlags
	Revision int // 0: the last healthy one before the present one
	Detach   bool
	Atomic   bool
	NoHooks  bool
	Promote  bool
	Down     bool
	Timeout  time.Duration
	History  int
	Output   string
}

// NewCmdRollback makes "packctl rollback".
func NewCmdRollback(f *Factory, runF func(context.Context, *RollbackOptions) error) *cobra.Command {
	opts := &RollbackOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "rollback <release or pack> [revision]",
		Short: "Bring back an earlier revision of a release, job by job",
		Long: "rollback submits the jobs of an earlier revision as they were recorded, and watches them as run does. Without a number it is the\n" +
			"last healthy revision before the present one. What did not change is not submitted and not restarted; jobs that the older\n" +
			"revision did not have are stopped; counts that an autoscaler owns stay; volumes, data and credentials stay. A job goes back\n" +
			"before those that it waits for, as long as they serve. It needs no pack folder, and becomes a new revision.\n\n" +
			"The database's schema stays, and it says what stays applied. -migrate-down takes back, before anything else is changed, the\n" +
			"migrations that the older revision does not have, with the newer one's files.",
		Example:           "  packctl rollback appstack\n  packctl rollback appstack 3 --timeout 10m\n  packctl rollback appstack -migrate-down",
		Args:              releaseAndRevision(&opts.Pack, &opts.Revision),
		ValidArgsFunction: f.completeRevisions(&opts.Pack, &opts.Cluster, 1),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return rollbackRun(cmd.Context(), opts)
		},
	}
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&opts.Detach, "detach", false, "end when everything is submitted")
	fs.BoolVar(&opts.Atomic, "atomic", false, "when it fails, go back to the last healthy revision")
	noHooksFlag(cmd, &opts.NoHooks)
	fs.BoolVar(&opts.Down, "migrate-down", false, "take the migrations back that the older revision does not have")
	fs.DurationVar(&opts.Timeout, "timeout", 0, "give up after this `time` (default: the deployments' own deadlines)")
	autoPromoteFlag(cmd, &opts.Promote)
	historyMaxFlag(cmd, &opts.History)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func onlyFlag(cmd *cobra.Command, to *[]string) {
	cmd.Flags().StringSliceVar(to, "only", nil, "these `jobs` alone, or tiers whose job does not change besides; the others stay as they are")
}

func noHooksFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "no-hooks", false, "run no hook; migrations are none")
}

func historyMaxFlag(cmd *cobra.Command, to *int) {
	cmd.Flags().IntVar(to, "history-max", 10, "how many `revisions` to keep; the last healthy one is always kept")
}

func autoPromoteFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "auto-promote", false, "promote canaries as soon as all of their job are healthy")
}

// releaseAndRevision takes a release and, where one is given, the number of a revision.
func releaseAndRevision(flags *packFlags, revision *int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 2 {
			return WithHint(fmt.Errorf("'%s' takes a release and a revision, but got %q too", cmd.CommandPath(), args[2]), "see '"+cmd.CommandPath()+" --help'")
		}
		if len(args) == 2 {
			n, err := revisionArg(args[1])
			if err != nil {
				return err
			}
			*revision = n
			args = args[:1]
		}
		return oneRelease(flags)(cmd, args)
	}
}

// revisionArg is a revision's number.
func revisionArg(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, WithHint(fmt.Errorf("%q is no revision", text), "a whole number, 1 or more: 'packctl history' lists them")
	}
	return n, nil
}

func rollbackRun(ctx context.Context, opts *RollbackOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	result, err := engine.Rollback(ctx, release.RollbackOptions{
		Release:     rel.Name,
		Namespace:   rel.Namespace,
		Revision:    opts.Revision,
		Version:     f.Build.Version,
		Timeout:     opts.Timeout,
		Detach:      opts.Detach,
		Atomic:      opts.Atomic,
		AutoPromote: opts.Promote,
		NoHooks:     opts.NoHooks,

		MigrateDown: opts.Down,
		HistoryMax:  opts.History,
	}, v)
	if result != nil {
		v.Finished(result, nil)
	}
	return err
}
