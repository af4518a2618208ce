package cli

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// LogsOptions are the inputs of "packctl logs".
type LogsOptions struct {
	Factory  *Factory
	Pack     packFlags
	Cluster  ClusterFlags
	Tiers    []string
	Follow   bool
	Tail     int
	Since    time.Duration
	Task     string
	Stream   string
	NoPrefix bool
	Output   string
}

// NewCmdLogs makes "packctl logs".
func NewCmdLogs(f *Factory, runF func(context.Context, *LogsOptions) error) *cobra.Command {
	opts := &LogsOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "logs <release or pack> [tier...]",
		Short: "Show the logs of a release's tiers, also of instances that have ended",
		Long: "logs shows what the tasks of a release wrote, of every allocation that Nomad still holds: also of those that have ended,\n" +
			"and of the launches of periodic jobs. The oldest allocation comes first; within it the tasks in the order of their start, each\n" +
			"with its standard output and then its standard error. Each line says where it comes from: tier[index] allocation task.\n\n" +
			"Logs that Nomad has rotated are read too. What it has collected already is named on stderr. With -f it goes on with what runs\n" +
			"and with what comes, until it is interrupted, which is then exit code 0. It needs no pack folder.\n\n" +
			"Nomad stores no times. With --since the lines of all tiers are merged by the times that they tell themselves (JSON with time,\n" +
			"@timestamp, ts or timestamp); a line without one belongs to the one before it, and streams that tell none are shown whole, and named.",
		Example: "  packctl logs enstore\n  packctl logs enstore queue backend -f --tail 10\n  packctl logs enstore web --task nginx --stream stderr --tail -1\n" +
			"  packctl logs enstore backend --no-prefix | jq .message",
		Args:              opts.args,
		ValidArgsFunction: f.completeTiers(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if opts.Since > 0 && !cmd.Flags().Changed("tail") {
				opts.Tail = -1
			}
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return logsRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&opts.Follow, "follow", "f", false, "go on with what is written, until interrupted")
	fs.IntVar(&opts.Tail, "tail", 100, "how many `lines` of the end of each log to begin with; -1: all")
	fs.DurationVar(&opts.Since, "since", 0, "only what was written within this `time`, in the order of the times that JSON lines tell")
	fs.StringVar(&opts.Task, "task", "", "only the `task` of this name")
	fs.Var(&choice{value: &opts.Stream, allowed: []string{"stdout", "stderr"}}, "stream", "only this `stream`: stdout or stderr")
	fs.BoolVar(&opts.NoPrefix, "no-prefix", false, "the lines as they are, without where they come from")
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

// args takes the release and the tiers.
func (opts *LogsOptions) args(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || args[0] == "" {
		return WithHint(fmt.Errorf("'%s' needs the name of a release or pack", cmd.CommandPath()), "for example: packctl logs shop web -f")
	}
	opts.Pack.Pack, opts.Tiers = args[0], args[1:]
	return nil
}

func logsRun(ctx context.Context, opts *LogsOptions) error {
	f := opts.Factory
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	err = engine.Logs(ctx, release.LogOptions{
		Release: rel.Name,
		Tiers:   opts.Tiers,
		Task:    opts.Task,
		Stream:  opts.Stream,
		Tail:    opts.Tail,
		Follow:  opts.Follow,
		Since:   opts.Since,
	}, logSink{view: f.view(opts.Output), prefix: !opts.NoPrefix})
	if errors.Is(err, syscall.EPIPE) { // whoever read has seen enough
		return nil
	}
	return err
}

// logSink shows lines.
type logSink struct {
	view   view.View
	prefix bool
}

var _ release.LogSink = logSink{}

func (s logSink) Lines(lines []release.LogLine) error { return s.view.Lines(lines, s.prefix) }
func (s logSink) Notice(text string)                  { s.view.Notice(text) }
