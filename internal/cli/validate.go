package cli

import (
	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/internal/cli/view"
)

// ValidateOptions are the inputs of "packctl validate".
type ValidateOptions struct {
	Factory *Factory
	Pack    packFlags
	Strict  bool // warnings are errors
	Output  string
}

// NewCmdValidate makes "packctl validate".
func NewCmdValidate(f *Factory, runF func(*ValidateOptions) error) *cobra.Command {
	opts := &ValidateOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "validate <pack>",
		Short: "Check a pack without a cluster",
		Long: "validate renders a pack and runs every check that needs no cluster. All faults are told at once,\n" +
			"each at its place in the author's file. A comment '# packctl:ignore ID reason' silences a warning.",
		Example:           "  packctl validate appstack -var env=prod",
		Args:              f.onePack(&opts.Pack),
		ValidArgsFunction: f.completePacks,
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(opts)
			}
			return validateRun(opts)
		},
	}
	opts.Pack.register(cmd)
	cmd.Flags().BoolVar(&opts.Strict, "strict", false, "end with an error when there are warnings")
	outputFlag(cmd, &opts.Output, "text", "json", "sarif")
	return cmd
}

func validateRun(opts *ValidateOptions) error {
	l, err := opts.Factory.load(opts.Pack)
	if err != nil {
		return err
	}
	if opts.Strict {
		for i := range l.Diagnosed.Diags {
			l.Diagnosed.Diags[i].Severity = diag.Error
		}
	}
	result := view.Validation{Pack: l.Pack.Name, Release: l.Release.Name, Diagnosed: l.Diagnosed}
	if l.Stack != nil {
		result.Jobs, result.Tiers = len(l.Stack.Jobs), len(l.Stack.Tiers)
		for _, wave := range l.Stack.Waves {
			var ids []string
			for _, j := range wave {
				ids = append(ids, j.ID)
			}
			result.Waves = append(result.Waves, ids)
		}
	}
	opts.Factory.view(opts.Output).Validated(result)
	if l.Diagnosed.HasErrors() {
		return &ErrShown{Code: CodeUsage}
	}
	return nil
}
