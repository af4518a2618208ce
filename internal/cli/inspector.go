package cli

import (
	"context"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

// Inspector looks at releases and changes nothing.
type Inspector interface {
	Status(ctx context.Context, opt release.StatusOptions, show func(*release.Overview)) error
	List(ctx context.Context) ([]release.Entry, error)
	Where(ctx context.Context, name string) ([]release.JobPlace, error)
	Doctor(ctx context.Context, s *stack.Stack) (*release.Checkup, error)
}
