package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// GetOptions are the inputs of "packctl get values" and "packctl get manifest".
type GetOptions struct {
	Factory  *Factory
	Pack     packFlags
	Cluster  ClusterFlags
	Revision int // 0: the one that is in effect
	Output   string
}

// NewCmdGet makes "packctl get".
func NewCmdGet(f *Factory, runF func(context.Context, *GetOptions) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get",
		Short: "Print what a revision of a release was made of",
		Long:  "get prints the values that were given to a revision, or the jobs that it submitted. It needs no pack folder.",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCmdGetValues(f, runF), newCmdGetManifest(f, runF))
	return cmd
}

func newCmdGetValues(f *Factory, runF func(context.Context, *GetOptions) error) *cobra.Command {
	return getCommand(f, runF, getValues, &cobra.Command{
		Use:   "values <release or pack> [revision]",
		Short: "Print the env and the values that a revision was given",
		Long: "get values prints the values that were given to a revision, in the form of a -var-file, of the one that is in effect when no\n" +
			"number is given. Defaults and the values of the env's file are the pack's. Of a sensitive value only its name is kept.",
		Example: "  packctl get values appstack\n  packctl get values appstack 3 > values.hcl",
	})
}

func newCmdGetManifest(f *Factory, runF func(context.Context, *GetOptions) error) *cobra.Command {
	return getCommand(f, runF, getManifest, &cobra.Command{
		Use:   "manifest <release or pack> [revision]",
		Short: "Print the rendered job files that a revision submitted",
		Long: "get manifest prints the job files of a revision as they were submitted, of the one that is in effect when no number is given:\n" +
			"plain HCL that any 'nomad job run' accepts. Secrets stand in none of them.",
		Example: "  packctl get manifest appstack\n  packctl get manifest appstack 3 -o json",
	})
}

func getCommand(f *Factory, runF func(context.Context, *GetOptions) error, do func(context.Context, *GetOptions) error, cmd *cobra.Command) *cobra.Command {
	opts := &GetOptions{Factory: f}
	cmd.Args = releaseAndRevision(&opts.Pack, &opts.Revision)
	cmd.ValidArgsFunction = f.completeRevisions(&opts.Pack, &opts.Cluster, 1)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return do(cmd.Context(), opts)
	}
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func getValues(ctx context.Context, opts *GetOptions) error {
	f := opts.Factory
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	rev, _, err := engine.Revision(ctx, rel.Name, opts.Revision)
	if err != nil {
		return err
	}
	f.view(opts.Output).Given(rev)
	return nil
}

func getManifest(ctx context.Context, opts *GetOptions) error {
	f := opts.Factory
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	rev, m, err := engine.Revision(ctx, rel.Name, opts.Revision)
	if err != nil {
		return err
	}
	f.view(opts.Output).Manifest(rev, m)
	return nil
}
