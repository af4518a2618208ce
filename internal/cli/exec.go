package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/release"
)

// ExecOptions are the inputs of "packctl exec".
type ExecOptions struct {
	Factory *Factory
	Pack    packFlags // Pack is empty when only a tier was named
	Cluster ClusterFlags
	Tier    string
	Command []string
	Task    string
	Index   int
	Input   bool
	TTY     bool
	hasTTY  bool // -t was given
}

// NewCmdExec makes "packctl exec".
func NewCmdExec(f *Factory, runF func(context.Context, *ExecOptions) error) *cobra.Command {
	opts := &ExecOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "exec [<release>] <tier> -- <command>...",
		Short: "Run a command in a running instance of a tier",
		Long: "exec runs a command in the environment of a tier's task: of a healthy instance of the newest version, and its main task,\n" +
			"unless --index and --task say otherwise. The tier alone is enough when one release of the namespace has it; shop/web is the\n" +
			"same as shop web.\n\n" +
			"From a terminal it is a terminal there too; -t=false makes it plain, -i=false gives it no input. The exit code is the\n" +
			"command's own. What goes wrong before it runs ends with one of these exit codes and a line that begins with \"error\".",
		Example:           "  packctl exec postgres -- psql\n  packctl exec shop/postgres -- pg_dump -U app app > app.sql\n  packctl exec shop backend --index 1 -- sh -c 'env | sort'",
		Args:              opts.args,
		ValidArgsFunction: f.completeTiers(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.hasTTY = cmd.Flags().Changed("tty")
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return execRun(cmd.Context(), opts)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&opts.Task, "task", "", "the `task` (default: the tier's main one)")
	fs.IntVar(&opts.Index, "index", -1, "the `number` of the instance (default: a healthy one)")
	fs.BoolVarP(&opts.Input, "stdin", "i", true, "hand standard input over")
	fs.BoolVarP(&opts.TTY, "tty", "t", false, "be a terminal for the command (default: when input and output are one)")
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	return cmd
}

// args takes the release, the tier and, behind "--", the command.
func (opts *ExecOptions) args(cmd *cobra.Command, args []string) error {
	at := cmd.ArgsLenAtDash()
	if at < 0 || at == len(args) {
		return WithHint(fmt.Errorf("'%s' needs a command behind --", cmd.CommandPath()), "for example: packctl exec postgres -- psql")
	}
	opts.Command = args[at:]
	switch args = args[:at]; {
	case len(args) == 1 && strings.Contains(args[0], "/"):
		opts.Pack.Pack, opts.Tier, _ = strings.Cut(args[0], "/")
	case len(args) == 1:
		opts.Pack.Pack, opts.Tier = opts.Pack.Name, args[0]
	case len(args) == 2:
		opts.Pack.Pack, opts.Tier = args[0], args[1]
	default:
		return WithHint(fmt.Errorf("'%s' needs a tier, with or without its release before it", cmd.CommandPath()), "for example: packctl exec shop postgres -- psql")
	}
	if opts.Tier == "" {
		return WithHint(fmt.Errorf("%q names no tier", args[0]), "write it as release/tier")
	}
	return nil
}

func execRun(ctx context.Context, opts *ExecOptions) error {
	f := opts.Factory
	rel, engine, err := f.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	name := rel.Name
	if opts.Pack.Pack == "" {
		name = ""
	}
	session := release.Session{Command: opts.Command, In: strings.NewReader(""), Out: f.Streams.Out, Err: f.Streams.Err}
	if opts.Input {
		session.In = f.Streams.In
	}
	t := terminalOf(session.In)
	session.TTY = opts.TTY
	if !opts.hasTTY {
		session.TTY = t != nil && f.Streams.OutTTY
	}
	if session.TTY && t != nil {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		restore, err := t.raw()
		if err != nil {
			return fmt.Errorf("prepare the terminal: %w", err)
		}
		defer restore()
		session.Sizes = t.sizes(ctx)
	}
	code, err := engine.Exec(ctx, release.ExecOptions{Release: name, Tier: opts.Tier, Task: opts.Task, Index: opts.Index, Session: session})
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the connection ended before the command did: %w", err)
	}
	if err == nil && code != 0 {
		return &ErrShown{Code: Code(code)}
	}
	return err
}
