package cli

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
	"github.com/packctl/packctl/internal/cli/view"
)

// InfoOptions are the inputs of "packctl info".
type InfoOptions struct {
	Factory *Factory
	Pack    packFlags
	Output  string
}

// NewCmdInfo makes "packctl info".
func NewCmdInfo(f *Factory, runF func(*InfoOptions) error) *cobra.Command {
	opts := &InfoOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "info <pack>",
		Short: "Say what a pack is: its inputs, envs, tiers, credentials and volumes",
		Long: "info describes a pack: the variables it takes, the files of env/, and, for the values given, the tiers that it would\n" +
			"bring up, the credentials and volumes that must exist, and its outputs. It asks no cluster. Where a variable has no\n" +
			"value yet, all that depends on values is left out, and it says which are missing.",
		Example:           "  packctl info appstack\n  packctl info appstack -var env=prod -o json",
		Args:              f.onePack(&opts.Pack),
		ValidArgsFunction: f.completePacks,
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(opts)
			}
			return infoRun(opts)
		},
	}
	opts.Pack.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func infoRun(opts *InfoOptions) error {
	l, err := opts.Factory.load(opts.Pack)
	if err != nil {
		return err
	}
	v := opts.Factory.view(opts.Output)
	missing, wrong := l.missing()
	if wrong {
		v.Diagnostics(l.Diagnosed)
		return &ErrShown{Code: CodeUsage}
	}
	v.Described(describe(l, missing))
	return nil
}

// missing lists the variables without a value. wrong says that something else keeps the pack from being described.
func (l *loaded) missing() (names []string, wrong bool) {
	if l.Values != nil {
		for _, x := range l.Values.List {
			if !x.Value.IsWhollyKnown() && x.Variable.Required() {
				names = append(names, x.Variable.Name)
			}
		}
	}
	return names, slices.ContainsFunc(l.Diagnosed.Diags, func(d diag.Diagnostic) bool {
		return d.Severity == diag.Error && d.ID != "missing-variable"
	})
}

func describe(l *loaded, missing []string) view.Description {
	p := l.Pack
	d := view.Description{
		Name: p.Name, Version: p.Version, About: p.Description, Dir: p.Dir,
		Envs: p.EnvNames(), Env: l.Values.Env, Missing: missing,
	}
	for _, x := range l.Values.List {
		if v := x.Variable; v.File == "" {
			d.Inputs = append(d.Inputs, describeInput(v))
		}
	}
	if s := l.Stack; s != nil {
		d.Release = s.Release.Name
		for i, wave := range s.Waves {
			for _, t := range s.Tiers {
				if slices.Contains(wave, t.Job) {
					d.Tiers = append(d.Tiers, describeTier(t, i+1))
				}
			}
		}
		for _, c := range s.Credentials {
			d.Credentials = append(d.Credentials, describeCredential(c))
		}
		for _, vol := range s.Volumes {
			d.Volumes = append(d.Volumes, view.VolumeInfo{Label: vol.Label, Name: vol.Spec.Name, Plugin: vol.Spec.PluginID})
		}
		for _, h := range s.Hooks {
			d.Hooks = append(d.Hooks, describeHook(h))
		}
		for _, o := range s.Outputs {
			d.Outputs = append(d.Outputs, view.OutputValue{Name: o.Name, Description: o.Description, Value: o.Value})
		}
	}
	return d
}

// describeInput leaves out the default of a sensitive variable: it may be a password that somebody uses.
func describeInput(v *vars.Variable) view.InputInfo {
	n := view.InputInfo{
		Name: v.Name, Type: v.TypeName(), Description: v.Description,
		Required: v.Required(), Sensitive: v.Sensitive,
	}
	if !v.Sensitive {
		n.Default = v.Default
	}
	return n
}

func describeTier(t *stack.Tier, wave int) view.TierInfo {
	n := view.TierInfo{Name: t.Name, Job: t.JobID, Wave: wave, Type: t.Type, Count: t.Count, Services: t.Services}
	for _, need := range t.Needs {
		n.WaitsFor = append(n.WaitsFor, need.Name)
	}
	if t.Migrates {
		n.Migration = t.Prepare.Migration.Name
	}
	return n
}

func describeHook(h stack.Hook) view.HookInfo {
	n := view.HookInfo{Name: h.Name, Job: h.Job, Timeout: h.Timeout.String()}
	for _, on := range h.On {
		n.On = append(n.On, string(on.Event))
	}
	return n
}

func describeCredential(c stack.Credential) view.CredentialInfo {
	n := view.CredentialInfo{Name: c.Name, Items: c.Items(), Readers: c.Readers}
	switch {
	case c.Value != nil:
		n.How = "given by a variable"
	case !c.Generate:
		n.How = "must exist"
	case c.Password != nil:
		n.How = fmt.Sprintf("generated password of %d characters", c.Password.Length)
	case c.Bytes != nil:
		n.How = fmt.Sprintf("generated key of %d bytes in %s", c.Bytes.Length, c.Bytes.Encoding)
	case c.Certificate != nil && c.Certificate.Authority != nil:
		n.How = "generated certificate for " + c.Certificate.CommonName + ", signed by an authority of its own"
	case c.Certificate != nil:
		n.How = "generated certificate for " + c.Certificate.CommonName
	default:
		n.How = "generated"
	}
	return n
}
