package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/sidecars/migrate"
)

// tellVersion leaves the version that this image's migration leads to for the task that takes the schema back to it.
func tellVersion(ctx context.Context, h host, what *spec.Prepare) error {
	if what.Migration == nil || what.Migration.Down == nil {
		return &usageError{errors.New("there is no down block whose version could be told")}
	}
	version, err := migrate.Version(ctx, what.Migration.Down.Version, h.environ, h.stderr)
	if err != nil {
		return fmt.Errorf("ask for the version of migration %q: %w", what.Migration.Name, err)
	}
	if err := os.WriteFile(versionFile(h), []byte(version), 0o644); err != nil { // another user's task reads it
		return fmt.Errorf("leave the version: %w", err)
	}
	return nil
}

func versionFile(h host) string {
	return filepath.Join(h.getenv("NOMAD_ALLOC_DIR"), spec.VersionFile)
}

// backwards is a migration that takes the schema back. SQL files need nothing else than their version; a command's is the one
// that the older version's image has told.
func backwards(h host, m spec.Migration) (spec.Migration, error) {
	if m.SQL != "" {
		return m, nil
	}
	if m.Down == nil {
		return m, &usageError{fmt.Errorf("migration %q has no down block", m.Name)}
	}
	text, err := os.ReadFile(versionFile(h))
	if err != nil {
		return m, fmt.Errorf("read the version to go back to: %w", err)
	}
	version := strings.TrimSpace(string(text))
	if version == "" {
		return m, &usageError{errors.New("the version to go back to is empty")}
	}
	m.Command = append(slices.Clone(m.Down.Command), version)
	return m, nil
}
