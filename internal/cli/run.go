package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/vars"
	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// RunOptions are the inputs of "packctl run".
type RunOptions struct {
	Factory  *Factory
	Pack     packFlags
	Plan     string // a file: what is run is in it, and not in Pack
	Cluster  ClusterFlags
	Detach   bool
	Prune    bool
	Approval approval
	Timeout  time.Duration
	Atomic   bool
	NoHooks  bool
	Promote  bool // canaries, by itself
	Only     []string
	History  int
	Output   string
}

// NewCmdRun makes "packctl run".
func NewCmdRun(f *Factory, runF func(context.Context, *RunOptions) error) *cobra.Command {
	opts := &RunOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "run <pack> | run -plan <file>",
		Short: "Bring a pack up and watch it until every tier is healthy",
		Long: "run submits a pack's jobs in dependency order, shows what every tier is doing and why it waits,\n" +
			"and ends when all is healthy or something has failed. With -atomic every job then goes back to the last healthy revision.\n" +
			"A second run with nothing changed submits nothing. Before it stops a job that left the pack, removes a tier, undoes what was\n" +
			"changed by hand, adopts a job or changes env, run shows the plan and asks; where nobody can be asked it refuses (exit code 1)\n" +
			"unless -auto-approve says yes.\n\n" +
			"A job whose update block has canaries and no auto_promote waits when they are healthy: run ends there, with exit code 0, and\n" +
			"leaves the later waves; 'packctl promote' goes on, 'packctl rollback' takes them back. With -auto-promote run promotes them.\n\n" +
			"With -only the named jobs alone are submitted, and the others stay as they are; what they wait for has to run.\n\n" +
			"A release remembers its env and the values that it was given, sensitive ones excepted: run without them keeps them. They win\n" +
			"over defaults and the env's file, and PACKCTL_VAR_…, -var-file and -var win over them. -reset-values forgets them.\n\n" +
			"With -plan run does what the plan of a file shows, and needs neither the pack nor an approval: the plan was there to be looked at.\n" +
			"When a job, a credential, a volume or the history is no longer as the plan found it, it is refused (exit code 8), and says what\n" +
			"moved. The values of sensitive variables are not in the file: give them again as PACKCTL_VAR_….",
		Example:           "  packctl run appstack\n  packctl run appstack -var env=prod --name shop --namespace web\n  packctl run -plan appstack.plan",
		Args:              f.packOrPlan(opts),
		ValidArgsFunction: f.completePacks,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			if cmd.Flags().Changed("plan") {
				return runPlanFile(cmd.Context(), opts)
			}
			return runRun(cmd.Context(), opts)
		},
	}
	opts.Pack.register(cmd)
	opts.Pack.registerMemory(cmd)
	opts.Cluster.register(cmd)
	cmd.Flags().StringVar(&opts.Plan, "plan", "", "do what a `file` of packctl plan -out shows, instead of a pack")
	cmd.Flags().BoolVar(&opts.Detach, "detach", false, "end when everything is submitted")
	cmd.Flags().BoolVar(&opts.Prune, "prune", false, "approve that jobs are stopped which the pack no longer has")
	opts.Approval.register(cmd)
	cmd.Flags().DurationVar(&opts.Timeout, "timeout", 0, "give up after this `time`; what was submitted goes on (default: the deployments' own deadlines)")
	cmd.Flags().BoolVar(&opts.Atomic, "atomic", false, "when it fails, bring every job back to the last healthy revision (exit code 5); data stays")
	noHooksFlag(cmd, &opts.NoHooks)
	autoPromoteFlag(cmd, &opts.Promote)
	onlyFlag(cmd, &opts.Only)
	cmd.MarkFlagsMutuallyExclusive("only", "plan")
	historyMaxFlag(cmd, &opts.History)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func runRun(ctx context.Context, opts *RunOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	l, engine, seen, err := f.loadRemembering(ctx, opts.Pack, opts.Cluster, v)
	if err != nil {
		notReached(v, l, err)
		return err
	}
	run := opts.release()
	run.Prune, run.Adopt, run.AutoApprove = opts.Prune, opts.Approval.Adopt, opts.Approval.Auto
	run.Approve = f.asker(opts.Output, v)
	run.Only = opts.Only
	run.Seen, run.Inputs = seen, inputsOf(l.Values)
	result, err := engine.Run(ctx, l.Stack, run, v)
	if result != nil {
		v.Finished(result, l.Stack.Outputs)
	}
	return err
}

// release are the options that a pack and a plan file share.
func (opts *RunOptions) release() release.RunOptions {
	return release.RunOptions{
		Version:     opts.Factory.Build.Version,
		Timeout:     opts.Timeout,
		Detach:      opts.Detach,
		Atomic:      opts.Atomic,
		AutoPromote: opts.Promote,
		NoHooks:     opts.NoHooks,
		HistoryMax:  opts.History,
	}
}

// notReached is the result of a run that ended before it began, because the cluster did not answer.
func notReached(v view.View, l *loaded, err error) {
	var rel *release.Error
	if errors.As(err, &rel) {
		v.Finished(&release.Result{Outcome: rel.Outcome, Release: l.Release.Name, Namespace: l.Release.Namespace}, nil)
	}
}

// inputsOf are the values that a person gave, those that neither a default nor the env's file says; and apart from them the
// sensitive ones that these say.
func inputsOf(values *vars.Values) release.Inputs {
	in := release.Inputs{Known: true, Env: values.Env}
	for _, x := range values.List {
		own := x.Origin.Source == vars.FromDefault || x.Origin.Source == vars.FromEnvFile
		if own && !x.Variable.Sensitive {
			continue
		}
		plain, _ := x.Value.UnmarkDeep()
		n := release.Input{Name: x.Variable.Name, Value: string(hclwrite.TokensForValue(plain).Bytes()), Sensitive: x.Variable.Sensitive}
		if n.Sensitive {
			n.Text = n.Value
			if n.IsText = plain.Type() == cty.String && !plain.IsNull(); n.IsText {
				n.Text = plain.AsString()
			}
		}
		if own {
			in.Own = append(in.Own, n)
			continue
		}
		in.Values = append(in.Values, n)
	}
	slices.SortStableFunc(in.Values, func(a, b release.Input) int { return cmp.Compare(a.Name, b.Name) })
	in.Values = slices.CompactFunc(in.Values, func(a, b release.Input) bool { return a.Name == b.Name }) // job files may declare one name each
	return in
}
