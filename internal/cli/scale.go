package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/release"
)

// ScaleOptions are the inputs of "packctl scale".
type ScaleOptions struct {
	Factory *Factory
	Pack    packFlags
	Cluster ClusterFlags
	Targets []release.Target
	Timeout time.Duration
	Output  string
}

// NewCmdScale makes "packctl scale".
func NewCmdScale(f *Factory, runF func(context.Context, *ScaleOptions) error) *cobra.Command {
	opts := &ScaleOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "scale <release or pack> <tier>=<count>...",
		Short: "Set how many instances tiers of a release have",
		Long: "scale sets the counts of tiers that run, and watches until each is healthy at its new count and the instances that it\n" +
			"no longer wants have ended. It needs no pack folder. Where two jobs have a tier of one name, name the job too: app/web=3.\n\n" +
			"Everything is checked before anything is changed: the tiers, the bounds of their scaling blocks, room in the cluster. Nomad\n" +
			"scales nothing while a deployment of the job has not ended; scale waits for that. Ctrl-C ends the watching, not the scaling.\n\n" +
			"The count holds until the next 'packctl run', which sets that of the pack's variables again, except for tiers whose\n" +
			"scaling block is enabled: those keep it.",
		Example:           "  packctl scale enstore queue=3\n  packctl scale enstore queue=3 backend=2\n  packctl scale shop app/web=0 --namespace web -o json",
		Args:              opts.args,
		ValidArgsFunction: f.completeReleases(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return scaleRun(cmd.Context(), opts)
		},
	}
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", 0, "give up watching after this `time`; what was asked of Nomad goes on")
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

// args takes the release and the targets.
func (opts *ScaleOptions) args(cmd *cobra.Command, args []string) error {
	if len(args) < 2 || args[0] == "" {
		return WithHint(fmt.Errorf("'%s' needs the name of a release or pack, and at least one <tier>=<count>", cmd.CommandPath()),
			"for example: packctl scale shop web=3")
	}
	opts.Pack.Pack = args[0]
	for _, arg := range args[1:] {
		tier, number, ok := strings.Cut(arg, "=")
		count, err := strconv.Atoi(number)
		if !ok || tier == "" || err != nil || count < 0 {
			return WithHint(fmt.Errorf("%q is no <tier>=<count>", arg), "a tier, '=', and a whole number, 0 or more: web=3")
		}
		opts.Targets = append(opts.Targets, release.Target{Tier: tier, Count: count})
	}
	return nil
}

func scaleRun(ctx context.Context, opts *ScaleOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	result, err := engine.Scale(ctx, release.ScaleOptions{
		Release:   rel.Name,
		Namespace: rel.Namespace,
		Targets:   opts.Targets,
		Timeout:   opts.Timeout,
	}, v)
	if result != nil {
		v.Finished(result, nil)
	}
	return err
}
