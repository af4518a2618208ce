package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// approval are the flags of verbs that ask before they destroy something.
type approval struct {
	Auto  bool
	Adopt bool
}

func (a *approval) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.Auto, "auto-approve", false, "say yes to what would be asked: stopping, removing, undoing what was changed by hand, adopting, another env")
	cmd.Flags().BoolVar(&a.Adopt, "adopt", false, "take over jobs of the pack that belong to another release or to nobody, after asking")
}

// asker asks the person at the terminal, and is nil where there is none: then nothing is approved.
func (f *Factory) asker(format string, v view.View) func(context.Context, *release.Plan) (bool, error) {
	if format == "json" || !f.Streams.InTTY || !f.Streams.ErrTTY {
		return nil
	}
	return func(ctx context.Context, p *release.Plan) (bool, error) {
		answer := make(chan bool, 1)
		go func() { answer <- v.Approve(p) }() // a read of a terminal cannot be interrupted
		select {
		case yes := <-answer:
			return yes, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}
