package cli

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/internal/release"
)

// StopOptions are the inputs of "packctl stop".
type StopOptions struct {
	Factory *Factory
	Pack    packFlags
	Cluster ClusterFlags
	Purge   bool
	Timeout time.Duration
	Output  string
}

// NewCmdStop makes "packctl stop".
func NewCmdStop(f *Factory, runF func(context.Context, *StopOptions) error) *cobra.Command {
	opts := &StopOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "stop <release or pack>",
		Short: "Stop a release's jobs; its volumes and credentials stay",
		Long: "stop stops every job of a release, those that others wait for last. The release is named by itself, or by its\n" +
			"pack when it was installed under the pack's name. Volumes and credentials stay, so that run brings it back.",
		Example:           "  packctl stop appstack\n  packctl stop appstack --name shop --namespace web",
		Args:              f.onePack(&opts.Pack),
		ValidArgsFunction: f.completeReleases(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return stopRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	fs.BoolVar(&opts.Purge, "purge", false, "make Nomad forget the jobs' definitions too")
	fs.DurationVar(&opts.Timeout, "timeout", 0, "give up waiting after this `time`")
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func stopRun(ctx context.Context, opts *StopOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	result, err := engine.Stop(ctx, release.StopOptions{
		Release:   rel.Name,
		Namespace: rel.Namespace,
		Purge:     opts.Purge,
		Timeout:   opts.Timeout,
	}, v)
	if result != nil {
		v.Finished(result, nil)
	}
	return err
}

// running is a release that a verb finds by its name alone, and what works on it.
func (f *Factory) running(flags packFlags, cluster ClusterFlags) (eval.Release, Releaser, error) {
	rel, err := f.release(flags, f.releaseOf(flags.Pack))
	if err != nil {
		return rel, nil, err
	}
	cluster.Namespace = rel.Namespace
	engine, err := f.Releaser(cluster)
	return rel, engine, err
}

// releaseOf is the name under which run would install what the argument names: that of the pack where there is one,
// otherwise the argument itself. The pack may be gone or broken: stopping does not need it.
func (f *Factory) releaseOf(arg string) string {
	if dir, name, err := f.findPack(arg); err == nil {
		if p, _ := pack.Load(os.DirFS(dir), name); p.Name != "" {
			return p.Name
		}
	}
	return filepath.Base(arg)
}
