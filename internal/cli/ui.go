package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
)

// UIOptions are the inputs of "packctl ui".
type UIOptions struct {
	Factory *Factory
	Pack    packFlags // Pack is empty when no release was named
	Cluster ClusterFlags
	Open    bool
	Output  string
}

// NewCmdUI makes "packctl ui".
func NewCmdUI(f *Factory, runF func(context.Context, *UIOptions) error) *cobra.Command {
	opts := &UIOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "ui [<release or pack>]",
		Short: "Print, or open, the pages of a release in Nomad's and Consul's UIs",
		Long: "ui prints the addresses of Nomad's and Consul's pages; with a release those of its jobs, and where the pack's folder is at hand\n" +
			"and its values have defaults, the pack's outputs, such as the monitor. With --open a browser opens the first of them.",
		Example:           "  packctl ui appstack\n  packctl ui appstack --open",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: f.completeReleases(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				opts.Pack.Pack = args[0]
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return uiRun(cmd.Context(), opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Open, "open", false, "open the first page in a browser")
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func uiRun(ctx context.Context, opts *UIOptions) error {
	f := opts.Factory
	pages, err := f.pages(ctx, opts)
	if err != nil {
		return err
	}
	f.view(opts.Output).Pages(pages)
	if !opts.Open {
		return nil
	}
	program, err := exec.LookPath("xdg-open")
	if err != nil {
		return WithHint(errors.New("there is no browser to open here: xdg-open was not found"), "open one of the addresses yourself")
	}
	if err := exec.CommandContext(ctx, program, pages[0].URL).Run(); err != nil {
		return fmt.Errorf("open %s: %w", pages[0].URL, err)
	}
	return nil
}

// pages are those of the release, or of the cluster.
func (f *Factory) pages(ctx context.Context, opts *UIOptions) ([]view.Page, error) {
	nomad := strings.TrimRight(cmp.Or(opts.Cluster.Address, lookup(f.Environ(), "NOMAD_ADDR"), "http://127.0.0.1:4646"), "/")
	consul := cmp.Or(lookup(f.Environ(), "CONSUL_HTTP_ADDR"), "127.0.0.1:8500")
	if !strings.Contains(consul, "://") {
		consul = "http://" + consul
	}
	cluster := []view.Page{{Name: "Nomad", URL: nomad + "/ui/jobs"}, {Name: "Consul", URL: strings.TrimRight(consul, "/") + "/ui/"}}
	if opts.Pack.Pack == "" {
		return cluster, nil
	}
	rel, err := f.release(opts.Pack, f.releaseOf(opts.Pack.Pack))
	if err != nil {
		return nil, err
	}
	opts.Cluster.Namespace = rel.Namespace
	engine, err := f.Releaser(opts.Cluster)
	if err != nil {
		return nil, err
	}
	places, err := engine.Where(ctx, rel.Name)
	if err != nil {
		return nil, err
	}
	var pages []view.Page
	if l, err := f.load(packFlags{Pack: opts.Pack.Pack, Name: rel.Name, Namespace: rel.Namespace}); err == nil && l.Stack != nil {
		for _, o := range l.Stack.Outputs {
			if strings.HasPrefix(o.Value, "http://") || strings.HasPrefix(o.Value, "https://") {
				pages = append(pages, view.Page{Name: o.Name, URL: o.Value})
			}
		}
	}
	for _, p := range places {
		pages = append(pages, view.Page{Name: "job " + p.Job, URL: nomad + "/ui/jobs/" + url.PathEscape(p.Job+"@"+p.Namespace)})
	}
	return append(pages, cluster[1]), nil
}
