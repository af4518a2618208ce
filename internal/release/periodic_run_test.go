package release

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// nightly makes a job of a stack periodic.
func nightly(s *stack.Stack, i int) {
	s.Jobs[i].API.Periodic = &api.PeriodicConfig{Specs: []string{"0 3 * * *"}, SpecType: ptr("cron"), TimeZone: ptr("UTC")}
}

func TestARunDoesNotWaitForTheFirstLaunch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"cron"}, []string{"api"})
		nightly(s, 0)
		res, err, o := do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		want(t, f, "register cron", "register api", "unlock")
		if !strings.Contains(o.text, "job cron is periodic, first launch at 2000-01-01 03:00:00 UTC") {
			t.Errorf("it does not say when it is launched:\n%s", o.text)
		}
		s.Jobs[0].API.Name = ptr("changed")
		_, _, o = do(t, f, s, RunOptions{}, nil)
		if !strings.Contains(o.text, "job cron is periodic, next launch at") {
			t.Errorf("it does not say when the changed job is launched:\n%s", o.text)
		}
	})
}

func TestARunThatTakesTooLongDoesNotBlameWhatIsScheduled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"api", "cron"})
		f.auto = false
		nightly(s, 1)
		res, err, _ := do(t, f, s, RunOptions{Timeout: time.Minute}, nil)
		wantOutcome(t, res, err, TimedOut, "tier api")
		if strings.Contains(err.Error(), "cron") {
			t.Error(err)
		}
	})
}
