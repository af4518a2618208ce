//go:build integration

package release_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

func TestScaleAgainstRealAgents(t *testing.T) {
	r := newReal(t)
	r.show(t, someAtOnce, []claim{
		{"1 → 3 → 1, until the surplus has ended, and a run sets the pack's count again", scaledUpAndDown},
		{"what cannot be is refused before anything is changed", scaleRefused},
		{"while a deployment runs, scale waits for its end", scaledDuringDeployment},
		{"two tiers of one job, one after the other", scaledTwoTiers},
		{"new instances that fail are told with their evidence", scaledFailing},
	})
}

func (r *real) scale(t *testing.T, name string, targets ...release.Target) (*release.Result, error, *events) {
	t.Helper()
	ev := &events{t: t}
	res, err := r.engine().Scale(t.Context(), release.ScaleOptions{Release: name, Targets: targets, Timeout: 60 * time.Second}, ev)
	return res, err, ev
}

// states counts a job's allocations by what they do.
func (r *real) states(t *testing.T, job string) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, a := range r.allocs(t, job) {
		n[a.ClientStatus]++
	}
	return n
}

func (r *real) version(t *testing.T, job string) uint64 {
	t.Helper()
	j, _, err := r.api.Jobs().Info(job, nil)
	if err != nil {
		t.Fatal(err)
	}
	return *j.Version
}

// slowEnd takes 3 seconds to end.
const slowEnd = `trap 'sleep 3; exit 0' TERM INT; while :; do sleep 0.2; done`

func scaledUpAndDown(t *testing.T, r *real) {
	s := newStack(t, "sc", []job{{name: "web", script: slowEnd, kill: "10s"}})
	t.Cleanup(func() { r.stop(t, "sc") })
	r.ok(t, s, release.Healthy)
	res, err, ev := r.scale(t, "sc", release.Target{Tier: "web", Count: 3})
	if err != nil || res.Outcome != release.Healthy || r.states(t, "sc-web")["running"] != 3 {
		t.Fatalf("outcome %q, error %v, states %v\n%s", res.Outcome, err, r.states(t, "sc-web"), ev.text())
	}
	t.Logf("1 → 3 took %s", res.Elapsed)
	status, _, err := r.api.Jobs().ScaleStatus("sc-web", nil)
	if err != nil || len(status.TaskGroups["web"].Events) == 0 || status.TaskGroups["web"].Events[0].Message != "packctl scale by the test" {
		t.Errorf("the scaling event does not say who did it: %+v, %v", status, err)
	}

	before := r.version(t, "sc-web")
	if res, err, _ = r.scale(t, "sc", release.Target{Tier: "web", Count: 3}); err != nil || res.Outcome != release.Unchanged || r.version(t, "sc-web") != before {
		t.Errorf("the same count again: outcome %q, error %v", res.Outcome, err)
	}

	res, err, ev = r.scale(t, "sc", release.Target{Tier: "web", Count: 1})
	if got := r.states(t, "sc-web"); err != nil || got["running"] != 1 || got["complete"] != 2 {
		t.Fatalf("outcome %q, error %v, states %v: it must not return before they have ended\n%s", res.Outcome, err, got, ev.text())
	}
	if !strings.Contains(ev.text(), "that it no longer wants still ending") || res.Elapsed < 3*time.Second {
		t.Errorf("it took %s and never said what it waits for:\n%s", res.Elapsed, ev.text())
	}
	t.Logf("3 → 1 took %s", res.Elapsed)

	if _, err, _ = r.scale(t, "sc", release.Target{Tier: "web", Count: 2}); err != nil {
		t.Fatal(err)
	}
	r.ok(t, s, release.Healthy)
	if job, _, err := r.api.Jobs().Info("sc-web", nil); err != nil || *job.TaskGroups[0].Count != 1 {
		t.Errorf("after a run: %v, %v", *job.TaskGroups[0].Count, err)
	}
}

func scaleRefused(t *testing.T, r *real) {
	s := newStack(t, "bounds", []job{
		{name: "web", script: forever},
		{name: "queue", script: forever, group: "scaling {\n enabled = true\n min = 1\n max = 3\n}"},
		{name: "lonely", script: forever, group: "constraint {\n operator = \"distinct_hosts\"\n value = \"true\"\n}"},
		{name: "seed", job: `type = "batch"`, script: "sleep 1"},
	})
	t.Cleanup(func() { r.stop(t, "bounds") })
	r.ok(t, s, release.Healthy)
	for name, c := range map[string]struct {
		target release.Target
		want   release.Outcome
		words  string
	}{
		"too many":          {release.Target{Tier: "queue", Count: 4}, release.Refused, "1 to 3"},
		"too few":           {release.Target{Tier: "queue", Count: 0}, release.Refused, "1 to 3"},
		"batch work":        {release.Target{Tier: "seed", Count: 2}, release.Refused, "batch"},
		"what has no place": {release.Target{Tier: "lonely", Count: 2}, release.Failed, "lonely"},
	} {
		res, err, _ := r.scale(t, "bounds", release.Target{Tier: "web", Count: 2}, c.target)
		if err == nil || res.Outcome != c.want || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: outcome %q, error %v", name, res.Outcome, err)
		}
		t.Logf("%s: %v", name, err)
	}
	if v := r.version(t, "bounds-web"); v != 0 {
		t.Errorf("the other tier was scaled: version %d", v)
	}
}

func scaledDuringDeployment(t *testing.T, r *real) {
	s := newStack(t, "dep", []job{{name: "web", script: forever, update: `min_healthy_time = "4s"
      healthy_deadline = "20s"
      progress_deadline = "30s"`}})
	t.Cleanup(func() { r.stop(t, "dep") })
	if _, err, _ := r.run(t, s, release.RunOptions{Detach: true}); err != nil {
		t.Fatal(err)
	}
	// Before its deployment exists Nomad scales a job without a word.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for q := (&api.QueryOptions{}).WithContext(ctx); ; {
		d, meta, err := r.api.Jobs().LatestDeployment("dep-web", q)
		if err != nil {
			t.Fatalf("no deployment: %v", err)
		}
		if d != nil && d.Status == "running" {
			break
		}
		q.WaitIndex = meta.LastIndex
	}
	res, err, ev := r.scale(t, "dep", release.Target{Tier: "web", Count: 2})
	if err != nil || res.Outcome != release.Healthy || r.states(t, "dep-web")["running"] != 2 {
		t.Fatalf("outcome %q, error %v", res.Outcome, err)
	}
	if !strings.Contains(ev.text(), "waits for deployment") {
		t.Errorf("it never said that it waits:\n%s", ev.text())
	}
	all, _, err := r.api.Jobs().Deployments("dep-web", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.Status != "successful" {
			t.Errorf("deployment of version %d is %s", d.JobVersion, d.Status)
		}
	}
}

func scaledTwoTiers(t *testing.T, r *real) {
	s, other := newStack(t, "duo", []job{{name: "web", script: forever}}), newStack(t, "duo", []job{{name: "queue", script: forever}})
	s.Jobs[0].API.TaskGroups = append(s.Jobs[0].API.TaskGroups, other.Jobs[0].API.TaskGroups...)
	s.Tiers = append(s.Tiers, other.Tiers[0])
	t.Cleanup(func() { r.stop(t, "duo") })
	r.ok(t, s, release.Healthy)
	res, err, ev := r.scale(t, "duo", release.Target{Tier: "web", Count: 2}, release.Target{Tier: "queue", Count: 3})
	if err != nil || res.Outcome != release.Healthy || r.states(t, "duo-web")["running"] != 5 {
		t.Fatalf("outcome %q, error %v, states %v\n%s", res.Outcome, err, r.states(t, "duo-web"), ev.text())
	}
}

func scaledFailing(t *testing.T, r *real) {
	s := newStack(t, "sick", []job{{name: "web", group: noSecondChance, script: `[ $NOMAD_ALLOC_INDEX = 0 ] || { echo no licence for a second one >&2; exit 9; }; ` + forever}})
	t.Cleanup(func() { r.stop(t, "sick") })
	r.ok(t, s, release.Healthy)
	res, err, _ := r.scale(t, "sick", release.Target{Tier: "web", Count: 2})
	failed(t, res, err, release.Failed, "web", "main", 9, "no licence")
	var typed *release.Error
	if errors.As(err, &typed) && !strings.Contains(typed.Hint, "the count stays") {
		t.Errorf("hint %q", typed.Hint)
	}
}
