package cli

import (
	"context"

	"github.com/packctl/packctl/internal/release"
)

// Operator acts on what runs.
type Operator interface {
	Restart(ctx context.Context, opt release.RestartOptions, obs release.Observer) (*release.Result, error)
	Exec(ctx context.Context, opt release.ExecOptions) (int, error)
}
