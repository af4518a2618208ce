package cli

import (
	"context"

	"github.com/packctl/packctl/internal/release"
)

// Operator acts on what runs.
type Operator interface {
	Restart(ctx context.Context, opt release.RestartOptions, obs release.Observer) (*release.Result, error)
	Promote(ctx context.Context, opt release.PromoteOptions, obs release.Observer) (*release.Result, error)
	Exec(ctx context.Context, opt release.ExecOptions) (int, error)
	Destroy(ctx context.Context, opt release.DestroyOptions, obs release.Observer) (*release.Result, error)
	Credentials(ctx context.Context, name string) ([]release.CredentialState, error)
	Rotate(ctx context.Context, opt release.RotateOptions, obs release.Observer) (*release.Rotation, error)
}
