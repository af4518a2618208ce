package monitor

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packctl/packctl/internal/nomad"
	"github.com/packctl/packctl/internal/status"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var me = Identity{Release: "appstack", Namespace: "default"}

func TestBanner(t *testing.T) {
	with := func(name string, state status.State) func() Sample {
		return func() Sample {
			ts := appTiers()
			for i := range ts {
				if ts[i].name == name {
					ts[i].state = state
				}
			}
			return build(ts)
		}
	}
	for name, tc := range map[string]struct {
		sample func() Sample
		level  Level
		title  string
		detail string
		causes string // "<tier>: <blocked>, …"
	}{
		"all well":                 {healthySample, LevelOK, "All 9 tiers healthy", "11 healthy instances", ""},
		"one stopped on purpose":   {with("mail", status.Stopped), LevelOK, "8 tiers healthy, 1 stopped", "10 healthy instances", ""},
		"nothing is registered":    {func() Sample { return Sample{Time: t0} }, LevelOff, `No job of release "appstack" is registered`, "", ""},
		"the database comes up":    {waitingSample, LevelBusy, "postgres is running, its checks do not pass yet", "4 of 9 tiers healthy", "postgres: backend, celery-beat, celery-worker, nginx"},
		"a tier failed":            {failedSample, LevelBad, "backend failed", "6 of 9 tiers healthy", "backend: celery-worker"},
		"the gate asks for others": {func() Sample { return build([]tierSpec{gated()}) }, LevelBusy, "backend is waiting for billing", "0 of 1 tiers healthy", "backend: "},
		"a stopped tier is needed": {func() Sample {
			s := with("backend", status.Waiting)()
			return replaceState(s, "postgres", status.Stopped)
		}, LevelBusy, "postgres is stopped, and others need it", "7 of 9 tiers healthy", "postgres: backend"},
		"a failure hides who is only on the way": {func() Sample {
			return replaceState(with("mail", status.Starting)(), "redis", status.Failed)
		}, LevelBad, "redis failed", "7 of 9 tiers healthy", "redis: ; mail: "},
		"two failures, one because of the other": {func() Sample {
			return replaceState(with("backend", status.Unhealthy)(), "redis", status.Failed)
		}, LevelBad, "redis failed", "7 of 9 tiers healthy", "redis: backend"},
		"a cycle of waiting tiers is not called healthy": {func() Sample {
			a := tierSpec{job: "j", name: "a", needs: []string{"b"}, services: []string{"a"}, n: 1, state: status.Waiting}
			b := tierSpec{job: "j", name: "b", needs: []string{"a"}, services: []string{"b"}, n: 1, state: status.Waiting}
			return build([]tierSpec{a, b})
		}, LevelBusy, "a and b are on their way", "0 of 2 tiers healthy", "a: ; b: "},
		"everything is stopped": {func() Sample {
			s := healthySample()
			for _, tier := range s.Tiers {
				s = replaceState(s, tier.Name, status.Stopped)
			}
			return s
		}, LevelOff, `Release "appstack" is stopped`, "", ""},
		"Nomad does not answer": {func() Sample { return nomadDown(Sample{}, t0) }, LevelUnknown, "Nomad is unreachable",
			"list the jobs: dial unix /secrets/api.sock: connect: connection refused", ""},
		"Nomad answers that it must not": {func() Sample {
			return Sample{Faults: map[Part]error{Nomad: &nomad.DeniedError{Address: "unix:///s", Doing: "list the jobs", Err: errors.New("403")}}}
		}, LevelUnknown, "Nomad refuses the monitor's token", "Nomad at unix:///s refuses to list the jobs: 403", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := decide(me, nil, tc.sample(), t0).Page.Banner
			var causes []string
			for _, c := range b.Causes {
				causes = append(causes, c.Name+": "+strings.Join(c.Blocks, ", "))
			}
			if b.Level != tc.level || b.Title != tc.title || b.Detail != tc.detail || strings.Join(causes, "; ") != tc.causes {
				t.Errorf("got %s %q %q %q\nwant %s %q %q %q", b.Level, b.Title, b.Detail, strings.Join(causes, "; "), tc.level, tc.title, tc.detail, tc.causes)
			}
		})
	}
}

func gated() tierSpec {
	return tierSpec{job: "j", name: "backend", needs: []string{"billing"}, services: []string{"backend"}, n: 1, state: status.Waiting,
		gate: gateOn("billing", "503", []string{"billing", "postgres"})}
}

func replaceState(s Sample, name string, to status.State) Sample {
	for i := range s.Tiers {
		if s.Tiers[i].Name == name {
			s.Tiers[i].State = to
		}
	}
	return s
}

func TestTiersComeInDependencyOrderHoweverTheyAreListed(t *testing.T) {
	specs := appTiers()
	for range 20 {
		slices.Reverse(specs)
		specs = append(specs[3:], specs[:3]...)
		place := map[string]int{}
		page := decide(me, nil, build(specs), t0).Page
		for i, tier := range page.Tiers {
			place[tier.Name] = i
		}
		for _, tier := range page.Tiers {
			for _, n := range tier.Needs {
				if place[n.Name] >= place[tier.Name] {
					t.Fatalf("%s stands before %s, which it needs", tier.Name, n.Name)
				}
				if n.Tier == "" || n.Level != LevelOK {
					t.Errorf("the need %+v of %s is not resolved", n, tier.Name)
				}
			}
		}
	}
}

// TestAnOutage reads as a timeline.
func TestAnOutage(t *testing.T) {
	at := func(sec int) time.Time { return t0.Add(time.Duration(sec) * time.Second) }
	seen := func(s Sample, sec int) Sample { s.Time = at(sec); return s }
	news := func(d Decision) string {
		var out []string
		for _, c := range d.New {
			out = append(out, fmt.Sprintf("%s %s>%s", c.Name, c.From, c.To))
		}
		return strings.Join(out, ", ")
	}
	var d Decision
	for _, step := range []struct {
		sec     int
		sample  Sample
		changed bool
		news    string
		stale   bool
		title   string
		asOf    int
	}{
		{0, seen(healthySample(), 0), true, "", false, "All 9 tiers healthy", 0},
		{15, seen(healthySample(), 15), false, "", false, "All 9 tiers healthy", 15},
		{20, seen(failedSample(), 20), true, "mail healthy>stopped, backend healthy>failed, celery-worker healthy>waiting", false, "backend failed", 20},
		{30, nomadDown(Sample{}, at(30)), true, "Nomad >unreachable", true, "Nomad is unreachable", 20},
		{33, nomadDown(Sample{}, at(33)), false, "", true, "Nomad is unreachable", 20},
		{60, seen(healthySample(), 60), true, "Nomad >reachable, mail stopped>healthy, backend failed>healthy, celery-worker waiting>healthy", false, "All 9 tiers healthy", 60},
		{70, consulDown(seen(healthySample(), 70)), true, "Consul >unreachable", false, "All 9 tiers healthy", 70},
	} {
		d = decide(me, d.Page, step.sample, at(step.sec))
		if d.Changed != step.changed || news(d) != step.news || d.Page.Stale != step.stale || d.Page.Banner.Title != step.title || !d.Page.Time.Equal(at(step.asOf)) {
			t.Fatalf("at %d s: changed %v, news %q, stale %v, title %q, as of %s\nwant %v, %q, %v, %q, %s", step.sec, d.Changed, news(d), d.Page.Stale,
				d.Page.Banner.Title, d.Page.Time, step.changed, step.news, step.stale, step.title, at(step.asOf))
		}
		if len(d.Page.Tiers) != 9 {
			t.Fatalf("at %d s: %d tiers", step.sec, len(d.Page.Tiers))
		}
	}
	if b := find(d.Page.Tiers, "appstack-app/backend"); !b.Since.Equal(at(60)) {
		t.Errorf("backend is healthy since %s, want the moment of its change", b.Since)
	}
	if d.Page.Changes[0].Name != "Consul" || len(d.Page.Changes) != 9 {
		t.Errorf("the newest of %d changes is %s", len(d.Page.Changes), d.Page.Changes[0].Name)
	}
}

func TestListsAreNeverNullInJSON(t *testing.T) {
	for name, s := range map[string]Sample{"nothing there": {Time: t0}, "Nomad down from the start": nomadDown(Sample{}, t0)} {
		raw, err := json.Marshal(decide(me, nil, s, t0).Page)
		if err != nil || strings.Contains(string(raw), "null") {
			t.Errorf("%s: %s %v", name, raw, err)
		}
	}
}

func TestATierThatIsGoneIsNewsAndLeavesThePage(t *testing.T) {
	first := decide(me, nil, healthySample(), t0)
	rest := slices.DeleteFunc(appTiers(), func(ts tierSpec) bool { return ts.name == "mail" })
	d := decide(me, first.Page, build(rest), t0.Add(time.Minute))
	if len(d.New) != 1 || d.New[0].Name != "mail" || d.New[0].To != "gone" || len(d.Page.Tiers) != 8 {
		t.Errorf("got %+v with %d tiers", d.New, len(d.Page.Tiers))
	}
}

func TestANeedNeverShowsTheAddressThatMayHoldAPassword(t *testing.T) {
	s := healthySample()
	g := s.Observation.Jobs[0].Job.TaskGroups[0]
	g.Tasks[0].Env["PACKCTL_PREPARE"] = `{"wait_for":[{"name":"db","kind":"postgres","postgres":{"url":"postgres://u:hunter2@db/x"}},` +
		`{"name":"api","kind":"http","http":{"url":"https://u:hunter2@api/"}}]}`
	raw, err := json.Marshal(decide(me, nil, s, t0).Page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), `"what":"PostgreSQL"`) || strings.Contains(string(raw), "hunter2") {
		t.Errorf("got %s", raw)
	}
}

func TestThePageAsJSON(t *testing.T) {
	first := decide(me, nil, healthySample(), t0.Add(-time.Minute))
	got, err := json.MarshalIndent(decide(me, first.Page, failedSample(), t0).Page, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "failed.json", append(got, '\n'))
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs; look at what changed with: go test ./sidecars/monitor -update && git diff", path)
	}
}

func TestTheChart(t *testing.T) {
	page := decide(me, nil, healthySample(), t0).Page
	c := chart(page.Tiers)
	if len(c.Boxes) != 7 { // mail and monitor need nobody and nobody needs them
		t.Errorf("%d boxes", len(c.Boxes))
	}
	if len(c.Lines) != 7 { // celery-worker's needs of postgres and redis are told by its need of backend
		t.Errorf("%d lines", len(c.Lines))
	}
	taken := map[string]string{}
	for _, b := range c.Boxes {
		at := fmt.Sprint(b.X, ",", b.Y)
		if other, ok := taken[at]; ok {
			t.Errorf("%s lies on %s", b.ID, other)
		}
		taken[at] = b.ID
		if b.X < 0 || b.Y < 0 || b.X+boxW > c.W || b.Y+boxH > c.H {
			t.Errorf("%s at %s lies outside of %d x %d", b.ID, at, c.W, c.H)
		}
	}
	if chart(page.Tiers[:0]) != nil {
		t.Error("a chart of nothing")
	}
	a := Tier{ID: "a", Needs: []Need{{Tier: "b"}}}
	b := Tier{ID: "b", Needs: []Need{{Tier: "a"}}}
	if c := chart([]Tier{a, b}); len(c.Boxes) != 2 {
		t.Errorf("a cycle gives %d boxes", len(c.Boxes))
	}
}
