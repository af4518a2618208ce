package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// DestroyOptions are the inputs of "packctl destroy".
type DestroyOptions struct {
	Factory     *Factory
	Pack        packFlags
	Cluster     ClusterFlags
	Volumes     []string
	Credentials []string
	AllData     bool
	NoHooks     bool
	Approved    bool
	Timeout     time.Duration
	Output      string
}

// NewCmdDestroy makes "packctl destroy".
func NewCmdDestroy(f *Factory, runF func(context.Context, *DestroyOptions) error) *cobra.Command {
	opts := &DestroyOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "destroy <release or pack>",
		Short: "Stop a release and make Nomad forget its jobs; data goes only when it is named",
		Long: "destroy runs the hooks of pre-delete, and ends there when one fails (exit code 4). Then it stops\n" +
			"the jobs of a release, those that others wait for last, and makes Nomad forget them. Volumes, credentials and\n" +
			"the history stay, and it says what stays; what is named with --volume and --credential is deleted, with --all-data\n" +
			"all of it. The same command deletes more of it later, when the jobs are long gone.\n\n" +
			"On a terminal it shows what it is about to do and asks; elsewhere it needs -auto-approve.",
		Example: "  packctl destroy shop\n  packctl destroy shop --volume cache --credential session\n" +
			"  packctl destroy shop --all-data -auto-approve",
		Args:              oneRelease(&opts.Pack),
		ValidArgsFunction: f.completeReleases(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return destroyRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringArrayVar(&opts.Volumes, "volume", nil, "delete this `volume` with its data (repeatable)")
	fs.StringArrayVar(&opts.Credentials, "credential", nil, "delete this `credential` (repeatable)")
	fs.BoolVar(&opts.AllData, "all-data", false, "delete all volumes, all credentials and the history")
	noHooksFlag(cmd, &opts.NoHooks)
	fs.BoolVar(&opts.Approved, "auto-approve", false, "do not ask")
	fs.DurationVar(&opts.Timeout, "timeout", 0, "give up waiting after this `time`")
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func destroyRun(ctx context.Context, opts *DestroyOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	if !opts.Approved && (terminalOf(f.Streams.In) == nil || opts.Output == "json") {
		return WithHint(errors.New("destroy asks before it deletes anything, and nobody is there to answer"), "-auto-approve goes on without asking")
	}
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	opt := release.DestroyOptions{
		Release:     rel.Name,
		Namespace:   rel.Namespace,
		Volumes:     opts.Volumes,
		Credentials: opts.Credentials,
		AllData:     opts.AllData,
		NoHooks:     opts.NoHooks,
		Timeout:     opts.Timeout,
	}
	if !opts.Approved {
		opt.Confirm = f.confirmDestroy(ctx, v)
	}
	result, err := engine.Destroy(ctx, opt, v)
	if result != nil {
		v.Finished(result, nil)
	}
	return err
}

// confirmDestroy shows what is to go, and goes on only when the release's name is typed.
func (f *Factory) confirmDestroy(ctx context.Context, v view.View) func(*release.Destruction) error {
	return func(d *release.Destruction) error {
		v.Destroying(d)
		answer := make(chan string, 1)
		go func() { // a read from a terminal cannot be interrupted
			line, _ := bufio.NewReader(f.Streams.In).ReadString('\n')
			answer <- strings.TrimSpace(line)
		}()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case got := <-answer:
			if got == d.Release {
				return nil
			}
			return &release.Error{Outcome: release.Refused, Err: fmt.Errorf("not confirmed: %q is not the name of the release", got), Hint: "nothing was changed"}
		}
	}
}
