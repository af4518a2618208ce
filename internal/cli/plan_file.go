package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/vars"
	"github.com/packctl/packctl/internal/release"
)

// savePlan writes a plan for run -plan. Nobody else may read the file, and one that is there is replaced as a whole.
func (f *Factory) savePlan(path string, plan *release.PlanFile) error {
	data, err := plan.Encode()
	if err != nil {
		return err
	}
	at := f.path(path)
	temp, err := os.CreateTemp(filepath.Dir(at), ".packctl-plan-*") // with mode 0600
	if err != nil {
		return WithHint(fmt.Errorf("write -out: %w", err), "give the path of a file in a folder that you may write to")
	}
	_, err = temp.Write(data)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), at)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
		return fmt.Errorf("write -out: %w", err)
	}
	return nil
}

// packOrPlan takes the one pack, or with -plan none, and no flag that says what the file says.
func (f *Factory) packOrPlan(opts *RunOptions) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if !cmd.Flags().Changed("plan") {
			return f.onePack(&opts.Pack)(cmd, args)
		}
		const hint = "to run something else make another plan: packctl plan <pack> -out FILE"
		if len(args) > 0 {
			return WithHint(fmt.Errorf("'%s -plan' takes no pack, but got %q: the file has all of it", cmd.CommandPath(), args[0]), hint)
		}
		for _, name := range []string{"var", "var-file", "name", "reset-values", "prune", "adopt"} {
			if cmd.Flags().Changed(name) {
				return WithHint(fmt.Errorf("'%s -plan' does not take -%s: the file says what is run, and how", cmd.CommandPath(), name), hint)
			}
		}
		return nil
	}
}

// runPlanFile is run -plan.
func runPlanFile(ctx context.Context, opts *RunOptions) error {
	f := opts.Factory
	data, err := os.ReadFile(f.path(opts.Plan))
	if err != nil {
		return WithHint(fmt.Errorf("read -plan: %w", err), "give the path of a file that packctl plan -out wrote")
	}
	plan, err := release.DecodePlanFile(data)
	if err != nil {
		return WithHint(fmt.Errorf("read -plan %s: %w", opts.Plan, err), hintOf(err))
	}
	if asked := cmp.Or(opts.Pack.Namespace, lookup(f.Environ(), "NOMAD_NAMESPACE")); asked != "" && asked != plan.Namespace {
		return WithHint(fmt.Errorf("the plan is for namespace %s, and not for %s", plan.Namespace, asked),
			"leave -namespace and NOMAD_NAMESPACE away, or make a plan for that namespace")
	}
	cluster := opts.Cluster
	cluster.Namespace = plan.Namespace
	if cluster.Region == "" && lookup(f.Environ(), "NOMAD_REGION") == "" {
		cluster.Region = plan.Cluster.Region
	}
	engine, err := f.Releaser(cluster)
	if err != nil {
		return err
	}
	run := opts.release()
	run.Inputs.Values = givenAgain(plan, f.Environ())
	v := f.view(opts.Output)
	result, err := engine.RunPlan(ctx, plan, run, v)
	if result != nil {
		v.Finished(result, plan.Outputs)
	}
	return err
}

// givenAgain are the sensitive values that a plan needs, as far as the environment has them.
func givenAgain(plan *release.PlanFile, environ []string) []release.Input {
	var out []release.Input
	for _, s := range plan.Secrets {
		for _, e := range environ {
			text, found := strings.CutPrefix(e, vars.EnvPrefix+s.Variable+"=")
			if !found {
				continue
			}
			in := release.Input{Name: s.Variable, Value: text, Sensitive: true, Text: text, IsText: s.Text}
			if s.Text {
				in.Value = string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
			}
			out = append(out, in)
		}
	}
	return out
}
