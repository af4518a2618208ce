package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// overview is a release of which one tier waits, one is unhealthy and one is well.
func overview() *release.Overview {
	two := int64(2)
	list := tiers(
		status.Tier{State: status.Healthy, Healthy: 1, Instances: []status.Instance{{Alloc: "0a1b2c3d-1111", Node: "ci-1", Version: 3, State: status.Healthy,
			Since: at(-60), Checks: []status.Check{{Name: "ready", Status: "passing"}}}}},
		status.Tier{State: status.Unhealthy, Healthy: 1, Reason: `check "ready" of service shop-backend is critical: refused`, Instances: []status.Instance{
			{Alloc: "1a1b2c3d-1111", Node: "ci-1", Version: 4, State: status.Unhealthy, Since: at(-5),
				Tasks:  []status.Task{{Name: "api", State: "running", Restarts: 2, ExitCode: 3}},
				Checks: []status.Check{{Name: "ready", Status: "critical", Output: "refused"}}},
			{Alloc: "2a1b2c3d-1111", Index: 1, Node: "ci-2", Version: 4, State: status.Healthy, Since: at(-3600)}}},
		status.Tier{State: status.Waiting, Reason: "waiting for broker: nothing listens there, and a line that is far too long for eighty cells goes on and on",
			Instances: []status.Instance{{Alloc: "3a1b2c3d-1111", Node: "ci-2", Version: 4, State: status.Waiting, Since: at(-12)}}})
	return &release.Overview{Release: "shop", Namespace: "web", Pack: "shop", Time: at(0), Tiers: list,
		Jobs: []release.JobOverview{{ID: "shop-data", Type: "service", Version: 3, Submitted: at(-60), Deployment: "successful"},
			{ID: "shop-app", Type: "service", Version: 4, Submitted: at(-4000), Deployment: "running"}},
		Gates: []release.Gate{{Tier: "backend", Job: "shop-app", Name: "postgres", Open: true},
			{Tier: "celery-worker", Job: "shop-app", Name: "broker", Reason: "nothing listens there"}},
		Scalings: []release.Scaling{{Time: at(-100).In(time.Local), Tier: "backend", Job: "shop-app", From: 1, To: &two, Message: "packctl scale by ann@laptop"}},
		Volumes:  []release.VolumeState{{Name: "shop-data", State: "ready", Node: "ci-1", Tiers: []string{"postgres"}}, {Name: "shop-tmp", State: "missing"}},
		Notes:    []string{"scaling events are not shown: denied"}}
}

func TestStatusFitsATerminal(t *testing.T) {
	time.Local = time.UTC
	var out, err bytes.Buffer
	s := streams(&out, &err)
	s.OutTTY, s.Size = true, func() (int, int) { return 80, 24 }
	NewHuman(s).Status(overview())
	golden(t, "status-80.txt", out.String())
	if err.Len() > 0 {
		t.Errorf("talk: %q", err.String())
	}
}

func TestWatchedStatusIsRepaintedInPlace(t *testing.T) {
	time.Local = time.UTC
	scr := &screen{t: t, width: 80}
	s := &Streams{Out: scr, Err: &bytes.Buffer{}, OutTTY: true, Size: func() (int, int) { return 80, 12 }}
	h := NewHuman(s)
	h.StatusAgain(overview())
	o := overview()
	o.Jobs, o.Tiers = o.Jobs[:1], o.Tiers[:1]
	o.Gates, o.Scalings, o.Volumes, o.Notes, o.Healthy = nil, nil, nil, nil, true
	h.StatusAgain(overview())
	if n := len(strings.TrimRight(strings.Join(scr.lines, "\n"), "\n")); n == 0 || len(scr.lines) > 12 {
		t.Errorf("%d lines: %q", len(scr.lines), scr.lines)
	}
	h.StatusAgain(o)
	text := strings.TrimRight(strings.Join(scr.lines, "\n"), "\n ")
	if strings.Contains(text, "celery") || strings.Count(text, "shop-data") != 1 || !strings.Contains(text, "healthy") {
		t.Errorf("the screen shows\n%s", text)
	}
}

func TestWatchedStatusThroughAPipe(t *testing.T) {
	var out bytes.Buffer
	h := NewHuman(&Streams{Out: &out, Err: &bytes.Buffer{}})
	h.StatusAgain(overview())
	h.StatusAgain(overview())
	o := overview()
	o.Tiers[1].State, o.Tiers[1].Healthy = status.Healthy, 2
	h.StatusAgain(o)
	if got := strings.Count(out.String(), "\n"); got != 4 || !strings.Contains(out.String(), "backend: healthy 2/2") {
		t.Errorf("%d lines:\n%s", got, out.String())
	}
}

func TestStatusAsJSON(t *testing.T) {
	var out bytes.Buffer
	j := NewJSON(&Streams{Out: &out, Err: &bytes.Buffer{}})
	j.StatusAgain(overview())
	later := overview()
	later.Time = at(9)
	j.StatusAgain(later)
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("the same was written %d times", n)
	}
	later.Healthy = true
	j.StatusAgain(later)
	j.Status(later)
	dec := json.NewDecoder(&out)
	for range 3 {
		var got release.Overview
		if err := dec.Decode(&got); err != nil || len(got.Tiers) != 3 || got.Gates[1].Reason == "" {
			t.Errorf("%v, %+v", err, got)
		}
	}
}

func TestReleasesAsATable(t *testing.T) {
	time.Local = time.UTC
	var out bytes.Buffer
	h := NewHuman(&Streams{Out: &out, Err: &bytes.Buffer{}})
	h.Releases([]release.Entry{
		{Release: "appstack", Namespace: "default", Pack: "appstack", Version: "1.4.0", Revision: 12, Jobs: 4, State: release.ListRunning, Submitted: at(0)},
		{Release: "shop", Namespace: "web", Jobs: 1, State: release.ListStopped, Submitted: at(3600)}})
	golden(t, "list.txt", out.String())
	out.Reset()
	NewJSON(&Streams{Out: &out, Err: &bytes.Buffer{}}).Releases(nil)
	if got := strings.Join(strings.Fields(out.String()), ""); got != `{"releases":[]}` {
		t.Errorf("got %s", got)
	}
}
