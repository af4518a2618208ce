package cli

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/vars"
	"github.com/packctl/packctl/internal/cli/view"
)

// VarsOptions are the inputs of "packctl vars".
type VarsOptions struct {
	Factory *Factory
	Pack    packFlags
	Output  string
}

// NewCmdVars makes "packctl vars".
func NewCmdVars(f *Factory, runF func(*VarsOptions) error) *cobra.Command {
	opts := &VarsOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "vars <pack>",
		Short: "Show every value of a pack, and where it came from",
		Long: "vars shows the value that each variable of a pack has, and where it came from: its default, a file of env/,\n" +
			"PACKCTL_VAR_… in the environment, a -var-file, or -var. Later ones win over earlier ones. A sensitive value is never\n" +
			"shown. A variable without a value is shown too; the exit code is then 1.",
		Example:           "  packctl vars appstack -var env=prod\n  packctl vars appstack -var-file site.hcl -o json",
		Args:              f.onePack(&opts.Pack),
		ValidArgsFunction: f.completePacks,
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(opts)
			}
			return varsRun(opts)
		},
	}
	opts.Pack.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func varsRun(opts *VarsOptions) error {
	l, err := opts.Factory.load(opts.Pack)
	if err != nil {
		return err
	}
	v := opts.Factory.view(opts.Output)
	v.Values(valuesOf(l))
	if l.Resolved {
		return nil // what is wrong elsewhere in the pack is for validate to tell
	}
	v.Diagnostics(l.Diagnosed)
	return &ErrShown{Code: CodeUsage}
}

// valuesOf is what a view may know of the values: nothing of a sensitive one.
func valuesOf(l *loaded) view.Values {
	out := view.Values{Pack: l.Pack.Name}
	if l.Values == nil {
		return out
	}
	out.Env = l.Values.Env
	for _, x := range l.Values.List {
		n := view.Value{
			Name:        x.Variable.Name,
			File:        x.Variable.File,
			Type:        x.Variable.TypeName(),
			Description: x.Variable.Description,
			Sensitive:   x.Variable.Sensitive,
			Missing:     !x.Value.IsWhollyKnown(),
			Source:      sourceName(x.Origin.Source),
			Origin:      strings.ReplaceAll(x.Origin.String(), l.Pack.Dir+"/", ""),
		}
		if n.Missing {
			n.Source, n.Origin = "", ""
		}
		if !n.Sensitive && !n.Missing {
			n.Value = x.Value
		}
		if x.Origin.Range != (hcl.Range{}) && !n.Missing {
			n.Range = &x.Origin.Range
		}
		out.List = append(out.List, n)
	}
	return out
}

// sourceName is a kind of source for programs.
func sourceName(s vars.Source) string {
	switch s {
	case vars.FromDefault:
		return "default"
	case vars.FromEnvFile:
		return "env-file"
	case vars.FromRelease:
		return "release"
	case vars.FromEnviron:
		return "environment"
	case vars.FromVarFile:
		return "var-file"
	default:
		return "argument"
	}
}
