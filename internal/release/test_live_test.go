package release

import (
	"testing"
	"testing/synctest"

	"github.com/packctl/packctl/hcl/spec"
)

// TestTestingARelease: by the hooks of what runs, and nothing of the release is changed.
func TestTestingARelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		addHook(s, "smoke", 0, spec.PostUpgrade, spec.Test)
		addHook(s, "load", 0, spec.Test)
		test := func() (*Result, error) {
			return New(Deps{Nomad: f}).Test(t.Context(), TestOptions{Release: "shop"}, &told{})
		}
		res, err := test()
		wantOutcome(t, res, err, Refused, "has no revision")
		res, err, _ = do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		res, err = test()
		wantOutcome(t, res, err, Healthy)
		if got := ran(res); got != "test/smoke test/load" {
			t.Errorf("it ran %q", got)
		}
		f.becomes = map[string]string{"smoke": "failed"}
		res, err = test()
		wantOutcome(t, res, err, Failed, "hook smoke of test", "nothing of the release was changed")
		want(t, f, "register db", "unlock", "register smoke", "register load", "unlock", "register smoke", "unlock")
		if got := outcomes(kept(t, f)); got != "1 healthy" {
			t.Errorf("a test made a revision: %s", got)
		}
	})
}
