package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/release"
)

// DiffOptions are the inputs of "packctl diff".
type DiffOptions struct {
	Factory      *Factory
	Pack         packFlags
	Cluster      ClusterFlags
	From         int // 0: the revision that is in effect
	To           int // 0: what runs
	DetailedCode bool
	Output       string
}

// NewCmdDiff makes "packctl diff".
func NewCmdDiff(f *Factory, runF func(context.Context, *DiffOptions) error) *cobra.Command {
	opts := &DiffOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "diff <release or pack> [revision] [revision]",
		Short: "Show how two revisions differ, or what was changed by hand",
		Long: "diff compares two revisions of a release: jobs and their fields, the values that were given, the pack's version. With one revision it\n" +
			"compares that with what runs, and with none the one that is in effect: what somebody changed in the UI or with 'nomad job run'.\n" +
			"Counts that an autoscaler owns are no difference. It needs no pack folder and changes nothing.\n\n" +
			"Values of credentials are never shown. Exit codes:\n\n" +
			"  0  compared; with -detailed-exitcode: there is no difference\n" +
			"  1  wrong usage, no such release or revision\n" +
			"  2  with -detailed-exitcode: there is a difference\n" +
			"  3  the cluster does not answer, or denies access\n" +
			"  4  Nomad cannot compare: it no longer accepts a job of the revision\n" +
			"  7  interrupted",
		Example:           "  packctl diff appstack\n  packctl diff appstack 3\n  packctl diff appstack 3 5 -detailed-exitcode",
		Args:              releaseAndRevisions(opts),
		ValidArgsFunction: f.completeRevisions(&opts.Pack, &opts.Cluster, 2),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return diffRun(cmd.Context(), opts)
		},
	}
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	cmd.Flags().BoolVar(&opts.DetailedCode, "detailed-exitcode", false, "exit with code 2 when there is a difference")
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

// releaseAndRevisions takes a release and up to two revisions.
func releaseAndRevisions(opts *DiffOptions) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 3 {
			return WithHint(fmt.Errorf("'%s' takes a release and two revisions, but got %q too", cmd.CommandPath(), args[3]), "see '"+cmd.CommandPath()+" --help'")
		}
		if len(args) == 3 {
			n, err := revisionArg(args[2])
			if err != nil {
				return err
			}
			opts.To = n
			args = args[:2]
		}
		return releaseAndRevision(&opts.Pack, &opts.From)(cmd, args)
	}
}

func diffRun(ctx context.Context, opts *DiffOptions) error {
	f := opts.Factory
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	d, err := engine.Diff(ctx, release.DiffOptions{Release: rel.Name, From: opts.From, To: opts.To})
	if err != nil {
		return err
	}
	f.view(opts.Output).Compared(d)
	if opts.DetailedCode && d.Changes {
		return &ErrShown{Code: CodeChanges}
	}
	return nil
}
