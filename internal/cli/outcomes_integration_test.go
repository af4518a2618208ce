//go:build integration

package cli

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packctl/packctl/internal/release"
)

// outcome is one way in which a run of testdata/outcomes ends, and what is then said of it.
type outcome struct {
	ends   string // the pack's variable
	name   string
	args   []string
	cancel bool // with Ctrl-C, once its jobs are submitted
	code   Code // without -atomic
	atomic Code // with it
	tells  release.Failure
	words  []string // whether -atomic or not
	hint   []string // only without
	wrote  release.Outcome
}

// outcomes are all of them. What stands for a missing image fails where an image does: when the driver starts the task, or before,
// when what it needs is fetched.
func outcomes(full string) []outcome {
	return []outcome{
		{ends: "healthy", name: "healthy", wrote: release.Healthy},
		{ends: "exits", name: "a task exits 1", code: CodeFailed, atomic: CodeRolledBack, wrote: release.Failed,
			tells: release.Failure{Tier: "api", Task: "main", ExitCode: 1, Logs: []string{"stdout: reading the config", "stderr: cannot open the config"}},
			words: []string{"tier api: task main failed: exit code 1"}},
		{ends: "image", name: "what the driver is to start is missing", code: CodeFailed, atomic: CodeRolledBack, wrote: release.Failed,
			tells: release.Failure{Tier: "api", Task: "main"}, words: []string{"tier api", "/no/such/program"}},
		{ends: "artifact", name: "what is to be fetched first is missing", code: CodeFailed, atomic: CodeRolledBack, wrote: release.Failed,
			tells: release.Failure{Tier: "api", Task: "main"}, words: []string{"tier api", "api.tar.gz"}},
		{ends: "unready", name: "a check never passes", code: CodeFailed, atomic: CodeRolledBack, wrote: release.Failed,
			tells: release.Failure{Tier: "api", Check: "ready", Output: "the database refuses the password"},
			words: []string{"tier api", "the database refuses the password"}},
		{ends: "reverted", name: "a check never passes, with auto_revert", code: CodeFailed, atomic: CodeRolledBack, wrote: release.Reverted,
			tells: release.Failure{Tier: "api", Check: "ready", Output: "the database refuses the password"},
			words: []string{"Nomad put its earlier version back", "the database refuses the password"}},
		{ends: "exits", name: "no node is large enough", args: []string{"-var", "memory=100000000"}, code: CodeFailed, atomic: CodeFailed,
			words: []string{"tier api", "memory", "nothing was submitted"}},
		{ends: "crowded", name: "no room is left", args: []string{"-var", "memory=" + full}, code: CodeFailed, atomic: CodeRolledBack, wrote: release.Failed,
			words: []string{"tier extra", "memory"}},
		{ends: "prestart", name: "prestart fails", code: CodeFailed, atomic: CodeRolledBack, wrote: release.Failed,
			tells: release.Failure{Tier: "api", Task: "first", ExitCode: 3, Logs: []string{"the disk is not mounted"}},
			words: []string{"tier api: task first failed: exit code 3"}},
		{ends: "batch", name: "a batch job exits 7", code: CodeFailed, atomic: CodeRolledBack, wrote: release.Failed,
			tells: release.Failure{Tier: "load", Task: "main", ExitCode: 7, Logs: []string{"3 rows do not fit"}},
			words: []string{"tier load: task main failed: exit code 7"}},
		{ends: "before", name: "a hook fails before an upgrade", code: CodeFailed, atomic: CodeFailed, wrote: release.Failed,
			tells: release.Failure{Tier: "before", Task: "main", ExitCode: 9, Logs: []string{"the backup is too old"}},
			words: []string{"hook before of pre-upgrade: tier before: task main failed: exit code 9", "nothing of the release was changed"}},
		{ends: "after", name: "a hook fails after an upgrade", code: CodeFailed, atomic: CodeRolledBack, wrote: release.Failed,
			tells: release.Failure{Tier: "after", Task: "main", ExitCode: 9, Logs: []string{"the login does not work"}},
			words: []string{"hook after of post-upgrade: tier after: task main failed: exit code 9"}},
		{ends: "slow", name: "timeout", args: []string{"-timeout", "10s"}, code: CodeTimedOut, atomic: CodeRolledBack, wrote: release.TimedOut,
			tells: release.Failure{Tier: "api", Task: "first"}, words: []string{"tier api: waits until its prestart task first has ended"}, hint: []string{"-timeout"}},
		{ends: "slow", name: "Ctrl-C", cancel: true, code: CodeInterrupted, atomic: CodeRolledBack, wrote: release.Interrupted,
			words: []string{"interrupted"}, hint: []string{"going on in Nomad: ", "packctl status ", "packctl rollback "}},
	}
}

// TestOutcomes holds, for every way in which a run can end, its exit code and its words, with -atomic that the previous
// revision runs again, and in both cases that what did not change was not touched and that history tells the truth.
func TestOutcomes(t *testing.T) {
	a := newAgents(t)
	began := time.Now()
	all := outcomes(a.moreThanHalf(t))
	free := make(chan struct{}, 5)
	var running sync.WaitGroup
	for i, o := range all { // not t.Parallel, which runs as many as there are processors: these mostly wait
		running.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			t.Run(o.name, func(t *testing.T) { o.run(t, a.release(t, fmt.Sprintf("o%d", i))) })
		})
	}
	running.Wait()
	t.Logf("%d outcomes, each with and without -atomic, in %s", len(all), time.Since(began).Round(time.Second))
}

// run has the outcome happen twice to a healthy release.
func (o outcome) run(t *testing.T, c *onAgents) {
	if r := c.packctl("run", "-var", "generation=1"); r.code != CodeOK {
		t.Fatalf("the first revision: %s", r)
	}
	db, api := c.one("db"), c.one("api")
	fail := func(generation string, more ...string) ran {
		args := append([]string{"run", "-var", "generation=" + generation, "-var", "ends=" + o.ends}, append(o.args, more...)...)
		if o.cancel {
			return c.interrupted("updated job "+c.name+"-api", args...)
		}
		return c.packctl(args...)
	}

	r := fail("2", "-atomic", "-o", "json")
	o.said(t, r, o.atomic)
	o.told(t, r)
	if got := c.one("db"); got != db {
		t.Errorf("with -atomic db was replaced: %s, then %s", db, got)
	}
	last := c.history()[len(c.history())-1]
	switch o.atomic {
	case CodeOK:
		c.runs("api", "2")
	case CodeRolledBack:
		c.runs("api", "1")
		c.gone("extra")
		c.gone("load")
		if last.Outcome != release.RolledBack || last.Back != 1 || last.Number != 2 {
			t.Errorf("revision %d is %s, back at %d", last.Number, last.Outcome, last.Back)
		}
	default:
		if got := c.one("api"); got != api {
			t.Errorf("nothing was to change, and api was replaced: %s, then %s", api, got)
		}
		c.gone("extra")
	}

	r = fail("3")
	o.said(t, r, o.code, o.hint...)
	if got := c.one("db"); got != db {
		t.Errorf("db was replaced: %s, then %s", db, got)
	}
	if last = c.history()[len(c.history())-1]; o.wrote != "" && last.Outcome != o.wrote {
		t.Errorf("revision %d is %s, want %s", last.Number, last.Outcome, o.wrote)
	}
}

// said holds exit code and words.
func (o outcome) said(t *testing.T, r ran, code Code, hint ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit %d, want %d\n%s", r.code, code, r)
	}
	words := append(slices.Clone(o.words), hint...)
	if f := o.tells; !slices.Contains(r.args, "json") {
		words = append(words, f.Output)
		if f.Task != "" {
			words = append(words, fmt.Sprintf("%s, exit code %d", f.Task, f.ExitCode))
		}
		for _, line := range f.Logs {
			words = append(words, "│ "+line)
		}
	}
	for _, w := range words {
		if !strings.Contains(r.text(), w) {
			t.Errorf("it does not say %q\n%s", w, r)
		}
	}
}

// told holds what a program reads.
func (o outcome) told(t *testing.T, r ran) {
	t.Helper()
	res := r.result(t)
	if code := outcomeCode(res.Outcome); code != o.atomic {
		t.Errorf("the outcome %q has exit code %d", res.Outcome, code)
	}
	if o.tells.Tier == "" {
		return
	}
	if len(res.Failures) != 1 {
		t.Fatalf("failures %+v", res.Failures)
	}
	f, w := res.Failures[0], o.tells
	if f.Tier != w.Tier || w.Task != "" && f.Task != w.Task || f.ExitCode != w.ExitCode || f.Check != w.Check || f.Reason == "" || f.Alloc == "" || f.Node == "" ||
		strings.TrimSpace(f.Output) != w.Output || len(w.Logs) > 0 && !slices.Equal(f.Logs, w.Logs) {
		t.Errorf("failure %+v, want %+v", f, w)
	}
}
