package cli

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/packctl/packctl/internal/release"
)

func TestExitCode(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want Code
	}{
		"nothing wrong":                    {nil, 0},
		"a usage error":                    {WithHint(errors.New("x"), "y"), 1},
		"a pack with errors, already told": {&ErrShown{Code: CodeUsage}, 1},
		"no answer from the cluster":       {&release.Error{Outcome: release.Unreachable, Err: errors.New("x")}, 3},
		"a right is missing":               {&release.Error{Outcome: release.Denied, Err: errors.New("x")}, 3},
		"a tier failed":                    {&release.Error{Outcome: release.Failed, Err: errors.New("x")}, 4},
		"Nomad reverted":                   {&release.Error{Outcome: release.Reverted, Err: errors.New("x")}, 4},
		"the time was over":                {&release.Error{Outcome: release.TimedOut, Err: errors.New("x")}, 6},
		"Ctrl-C, told by the engine":       {&release.Error{Outcome: release.Interrupted, Err: context.Canceled}, 7},
		"Ctrl-C anywhere else":             {fmt.Errorf("read: %w", context.Canceled), 7},
		"somebody else changed it":         {&release.Error{Outcome: release.Conflict, Err: errors.New("x")}, 8},
		"somebody else works on it":        {fmt.Errorf("run: %w", &release.Error{Outcome: release.Locked, Err: errors.New("x")}), 8},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exitCode(tc.err); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}
