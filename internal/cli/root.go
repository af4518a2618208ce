package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
)

// Main runs the command line and returns the exit code.
func Main(ctx context.Context, f *Factory, args []string) int {
	root := NewCmdRoot(f)
	root.SetArgs(longFlags(root, args))
	cmd, err := root.ExecuteContextC(ctx)
	var shown *ErrShown
	if err != nil && !errors.As(err, &shown) {
		f.view(outputOf(cmd)).Error(err, hintOf(err))
	}
	return int(exitCode(err))
}

// NewCmdRoot is the whole command tree.
func NewCmdRoot(f *Factory) *cobra.Command {
	root := &cobra.Command{
		Use:   "packctl",
		Short: "Bring up whole stacks on Nomad and Consul, from plain HCL",
		Long: "packctl renders a pack (a folder of Nomad job files with variables, gates, migrations,\n" +
			"credentials and volumes), checks it, submits it in dependency order and watches it\n" +
			"until every tier is healthy.",
		Args:          knownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
	}
	root.SetOut(f.Streams.Out)
	root.SetErr(f.Streams.Err)
	root.SetIn(f.Streams.In)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return WithHint(err, "see '"+cmd.CommandPath()+" --help'")
	})
	root.AddCommand(
		NewCmdDev(f, nil),
		NewCmdInit(f, nil),
		NewCmdFmt(f, nil),
		NewCmdInfo(f, nil),
		NewCmdVars(f, nil),
		NewCmdGraph(f, nil),
		NewCmdRender(f, nil),
		NewCmdValidate(f, nil),
		NewCmdTest(f, nil),
		NewCmdPlan(f, nil),
		NewCmdRun(f, nil),
		NewCmdStatus(f, nil),
		NewCmdList(f, nil),
		NewCmdStop(f, nil),
		NewCmdScale(f, nil),
		NewCmdRestart(f, nil),
		NewCmdLogs(f, nil),
		NewCmdPromote(f, nil),
		NewCmdRollback(f, nil),
		NewCmdHistory(f, nil),
		NewCmdDiff(f, nil),
		NewCmdGet(f, nil),
		NewCmdExec(f, nil),
		NewCmdCredential(f, nil),
		NewCmdDestroy(f, nil),
		NewCmdDoctor(f, nil),
		NewCmdUI(f, nil),
		NewCmdVersion(f, nil),
	)
	f.completeFlags(root)
	sayExitCodes(root)
	return root
}

// view is the view for a format; every format but "json" and "sarif" is shown to people.
func (f *Factory) view(format string) view.View {
	switch format {
	case "json":
		return view.NewJSON(f.Streams)
	case "sarif":
		return view.NewSARIF(f.Streams, f.Build.Version)
	}
	return view.NewHuman(f.Streams)
}

// outputOf is the format that a command was asked for, also when its arguments were wrong.
func outputOf(cmd *cobra.Command) string {
	if cmd == nil {
		return ""
	}
	if flag := cmd.Flags().Lookup("output"); flag != nil {
		return flag.Value.String()
	}
	return ""
}

// noArgs refuses arguments with the way out.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return WithHint(fmt.Errorf("'%s' takes no argument, but got %q", cmd.CommandPath(), args[0]), "see '"+cmd.CommandPath()+" --help'")
	}
	return nil
}

// knownCommand refuses a word that is no command, and says which one was probably meant.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := "see 'packctl --help' for the commands"
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		hint = "did you mean 'packctl " + s[0] + "'? " + hint
	}
	return WithHint(fmt.Errorf("there is no command %q", args[0]), hint)
}
