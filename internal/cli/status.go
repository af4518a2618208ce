package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// StatusOptions are the inputs of "packctl status".
type StatusOptions struct {
	Factory *Factory
	Pack    packFlags
	Cluster ClusterFlags
	Watch   bool
	Output  string
}

// NewCmdStatus makes "packctl status".
func NewCmdStatus(f *Factory, runF func(context.Context, *StatusOptions) error) *cobra.Command {
	opts := &StatusOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "status <release or pack>",
		Short: "Show how a release stands: tiers, instances, gates, checks, volumes",
		Long: "status shows the jobs of a release with their versions, each tier with its instances and what it waits for, failing\n" +
			"checks with their output, the last scalings and the volumes. It needs no pack folder and changes nothing.\n\n" +
			"  0  every tier that is wanted is healthy, complete or scheduled\n" +
			"  1  the command line is wrong, or there is no such release\n" +
			"  3  the cluster does not answer, or denies access\n" +
			"  4  a tier is not healthy, or the whole release is stopped\n\n" +
			"With --watch it is redrawn until it is interrupted, which is then exit code 0; into a pipe goes a line for each change.\n" +
			"While Consul does not answer, Nomad's word about health decides alone, and status says so.",
		Example:           "  packctl status appstack\n  packctl status shop --namespace web --watch\n  packctl status shop -o json | jq .healthy",
		Args:              oneRelease(&opts.Pack),
		ValidArgsFunction: f.completeReleases(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return statusRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVarP(&opts.Watch, "watch", "w", false, "go on until interrupted")
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

// oneRelease takes the one argument of verbs that work on a release and need no pack.
func oneRelease(flags *packFlags) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 || args[0] == "":
			return WithHint(fmt.Errorf("'%s' needs the name of a release or pack", cmd.CommandPath()), "'packctl list' shows the releases that there are")
		case len(args) > 1:
			return WithHint(fmt.Errorf("'%s' takes one release, but got %q too", cmd.CommandPath(), args[1]), "see '"+cmd.CommandPath()+" --help'")
		}
		flags.Pack = args[0]
		return nil
	}
}

func statusRun(ctx context.Context, opts *StatusOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	var last *release.Overview
	err = engine.Status(ctx, release.StatusOptions{Release: rel.Name, Namespace: rel.Namespace, Watch: opts.Watch}, func(o *release.Overview) {
		last = o
		show(v, o, opts.Watch)
	})
	v.StatusEnd()
	if err == nil && !opts.Watch && last != nil && !last.Healthy {
		return &ErrShown{Code: CodeFailed}
	}
	return err
}

func show(v view.View, o *release.Overview, again bool) {
	if again {
		v.StatusAgain(o)
		return
	}
	v.Status(o)
}
