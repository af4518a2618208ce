package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// version is set by the linker for a release: -ldflags "-X main.version=1.2.3".
var version string

func newVersionCmd(h host) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintln(h.stdout, "sidecar "+buildVersion())
			return nil
		},
	}
}

func buildVersion() string {
	if version == "" {
		return "devel"
	}
	return version
}
