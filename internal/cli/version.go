package cli

import (
	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
)

// VersionOptions are the inputs of "packctl version".
type VersionOptions struct {
	Build  Build
	Output string
	View   func(format string) view.View
}

// NewCmdVersion makes "packctl version".
func NewCmdVersion(f *Factory, runF func(*VersionOptions) error) *cobra.Command {
	opts := &VersionOptions{Build: f.Build, View: f.view}
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which packctl this is",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(opts)
			}
			return versionRun(opts)
		},
	}
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func versionRun(opts *VersionOptions) error {
	b := opts.Build
	opts.View(opts.Output).Version(view.Version{
		Version: b.Version, Revision: b.Revision, Modified: b.Modified, Time: b.Time, Go: b.Go,
	})
	return nil
}
