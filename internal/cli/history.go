package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// HistoryOptions are the inputs of "packctl history".
type HistoryOptions struct {
	Factory *Factory
	Pack    packFlags
	Cluster ClusterFlags
	Output  string
}

// NewCmdHistory makes "packctl history".
func NewCmdHistory(f *Factory, runF func(context.Context, *HistoryOptions) error) *cobra.Command {
	opts := &HistoryOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "history <release or pack>",
		Short: "List a release's revisions: when, who, what changed, how it ended",
		Long: "history lists what 'packctl run' and 'packctl rollback' recorded of a release, the newest revision last. A revision whose\n" +
			"packctl died is told as the cluster shows it. It needs no pack folder and writes nothing.",
		Example:           "  packctl history appstack\n  packctl history shop --namespace web -o json",
		Args:              oneRelease(&opts.Pack),
		ValidArgsFunction: f.completeReleases(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return historyRun(cmd.Context(), opts)
		},
	}
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func historyRun(ctx context.Context, opts *HistoryOptions) error {
	f := opts.Factory
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	list, err := engine.History(ctx, rel.Name)
	if err != nil {
		return err
	}
	f.view(opts.Output).History(rel.Name, list)
	return nil
}
