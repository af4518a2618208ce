package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/packctl/packctl/hcl/vars"
)

// packFlags say which pack, as what, with which values. render, validate, run and stop share them.
type packFlags struct {
	Pack      string // name in ./packs, or a path
	Name      string // of the release; default: the pack's name
	Namespace string
	Vars      []string // "name=value", in the order given
	VarFiles  []string
	Reset     bool // forget what the release remembers

	remembered vars.Remembered // what it does remember
}

func (p *packFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringArrayVar(&p.Vars, "var", nil, "set a variable: `name=value` (repeatable; -var env=prod also picks env/prod.hcl)")
	fs.StringArrayVar(&p.VarFiles, "var-file", nil, "read variables from a `file` (repeatable, the last one wins)")
	fs.StringVar(&p.Name, "name", "", "the `release` name (default: the pack's name)")
	fs.StringVar(&p.Namespace, "namespace", "", "the Nomad `namespace` (default: NOMAD_NAMESPACE, or \"default\")")
}

// registerMemory registers what verbs take that keep the values of the release.
func (p *packFlags) registerMemory(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&p.Reset, "reset-values", false, "forget the env and the values that the release was given before")
}

// registerRelease registers the flags of verbs that work on a release and need no pack.
func (p *packFlags) registerRelease(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.Name, "name", "", "the `release` name (default: the argument)")
	cmd.Flags().StringVar(&p.Namespace, "namespace", "", "the Nomad `namespace` (default: NOMAD_NAMESPACE, or \"default\")")
}

// ClusterFlags override Nomad's and Consul's own environment variables. Zero values leave them alone.
type ClusterFlags struct {
	Address   string
	Region    string
	Token     string
	Namespace string
}

func (c *ClusterFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&c.Address, "address", "", "`URL` of the Nomad API (default: NOMAD_ADDR, or http://127.0.0.1:4646)")
	fs.StringVar(&c.Region, "region", "", "the Nomad `region` (default: NOMAD_REGION)")
	fs.StringVar(&c.Token, "token", "", "the Nomad ACL `token` (default: NOMAD_TOKEN)")
}

// outputFlag registers -o with the formats that the verb knows; the first is the default.
func outputFlag(cmd *cobra.Command, value *string, formats ...string) {
	v := &choice{value: value, allowed: formats}
	*value = formats[0]
	cmd.Flags().VarP(v, "output", "o", "`format` of the result: "+strings.Join(formats, " or "))
}

// choice is a flag that takes one of a few words.
type choice struct {
	value   *string
	allowed []string
}

var _ pflag.Value = (*choice)(nil)

func (c *choice) String() string { return *c.value }
func (c *choice) Type() string   { return "format" }

func (c *choice) Set(s string) error {
	for _, a := range c.allowed {
		if s == a {
			*c.value = s
			return nil
		}
	}
	return errChoice{allowed: c.allowed}
}

// errChoice says which words a flag takes.
type errChoice struct{ allowed []string }

func (e errChoice) Error() string { return "it takes " + strings.Join(e.allowed, " or ") }

// longFlags turns the single-dash long flags that Nomad's users type ("-var x=y", "-var-file=f") into the double-dash
// ones that pflag knows. Only names of flags that exist somewhere in the tree are touched, so shorthands ("-o json",
// "-ojson") keep their meaning; the value of a flag and everything after "--" stay as they are.
func longFlags(root *cobra.Command, args []string) []string {
	takesValue := flagNames(root)
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		if len(arg) < 2 || arg[0] != '-' {
			out = append(out, arg)
			continue
		}
		name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if value, known := takesValue[name]; known {
			if !strings.HasPrefix(arg, "--") && len(name) > 1 {
				arg = "-" + arg
			}
			out = append(out, arg)
			if value && !hasValue && i+1 < len(args) {
				i++
				out = append(out, args[i])
			}
			continue
		}
		out = append(out, arg)
	}
	return out
}

// flagNames lists every flag and shorthand of a command tree, and whether it takes a value.
func flagNames(root *cobra.Command) map[string]bool {
	names := map[string]bool{"help": false, "h": false}
	var walk func(*cobra.Command)
	add := func(f *pflag.Flag) {
		names[f.Name] = f.NoOptDefVal == ""
		if f.Shorthand != "" {
			names[f.Shorthand] = f.NoOptDefVal == ""
		}
	}
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(add)
		c.PersistentFlags().VisitAll(add)
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	return names
}
