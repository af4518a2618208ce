package cli

import (
	"context"

	"github.com/spf13/cobra"
)

// ListOptions are the inputs of "packctl list".
type ListOptions struct {
	Factory *Factory
	Cluster ClusterFlags
	Output  string
}

// NewCmdList makes "packctl list".
func NewCmdList(f *Factory, runF func(context.Context, *ListOptions) error) *cobra.Command {
	opts := &ListOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the releases of all namespaces",
		Long: "list names the releases of all namespaces that the token can see, from Nomad's summaries of their jobs: running,\n" +
			"starting, failing (something that is wanted neither runs nor is being placed) or stopped. Whether what runs is\n" +
			"healthy, 'packctl status' tells. A release whose jobs Nomad has forgotten is not listed.\n\n" +
			"The exit code is 0 also when something fails; 3 when the cluster does not answer or denies access.",
		Example:           "  packctl list\n  packctl list -o json | jq -r '.releases[] | select(.state != \"running\") | .release'",
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return listRun(cmd.Context(), opts)
		},
	}
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func listRun(ctx context.Context, opts *ListOptions) error {
	f := opts.Factory
	engine, err := f.Releaser(opts.Cluster)
	if err != nil {
		return err
	}
	list, err := engine.List(ctx)
	if err != nil {
		return err
	}
	f.view(opts.Output).Releases(list)
	return nil
}
