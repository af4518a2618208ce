package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
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

func TestEveryHelpSaysTheExitCodes(t *testing.T) {
	verbs := 0
	var look func(*cobra.Command)
	look = func(cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			look(c)
		}
		if !cmd.Runnable() || !cmd.HasParent() {
			return
		}
		verbs++
		_, codes, found := strings.Cut(cmd.Long, "Exit codes")
		if !found || !strings.Contains(codes, "\n  0  ") || !strings.Contains(codes, "\n  3  ") || strings.Count(cmd.Long, "Exit codes") != 1 {
			t.Errorf("the help of %s does not say the exit codes once:\n%s", cmd.CommandPath(), cmd.Long)
		}
	}
	look(NewCmdRoot(&Factory{Streams: &view.Streams{}}))
	if verbs < 25 {
		t.Errorf("only %d verbs were looked at", verbs)
	}
}
