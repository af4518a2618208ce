package view

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with testdata/name and checks that nothing is wider than 80 cells.
func golden(t *testing.T, name, got string) {
	t.Helper()
	for _, line := range strings.Split(got, "\n") {
		if w := ansi.StringWidth(line); w > 80 && !strings.HasSuffix(name, ".json") && name != "live-pipe.txt" {
			t.Errorf("a line of %d cells: %q", w, line)
		}
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func streams(out, err *bytes.Buffer) *Streams { return &Streams{Out: out, Err: err, ErrTTY: true} }

var began = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }

func tiers(pg, api, worker status.Tier) []status.Tier {
	pg.Name, pg.Job, pg.Desired = "postgres", "shop-data", 1
	api.Name, api.Job, api.Desired = "backend", "shop-app", 2
	worker.Name, worker.Job, worker.Desired = "celery-worker", "shop-app", 2
	return []status.Tier{pg, api, worker}
}

// story is a run as the engine would tell it.
func story() []release.Event {
	unsubmitted := status.Tier{State: status.Unsubmitted}
	healthy := func(n int) status.Tier { return status.Tier{State: status.Healthy, Healthy: n} }
	waiting := status.Tier{State: status.Waiting, Reason: "service shop-postgres has 0 of 1 passing instances"}
	return []release.Event{
		{Time: at(0), Phase: release.PhasePlan, Message: "planning release shop of pack shop"},
		{Time: at(1), Phase: release.PhaseCredentials, Message: "made the credential db for shop-app and shop-data"},
		{Time: at(1), Phase: release.PhaseCredentials, Level: release.Warn, Message: "the release has jobs that the pack no longer has: shop-adminer"},
		{Time: at(2), Phase: release.PhaseSubmit, Message: "submitted job shop-data", Job: "shop-data",
			Tiers: tiers(status.Tier{State: status.Pending}, unsubmitted, unsubmitted)},
		{Time: at(5), Phase: release.PhaseWatch, Tiers: tiers(status.Tier{State: status.Checking, Reason: "check \"pg_isready\" is critical:\nno response"}, unsubmitted, unsubmitted)},
		{Time: at(6), Phase: release.PhaseWatch, Tiers: tiers(status.Tier{State: status.Checking, Reason: "check \"pg_isready\" is critical:\nno response"}, unsubmitted, unsubmitted)},
		{Time: at(75), Phase: release.PhaseSubmit, Message: "submitted job shop-app", Tiers: tiers(healthy(1), waiting, status.Tier{State: status.Pending})},
		{Time: at(80), Phase: release.PhaseWatch, Tiers: tiers(healthy(1), status.Tier{State: status.Migrating, Reason: "migration schema"},
			status.Tier{State: status.Waiting, Reason: "service shop-backend has 0 of 1 passing instances, and then some more words so that the line is too long"})},
	}
}

func TestLivePipe(t *testing.T) {
	var out, errs bytes.Buffer
	v := NewHuman(&Streams{Out: &out, Err: &errs})
	for _, e := range story() {
		v.Event(e)
	}
	if out.Len() > 0 {
		t.Errorf("talk on stdout: %q", out.String())
	}
	golden(t, "live-pipe.txt", errs.String())
}

func TestLiveTerminal(t *testing.T) {
	s := &screen{t: t, width: 80}
	v := NewHuman(&Streams{Err: s, ErrTTY: true, Color: true, Size: func() (int, int) { return 80, 24 }})
	var pictures strings.Builder
	for i, e := range story() {
		v.Event(e)
		if i == 2 || i >= 4 {
			pictures.WriteString("--- after " + short(e.Time.Sub(began)) + "\n" + s.String())
		}
	}
	v.end()
	golden(t, "live-terminal.txt", pictures.String())
}

func TestTimesGoOnBetweenEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &screen{t: t, width: 80, painted: make(chan struct{}, 1)}
		v := NewHuman(&Streams{Err: s, ErrTTY: true})
		start := time.Now()
		v.Event(release.Event{Time: began, Tiers: tiers(status.Tier{State: status.Starting}, status.Tier{}, status.Tier{})})
		for time.Since(start) < 7*time.Second {
			<-s.painted
			synctest.Wait() // the picture is whole
		}
		v.Error(errors.New("interrupted"), "") // ends the picture
		if !strings.Contains(s.String(), "starting    0/1       7s") {
			t.Errorf("no 7 s in\n%s", s)
		}
		<-s.painted
		select {
		case <-s.painted:
			t.Errorf("it was painted after its end:\n%s", s)
		case <-time.After(5 * time.Second):
		}
	})
}

func TestLiveSmallTerminal(t *testing.T) {
	s := &screen{t: t, width: 40}
	v := NewHuman(&Streams{Err: s, ErrTTY: true, Size: func() (int, int) { return 40, 6 }})
	for _, e := range story() {
		v.Event(e)
	}
	v.end()
	golden(t, "live-small.txt", s.String())
}

// Nothing of the old picture is left when the window becomes narrower, and later wider, in the midst of it.
func TestAResizedWindowIsRepaintedWhole(t *testing.T) {
	s := &screen{t: t, width: 80}
	v := NewHuman(&Streams{Err: s, ErrTTY: true, Size: func() (int, int) { return s.width, 30 }})
	events := story()
	for i, e := range events {
		switch i {
		case len(events) - 2:
			s.resize(43)
		case len(events) - 1:
			s.resize(80)
		}
		v.Event(e)
	}
	v.end()
	golden(t, "live-resized.txt", s.String())
}

func TestEveryRepaintIsOneWrite(t *testing.T) {
	var w countingWriter
	v := NewHuman(&Streams{Err: &w, ErrTTY: true})
	for _, e := range story() {
		v.Event(e)
	}
	v.end()
	if int(w) != len(story())+1 { // end cleans its line
		t.Errorf("%d writes for %d events", w, len(story()))
	}
}

type countingWriter int

func (c *countingWriter) Write(p []byte) (int, error) { *c++; return len(p), nil }

func failed() *release.Result {
	return &release.Result{
		Outcome: release.Failed, Release: "shop", Namespace: "default", Elapsed: 95 * time.Second,
		Failures: []release.Failure{
			{
				Tier: "backend", Job: "shop-app", Alloc: "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", Node: "ci-1", Task: "api",
				ExitCode: 3, Event: "Exit Code: 3, Exit Message: \"Docker container exited with non-zero exit code: 3\"",
				Reason: "task api failed 3 times",
				Logs:   []string{"Traceback (most recent call last):", "  File \"main.py\", line 1", "\x1b[31mRuntimeError: no database\x1b[0m"},
			},
			{
				Tier: "nginx", Job: "shop-edge", Alloc: "ffffffff-4e5f-6071-8293-a4b5c6d7e8f9", Reason: "a check does not pass",
				Check: "front door", Output: "HTTP GET https://127.0.0.1:8443/: 502 Bad Gateway\nOutput: upstream",
			},
			{Tier: "redis", Job: "shop-data", Reason: "no node has the driver docker"},
		},
	}
}

func outputs() []stack.Output {
	return []stack.Output{
		{Name: "front_door", Value: "https://localhost:8443/", Description: "The application"},
		{Name: "monitor", Value: "https://localhost:8443/monitor"},
	}
}

func TestFinished(t *testing.T) {
	healthy := &release.Result{
		Outcome: release.Healthy, Release: "shop", Submitted: []string{"shop-app", "shop-data"}, Unchanged: []string{"shop-edge"},
		Tiers: make([]status.Tier, 9), Elapsed: 83 * time.Second,
	}
	unchanged := &release.Result{Outcome: release.Unchanged, Release: "shop", Tiers: make([]status.Tier, 9), Elapsed: 400 * time.Millisecond}
	stopped := &release.Result{Outcome: release.Healthy, Release: "shop", Stopped: []string{"shop-edge", "shop-app"}, Tiers: []status.Tier{{Name: "web", State: status.Stopped}}, Elapsed: 4 * time.Second}
	scaled := &release.Result{Outcome: release.Healthy, Release: "shop", Submitted: []string{"shop-app"}, Elapsed: 12 * time.Second,
		Scaled: []release.Scaled{{Tier: "web", Job: "shop-app", From: 1, To: 3}, {Tier: "queue", Job: "shop-app", From: 2, To: 2}}}
	awaiting := &release.Result{Outcome: release.Awaiting, Release: "shop", Revision: 4, Submitted: []string{"shop-app"}, Left: []string{"shop-edge"}, Elapsed: 12 * time.Second,
		Waiting: []release.Waiting{{Job: "shop-app", Deployment: "d1", Tiers: []release.Canaries{{Tier: "api", Wanted: 1, Healthy: 1}, {Tier: "web", Wanted: 2, Healthy: 2}}}}}
	for name, tc := range map[string]struct {
		result *release.Result
		quiet  bool // nothing may be on stdout
	}{
		"healthy": {healthy, false}, "unchanged": {unchanged, false}, "stopped": {stopped, false}, "scaled": {scaled, false}, "awaiting": {awaiting, false}, "failed": {failed(), true},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			NewHuman(streams(&out, &errs)).Finished(tc.result, outputs())
			if tc.quiet && out.Len() > 0 {
				t.Errorf("a failure wrote to stdout: %q", out.String())
			}
			golden(t, "finished-"+name+".txt", "-- stdout --\n"+out.String()+"-- stderr --\n"+errs.String())
		})
	}
}

func diagnosed() Diagnosed {
	src := "job \"web\" {\n\tgroup \"web\" {\n\t\tcount = var.cuont # größer\n\t}\n}\n"
	long := strings.Repeat("x", 90) + " = var.y\n"
	pos := func(file string, line, from, to int) hcl.Range {
		return hcl.Range{Filename: file, Start: hcl.Pos{Line: line, Column: from}, End: hcl.Pos{Line: line, Column: to}}
	}
	warning := diag.New("no-check", hcl.Range{Filename: "packs/web/jobs/web.nomad.hcl", Start: hcl.Pos{Line: 2, Column: 2}, End: hcl.Pos{Line: 4, Column: 3}},
		"Tier without a health check", "Nothing tells whether tier \"web\" works: it counts as healthy as soon as its tasks run. Add a check.")
	warning.Severity = diag.Warning
	warning.Related = []diag.Related{{Text: "the job", Range: pos("packs/web/jobs/web.nomad.hcl", 1, 1, 10)}}
	hidden := diag.New("sensitive", pos("secret.hcl", 1, 1, 5), "Sensitive value in a job", "password is sensitive.")
	hidden.Hidden = true
	wrong := diag.New("wrong-type", pos("packs/web/jobs/web.nomad.hcl", 3, 3, 20), "Wrong type", "A number is required.")
	wrong.Values = []string{`var.env as "prod", from packs/web/env/prod.hcl:3`, `local.size as "2xprod", from packs/web/variables.hcl:16`}
	return Diagnosed{
		Diags: diag.Diagnostics{
			wrong,
			diag.New("unknown-name", pos("packs/web/jobs/web.nomad.hcl", 3, 11, 20), "Unknown name", "There is no variable \"cuont\". Did you mean var.count?"),
			warning,
			diag.New("too-long", pos("long.hcl", 1, 94, 99), "A line that is too long", "The mark must stand below its place."),
			diag.New("missing-variable", hcl.Range{}, "Missing variable", "Give it with -var port=8080."),
			hidden,
		},
		Sources: map[string][]byte{"packs/web/jobs/web.nomad.hcl": []byte(src), "long.hcl": []byte(long), "secret.hcl": []byte("hunter2\n")},
	}
}

func TestDiagnostics(t *testing.T) {
	var out, errs bytes.Buffer
	NewHuman(streams(&out, &errs)).Diagnostics(diagnosed())
	if strings.Contains(errs.String(), "hunter2") {
		t.Error("a hidden line was shown")
	}
	golden(t, "diagnostics.txt", errs.String())

	out.Reset()
	errs.Reset()
	NewJSON(streams(&out, &errs)).Diagnostics(diagnosed())
	if out.Len() > 0 {
		t.Errorf("diagnostics on stdout: %q", out.String())
	}
	if strings.Contains(errs.String(), "hunter2") {
		t.Error("a hidden line was shown")
	}
	golden(t, "diagnostics.json", indent(t, errs.String()))
}

func TestAPipeIsNotWrapped(t *testing.T) {
	const phrase = "words that somebody searches for"
	var errs bytes.Buffer
	v := NewHuman(&Streams{Out: &errs, Err: &errs})
	v.Error(errors.New(strings.Repeat("x ", 38)+phrase), strings.Repeat("y ", 36)+phrase)
	if got := strings.Count(errs.String(), phrase); got != 2 {
		t.Errorf("the phrase stands in %d lines, want 2:\n%s", got, errs.String())
	}
}

func TestColour(t *testing.T) {
	for name, tc := range map[string]struct {
		tty, color, want bool
	}{
		"a terminal":               {true, true, true},
		"a terminal with NO_COLOR": {true, false, false},
		"a pipe":                   {false, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			var errs bytes.Buffer
			v := NewHuman(&Streams{Out: &errs, Err: &errs, ErrTTY: tc.tty, OutTTY: tc.tty, Color: tc.color})
			v.Error(errors.New("x"), "y")
			if got := strings.Contains(errs.String(), "\x1b["); got != tc.want {
				t.Errorf("coloured: %v, in %q", got, errs.String())
			}
		})
	}
}

func TestJSONStory(t *testing.T) {
	var out, errs bytes.Buffer
	v := NewJSON(streams(&out, &errs))
	for _, e := range story() {
		v.Event(e)
	}
	v.Finished(failed(), outputs())
	v.Error(errors.New("tier backend failed"), "look at its log")
	golden(t, "story.json", indent(t, out.String())+"-- stderr --\n"+indent(t, errs.String()))
}

// A run's result holds its outputs when it ended well, and an empty list when not: they would lead to what is not there.
func TestJSONOutputs(t *testing.T) {
	for outcome, want := range map[release.Outcome]string{
		release.Healthy: `[{"name":"front_door","description":"The application","value":"https://localhost:8443/"},{"name":"monitor","value":"https://localhost:8443/monitor"}]`,
		release.Failed:  `[]`,
	} {
		var out, errs bytes.Buffer
		NewJSON(streams(&out, &errs)).Finished(&release.Result{Outcome: outcome, Release: "shop"}, outputs())
		var got struct {
			Outputs json.RawMessage `json:"outputs"`
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || string(got.Outputs) != want {
			t.Errorf("%s: %s, want %s; %v", outcome, got.Outputs, want, err)
		}
	}
}

// indent shows JSON lines over several lines each, and fails on what is no JSON.
func indent(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if err := json.Indent(&b, []byte(line), "", "  "); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		87 * time.Millisecond: "90ms", 12 * time.Second: "12s", 185 * time.Second: "3m05s", 3725 * time.Second: "1h02m",
	} {
		if got := short(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

func TestAPeriodicTierSaysWhenItIsLaunchedAndNotHowManyItHas(t *testing.T) {
	next := began.Add(time.Hour)
	waits := status.Tier{Name: "cron", Job: "shop-cron", State: status.Scheduled, Reason: "first launch at 11:00:00 UTC", Next: next}
	ran := status.Tier{Name: "cron", Job: "shop-cron", State: status.Healthy, Reason: "the run of 10:59:00 UTC succeeded in 1s", Next: next}
	var out strings.Builder
	p := &plain{out: &out, last: map[string]string{}}
	p.event(release.Event{Time: began, Tiers: []status.Tier{waits}})
	p.event(release.Event{Time: began, Tiers: []status.Tier{ran}})
	for _, line := range []string{"  cron: scheduled, first launch at 11:00:00 UTC\n", "  cron: healthy\n"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("it lacks %q:\n%s", line, out.String())
		}
	}
	painted := tree{width: 80, height: 20, now: began, since: func(string, string) time.Time { return began }}
	if got := strings.Join(painted.lines([]status.Tier{waits}), "\n"); !strings.Contains(got, "first launch at") || strings.Contains(got, "0/0") {
		t.Errorf("painted as\n%s", got)
	}
	if got := strings.Join(painted.lines([]status.Tier{ran}), "\n"); strings.Contains(got, "succeeded") || strings.Contains(got, "0/0") {
		t.Errorf("painted as\n%s", got)
	}
}
