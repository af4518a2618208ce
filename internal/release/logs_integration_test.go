//go:build integration

package release_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

func TestLogsAgainstRealAgents(t *testing.T) {
	r := newReal(t)
	r.show(t, someAtOnce, []claim{
		{"a dead allocation's logs are there, and those of a stopped release", deadLogs},
		{"rotated files are all read", rotatedLogs},
		{"the launches of a periodic job have logs too", periodicLogs},
		{"following goes on through a replacement", followedLogs},
		{"logs that were collected are named", collectedLogs},
	})
}

// lines is a sink that can be asked while it is filled.
type lines struct {
	mu      sync.Mutex
	text    []string
	notices []string
	more    chan struct{} // one place: lines came; nil where nobody waits for them
}

func (l *lines) Lines(list []release.LogLine) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range list {
		l.text = append(l.text, fmt.Sprintf("%s[%d] %s %s: %s", x.Tier, x.Index, x.Task, x.Stream, x.Text))
	}
	select {
	case l.more <- struct{}{}:
	default:
	}
	return nil
}

func (l *lines) Notice(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notices = append(l.notices, text)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.text, "\n") + "\n"
}

func (r *real) logs(t *testing.T, opt release.LogOptions) *lines {
	t.Helper()
	l := &lines{}
	if err := r.engine().Logs(t.Context(), opt, l); err != nil {
		t.Fatal(err)
	}
	return l
}

// until asks again at each news until ok, and fails with what there is after a while.
func until[T any](t *testing.T, what fmt.Stringer, news <-chan T, ok func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-news:
		case <-late:
			t.Fatalf("it did not come about in 30 s:\n%s", what)
		}
	}
}

// nowAndThen is how often is asked for what Nomad tells nobody: the content of files.
func nowAndThen(t *testing.T) <-chan time.Time {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	t.Cleanup(tick.Stop)
	return tick.C
}

func deadLogs(t *testing.T, r *real) {
	s := newStack(t, "dead", []job{{name: "api", group: noSecondChance, script: `echo "to stdout"; echo "to stderr" >&2; printf "no end"; exit 3`}})
	t.Cleanup(func() { r.stop(t, "dead") })
	if _, err, _ := r.run(t, s, release.RunOptions{}); err == nil {
		t.Fatal("it was to fail")
	}
	want := "api[0] main stdout: to stdout\napi[0] main stdout: no end\napi[0] main stderr: to stderr\n"
	if l := r.logs(t, release.LogOptions{Release: "dead", Tail: 100}); l.String() != want {
		t.Errorf("got\n%s, notices %q", l, l.notices)
	}
	if _, err := r.engine().Stop(t.Context(), release.StopOptions{Release: "dead"}, &events{t: t}); err != nil {
		t.Fatal(err)
	}
	if l := r.logs(t, release.LogOptions{Release: "dead", Tiers: []string{"api"}, Tail: -1}); l.String() != want {
		t.Errorf("after a stop:\n%s", l)
	}
}

func rotatedLogs(t *testing.T, r *real) {
	const count = 40000 // some 2.5 MB in files of 1 MB
	s := newStack(t, "rot", []job{{name: "w", task: "logs {\n max_files = 5\n max_file_size = 1\n}",
		script: fmt.Sprintf(`seq -f "line %%.0f ------------------------------------------------" 1 %d; echo done; %s`, count, forever)}})
	t.Cleanup(func() { r.stop(t, "rot") })
	r.ok(t, s, release.Healthy)
	files, held, err := r.nomad.LogFiles(t.Context(), r.allocs(t, "rot-w")[0].ID)
	if err != nil || !held || len(files) < 4 { // three of stdout, one of stderr
		t.Fatalf("it was not rotated: %+v, %v, %v", files, held, err)
	}
	began := time.Now()
	got := strings.Split(strings.TrimSpace(r.logs(t, release.LogOptions{Release: "rot", Tail: -1}).String()), "\n")
	t.Logf("%d lines in %d files, in %s", len(got), len(files), time.Since(began))
	if len(got) != count+1 {
		t.Fatalf("%d lines, want %d", len(got), count+1)
	}
	for i, line := range got[:count] {
		if !strings.HasPrefix(line, fmt.Sprintf("w[0] main stdout: line %d ", i+1)) {
			t.Fatalf("line %d is %q", i+1, line)
		}
	}
	over := int(files[0].Size)/50 + count/2 // more than the last file has
	tail := strings.Split(strings.TrimSpace(r.logs(t, release.LogOptions{Release: "rot", Tail: over}).String()), "\n")
	if len(tail) != over || tail[0] != got[len(got)-over] {
		t.Errorf("the last %d lines are %d, from %q", over, len(tail), tail[0])
	}
}

func periodicLogs(t *testing.T, r *real) {
	s := newStack(t, "per", []job{{name: "tick", job: "type = \"batch\"\nperiodic {\n crons = [\"0 0 1 1 *\"]\n}", script: "echo launched"}})
	t.Cleanup(func() { r.stop(t, "per") })
	r.ok(t, s, release.Healthy)
	if _, _, err := r.api.Jobs().PeriodicForce("per-tick", nil); err != nil {
		t.Fatal(err)
	}
	l := &lines{}
	until(t, l, nowAndThen(t), func() bool {
		l = r.logs(t, release.LogOptions{Release: "per", Tiers: []string{"tick"}, Tail: 10})
		return l.String() == "tick[0] main stdout: launched\n"
	})
}

func followedLogs(t *testing.T, r *real) {
	s := newStack(t, "fol", []job{{name: "web", script: `i=0; trap 'echo bye; exit 0' TERM INT; while :; do i=$((i+1)); echo $NOMAD_ALLOC_ID $i; sleep 0.1; done`}})
	t.Cleanup(func() { r.stop(t, "fol") })
	r.ok(t, s, release.Healthy)
	first := r.allocs(t, "fol-web")[0].ID
	ctx, cancel := context.WithCancel(t.Context())
	l, ended := &lines{more: make(chan struct{}, 1)}, make(chan error)
	go func() { ended <- r.engine().Logs(ctx, release.LogOptions{Release: "fol", Tail: -1, Follow: true}, l) }()
	until(t, l, l.more, func() bool { return strings.Contains(l.String(), first+" 30\n") })
	if _, err := r.api.Allocations().Stop(&api.Allocation{ID: first}, nil); err != nil {
		t.Fatal(err)
	}
	second := ""
	until(t, l, l.more, func() bool {
		for _, a := range r.allocs(t, "fol-web") {
			if a.ID != first {
				second = a.ID
			}
		}
		return second != "" && strings.Contains(l.String(), second+" 20\n")
	})
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("an interrupted following is no error: %v", err)
	}
	next := map[string]int{first: 1, second: 1}
	for _, line := range strings.Split(strings.TrimSpace(l.String()), "\n") {
		var id string
		var n int
		if _, err := fmt.Sscanf(strings.TrimPrefix(line, "web[0] main stdout: "), "%s %d", &id, &n); err != nil {
			if line != "web[0] main stdout: bye" {
				t.Errorf("a strange line: %q", line)
			}
			continue
		}
		if next[id] != n {
			t.Fatalf("%s: line %d after %d: one was lost, or came twice", id, n, next[id]-1)
		}
		next[id]++
	}
	if !strings.Contains(l.String(), ": bye\n") {
		t.Error("the last words are missing")
	}
	if len(l.notices) > 0 {
		t.Errorf("notices %q", l.notices)
	}
}

func collectedLogs(t *testing.T, r *real) {
	s := newStack(t, "col", []job{{name: "api", group: noSecondChance, script: `echo here; exit 3`}})
	t.Cleanup(func() { r.stop(t, "col") })
	if _, err, _ := r.run(t, s, release.RunOptions{}); err == nil {
		t.Fatal("it was to fail")
	}
	id := r.allocs(t, "col-api")[0].ID
	// Nomad answers with nothing, which its client takes for an error.
	_ = r.api.Allocations().GC(&api.Allocation{ID: id, NodeID: r.allocs(t, "col-api")[0].NodeID}, nil)
	l := &lines{}
	until(t, l, nowAndThen(t), func() bool {
		l = r.logs(t, release.LogOptions{Release: "col", Tail: 10})
		return len(l.notices) == 1 && strings.Contains(l.notices[0], "no logs of api[0] "+id[:8])
	})
}
