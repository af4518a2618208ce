// Command jobspec2 is what packctl is measured against: Nomad's own parser alone, on every job file of a folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/nomad/jobspec2"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.nomad.hcl"))
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if _, err := jobspec2.ParseWithConfig(&jobspec2.ParseConfig{Path: name, BaseDir: dir, Body: text, Strict: true}); err != nil {
			return fmt.Errorf("parse %s: %w", name, err)
		}
	}
	return nil
}
