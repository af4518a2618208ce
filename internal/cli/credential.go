package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/release"
)

// CredentialOptions are the inputs of "packctl credential list" and "packctl credential rotate".
type CredentialOptions struct {
	Factory *Factory
	Pack    packFlags
	Cluster ClusterFlags
	Name    string // of the credential to be rotated
	Output  string
}

// NewCmdCredential makes "packctl credential".
func NewCmdCredential(f *Factory, runF func(context.Context, *CredentialOptions) error) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "credential",
		Short: "List and rotate the credentials of a release; never shows a value",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCmdCredentialList(f, runF), newCmdCredentialRotate(f, runF))
	return cmd
}

func newCmdCredentialList(f *Factory, runF func(context.Context, *CredentialOptions) error) *cobra.Command {
	opts := &CredentialOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "list <release or pack>",
		Short: "List a release's credentials: kind, where they are, since when, until when",
		Long: "list names the credentials of the revision that is in effect, with the Nomad Variables that have them, and of certificates when\n" +
			"they end; one that ends within 30 days is marked. SINCE is when its variable was last written: it is at least as old. No value\n" +
			"is shown. It needs the right to read nomad/jobs/* and packctl/*.",
		Example:           "  packctl credential list appstack\n  packctl credential list appstack -o json | jq -r '.credentials[] | select(.expiring) | .name'",
		Args:              oneRelease(&opts.Pack),
		ValidArgsFunction: f.completeReleases(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return credentialListRun(cmd.Context(), opts)
		},
	}
	opts.register(cmd)
	return cmd
}

func newCmdCredentialRotate(f *Factory, runF func(context.Context, *CredentialOptions) error) *cobra.Command {
	opts := &CredentialOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "rotate <release or pack> <credential>",
		Short: "Give a credential a new value, at every task that reads it",
		Long: "rotate makes a new password, key or certificate and writes it to every reader, under the release's lock. What Nomad then does\n" +
			"is up to each template's change_mode: restart (the default), signal, script, or nothing, for which 'packctl restart' is named.\n\n" +
			"A password whose volume holds data that was made with it is refused, with the way out; so is a credential that you supply.",
		Example:           "  packctl credential rotate appstack tls",
		Args:              opts.args,
		ValidArgsFunction: f.completeReleases(&opts.Pack, &opts.Cluster),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(cmd.Context(), opts)
			}
			return credentialRotateRun(cmd.Context(), opts)
		},
	}
	opts.register(cmd)
	return cmd
}

func (opts *CredentialOptions) register(cmd *cobra.Command) {
	opts.Pack.registerRelease(cmd)
	opts.Cluster.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "json")
}

// args takes the release and the credential.
func (opts *CredentialOptions) args(cmd *cobra.Command, args []string) error {
	if len(args) != 2 || args[0] == "" || args[1] == "" {
		return WithHint(fmt.Errorf("'%s' needs the name of a release or pack, and that of a credential", cmd.CommandPath()), "'packctl credential list' shows the names")
	}
	opts.Pack.Pack, opts.Name = args[0], args[1]
	return nil
}

func credentialListRun(ctx context.Context, opts *CredentialOptions) error {
	rel, engine, err := opts.Factory.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	list, err := engine.Credentials(ctx, rel.Name)
	if err != nil {
		return err
	}
	opts.Factory.view(opts.Output).Credentials(list)
	return nil
}

func credentialRotateRun(ctx context.Context, opts *CredentialOptions) error {
	v := opts.Factory.view(opts.Output)
	rel, engine, err := opts.Factory.running(opts.Pack, opts.Cluster)
	if err != nil {
		return err
	}
	done, err := engine.Rotate(ctx, release.RotateOptions{Release: rel.Name, Namespace: rel.Namespace, Name: opts.Name}, silent{})
	if err != nil {
		return err
	}
	v.Rotated(done)
	return nil
}
