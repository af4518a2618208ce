package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// fakeLog is one file.
type fakeLog struct {
	LogFile
	data string
}

func (f *fake) Allocs(ctx context.Context, jobs []string, index uint64) ([]*api.AllocationListStub, uint64, error) {
	f.mu.Lock()
	changed := f.changed
	wait := index == f.index
	f.mu.Unlock()
	if wait {
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listFault != nil {
		return nil, 0, f.listFault
	}
	var out []*api.AllocationListStub
	for _, a := range f.allocs {
		if slices.ContainsFunc(jobs, func(id string) bool { return a.JobID == id || strings.HasPrefix(a.JobID, id+"/") }) {
			c := *a
			out = append(out, &c)
		}
	}
	return out, f.index, nil
}

func (f *fake) LogFiles(_ context.Context, alloc string) ([]LogFile, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.logFaults[alloc]; err != nil {
		return nil, false, err
	}
	var out []LogFile
	for _, l := range f.files[alloc] {
		file := l.LogFile
		file.Size = int64(len(l.data))
		out = append(out, file)
	}
	slices.SortFunc(out, func(a, b LogFile) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Number, b.Number))
	})
	return out, f.files[alloc] != nil, nil
}

func (f *fake) ReadLog(_ context.Context, alloc string, file LogFile, offset, limit int64) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	for _, l := range f.files[alloc] {
		if l.Task == file.Task && l.Stream == file.Stream && l.Number == file.Number {
			return []byte(l.data[min(offset, int64(len(l.data))):min(offset+limit, int64(len(l.data)))]), nil
		}
	}
	return nil, nil
}

// wrote adds to a log's newest file, or with rotate to a new one.
func (f *fake) wrote(alloc, task, stream, text string, rotate bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.files == nil {
		f.files = map[string][]fakeLog{}
	}
	number, last := 0, -1
	for i, l := range f.files[alloc] {
		if l.Task == task && l.Stream == stream && l.Number >= number {
			number, last = l.Number, i
		}
	}
	if last >= 0 && !rotate {
		f.files[alloc][last].data += text
		return
	}
	if last >= 0 {
		number++
	}
	f.files[alloc] = append(f.files[alloc], fakeLog{LogFile{Task: task, Stream: stream, Number: number}, text})
}

// placed adds an allocation, or changes what one does.
func (f *fake) placed(id, job, group, state string, created int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.index++
	for i, a := range f.allocs {
		if a.ID == id {
			c := *a
			c.ClientStatus = state
			f.allocs[i] = &c
			f.wake()
			return
		}
	}
	f.allocs = append(f.allocs, &api.AllocationListStub{ID: id, JobID: job, TaskGroup: group, Name: job + "." + group + "[0]", ClientStatus: state, CreateTime: created,
		TaskStates: map[string]*api.TaskState{"prepare": {StartedAt: time.Unix(created, 0)}, "main": {StartedAt: time.Unix(created+1, 0)}}})
	f.wake()
}

// heard is a sink that keeps what it gets.
type heard struct {
	lines   []string
	notices []string
	fail    error
	on      func(text string)
}

func (h *heard) Lines(lines []LogLine) error {
	for _, l := range lines {
		h.lines = append(h.lines, fmt.Sprintf("%s[%d] %s %s %s: %s", l.Tier, l.Index, l.Alloc, l.Task, l.Stream, l.Text))
		if h.on != nil {
			h.on(l.Text)
		}
	}
	return h.fail
}

func (h *heard) Notice(text string) { h.notices = append(h.notices, text) }

func logged(f *fake) {
	for _, id := range []string{"shop-app", "shop-cron"} {
		f.have(&stack.Job{API: newJob(id)})
	}
	f.jobs["shop-app"].TaskGroups[0].Name, f.jobs["shop-cron"].TaskGroups[0].Name = ptr("web"), ptr("tick")
	f.placed("new", "shop-app", "web", "running", 30)
	f.placed("old", "shop-app", "web", "failed", 10)
	f.placed("lost", "shop-app", "web", "complete", 5)
	f.placed("child", "shop-cron/periodic-1", "tick", "complete", 20)
	f.placed("other", "shop-app-2", "web", "running", 1)
	f.wrote("old", "main", "stdout", "one\ntwo\nth", false)
	f.wrote("old", "main", "stdout", "ree\nfour\n", true)
	f.wrote("old", "main", "stderr", "broken", false)
	f.wrote("old", "prepare", "stdout", "gate\n", false)
	f.wrote("child", "main", "stdout", "tick\n", false)
	f.wrote("new", "main", "stdout", "hello\n", false)
	f.wrote("other", "main", "stdout", "not ours\n", false)
}

func TestLogsOfEveryAllocationOldestFirst(t *testing.T) {
	for name, c := range map[string]struct {
		opt  LogOptions
		want string
	}{
		"all, over rotation, with a last line that has no end": {LogOptions{Tail: -1}, `web[0] old prepare stdout: gate
web[0] old main stdout: one
web[0] old main stdout: two
web[0] old main stdout: three
web[0] old main stdout: four
web[0] old main stderr: broken
tick[0] child main stdout: tick
web[0] new main stdout: hello`},
		"the last two lines of each, though a line spans two files": {LogOptions{Tail: 2, Tiers: []string{"web"}, Stream: "stdout", Task: "main"}, `web[0] old main stdout: three
web[0] old main stdout: four
web[0] new main stdout: hello`},
		"one line of a log whose last line has no end": {LogOptions{Tail: 1, Tiers: []string{"app/web"}, Stream: "stderr"}, `web[0] old main stderr: broken`},
		"no line":                         {LogOptions{Tail: 0}, ""},
		"children belong to their parent": {LogOptions{Tail: 1, Tiers: []string{"cron/tick"}}, `tick[0] child main stdout: tick`},
	} {
		t.Run(name, func(t *testing.T) {
			f, h := newFake(), &heard{}
			logged(f)
			c.opt.Release = "shop"
			if err := New(Deps{Nomad: f}).Logs(t.Context(), c.opt, h); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(h.lines, "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if missing := strings.Join(h.notices, "\n"); !strings.Contains(missing, "web[0] lost") == !strings.Contains(name, "children") {
				t.Errorf("notices %q", missing)
			}
		})
	}
}

func TestTheLastLinesAreFoundWhereverTheyBegin(t *testing.T) {
	var all []string
	for i := range 40000 { // some steps of looking back
		all = append(all, fmt.Sprintf("line %d", i))
	}
	text := strings.Join(all, "\n") + "\n"
	for _, n := range []int{1, 7, 10000, 39999, 40000, 50000} {
		f, h := newFake(), &heard{}
		f.have(&stack.Job{API: newJob("shop-app")})
		f.placed("a", "shop-app", "web", "running", 1)
		f.wrote("a", "main", "stdout", text[:100001], false)
		f.wrote("a", "main", "stdout", text[100001:], true)
		if err := New(Deps{Nomad: f}).Logs(t.Context(), LogOptions{Release: "shop", Tail: n}, h); err != nil {
			t.Fatal(err)
		}
		want := all[max(0, len(all)-n):]
		if len(h.lines) != len(want) || !strings.HasSuffix(h.lines[0], ": "+want[0]) || !strings.HasSuffix(h.lines[len(h.lines)-1], ": "+want[len(want)-1]) {
			t.Errorf("tail %d: %d lines, the first %q", n, len(h.lines), h.lines[0])
		}
		if n == 7 && f.reads > 2 {
			t.Errorf("%d reads for 7 lines", f.reads)
		}
	}
}

func TestLogsOfWhatThereIsNot(t *testing.T) {
	for name, c := range map[string]struct {
		opt   LogOptions
		words []string
	}{
		"a tier":    {LogOptions{Release: "shop", Tiers: []string{"wbe"}}, []string{`no tier "wbe"`, "did you mean web?", "tick, web"}},
		"a task":    {LogOptions{Release: "shop", Tiers: []string{"web"}, Task: "mian"}, []string{`task "mian"`, "did you mean main?", "main, prepare"}},
		"a release": {LogOptions{Release: "shpo"}, []string{"release shpo has no jobs"}},
	} {
		f, h := newFake(), &heard{}
		logged(f)
		err := New(Deps{Nomad: f}).Logs(t.Context(), c.opt, h)
		var typed *Error
		if !errors.As(err, &typed) || typed.Outcome != Refused || len(h.lines) > 0 {
			t.Fatalf("%s: %v, %q", name, err, h.lines)
		}
		for _, w := range c.words {
			if !strings.Contains(typed.Error()+"\n"+typed.Hint, w) {
				t.Errorf("%s: it does not say %q: %v, %s", name, w, typed, typed.Hint)
			}
		}
	}
}

func TestASinkThatTakesNoMoreEndsTheLogs(t *testing.T) {
	full := errors.New("full")
	for _, follow := range []bool{false, true} {
		f, h := newFake(), &heard{fail: full}
		logged(f)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := New(Deps{Nomad: f}).Logs(ctx, LogOptions{Release: "shop", Tail: -1, Follow: follow}, h); !errors.Is(err, full) {
			t.Errorf("follow %v: %v", follow, err)
		}
		cancel()
	}
}

func TestFollowingReadsOnOverRotationAndReplacement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.have(&stack.Job{API: newJob("shop-app")})
		f.placed("a", "shop-app", "web", "running", 1)
		f.wrote("a", "main", "stdout", "before\nlast\nbeg", false)
		h := &heard{}
		ctx, cancel := context.WithCancel(t.Context())
		for i, step := range []func(){
			func() { f.wrote("a", "main", "stdout", "un\nmore", false) },
			func() { f.wrote("a", "main", "stdout", "\nrotated\n", true) },
			func() {
				f.wrote("a", "main", "stdout", "again\n", true)
				f.wrote("a", "main", "stdout", "and again\n", true)
			},
			func() { f.placed("a", "shop-app", "web", "failed", 1) },
			func() { f.wrote("a", "main", "stderr", "late and without an end", false) },
			func() {
				f.placed("b", "shop-app", "web", "running", 2)
				f.wrote("b", "main", "stdout", "from the beginning\n", false)
			},
			func() {
				f.have(&stack.Job{API: newJob("shop-new")})
				f.wrote("c", "main", "stdout", "", false)
				f.placed("c", "shop-new", "fresh", "running", 3)
			},
			func() { f.wrote("c", "main", "stdout", "a job that came\n", false) },
			func() { f.listFault = silent{}; f.placed("b", "shop-app", "web", "running", 2) },
			func() { f.listFault = nil; f.wrote("b", "main", "stdout", "after a fault\n", false) },
			func() {},
			cancel,
		} {
			pause := time.Duration(i+1) * 3 * time.Second
			if i == 4 {
				pause -= 2300 * time.Millisecond // while the end is young
			}
			time.AfterFunc(pause, step)
		}
		if err := New(Deps{Nomad: f}).Logs(ctx, LogOptions{Release: "shop", Tail: 2, Follow: true}, h); err != nil {
			t.Errorf("an interrupted following is no error: %v", err)
		}
		want := `web[0] a main stdout: last
web[0] a main stdout: begun
web[0] a main stdout: more
web[0] a main stdout: rotated
web[0] a main stdout: again
web[0] a main stdout: and again
web[0] a main stderr: late and without an end
web[0] b main stdout: from the beginning
fresh[0] c main stdout: a job that came
web[0] b main stdout: after a fault`
		if got := strings.Join(h.lines, "\n"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got := strings.Join(h.notices, "\n"); got != "Consul does not answer; still trying\nconnected again" {
			t.Errorf("notices %q", got)
		}
	})
}

func TestAnInterruptedReadingSaysSo(t *testing.T) {
	f := newFake()
	logged(f)
	ctx, cancel := context.WithCancel(t.Context())
	h := &heard{on: func(string) { cancel() }}
	err := New(Deps{Nomad: cancelled{f}}).Logs(ctx, LogOptions{Release: "shop", Tail: -1}, h)
	var typed *Error
	if !errors.As(err, &typed) || typed.Outcome != Interrupted {
		t.Errorf("%v", err)
	}
}

// cancelled is a Nomad whose reads end with their context.
type cancelled struct{ *fake }

func (c cancelled) LogFiles(ctx context.Context, alloc string) ([]LogFile, bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, false, err
	}
	return c.fake.LogFiles(ctx, alloc)
}

func TestFollowingSaysWhatItCouldNotRead(t *testing.T) {
	for name, c := range map[string]struct {
		step    func(*fake)
		denied  bool
		notices string
	}{
		"what was rotated away before it was read": {
			step: func(f *fake) {
				for i := range 3 {
					f.wrote("a", "main", "stdout", fmt.Sprintf("file %d\n", i+1), true)
				}
				f.mu.Lock()
				defer f.mu.Unlock()
				f.files["a"] = f.files["a"][1:]
			},
			notices: "lines of web[0] a main stdout may be missing: Nomad rotated them away before they were read"},
		"one allocation that cannot be read, once": {
			step:    func(f *fake) { f.logFault("a", errors.New("a disk is broken")) },
			notices: "the logs of web[0] a cannot be read: a disk is broken"},
		"a right that is missing ends it": {
			step: func(f *fake) { f.logFault("a", denied{}) }, denied: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, h := newFake(), &heard{}
				f.have(&stack.Job{API: newJob("shop-app")})
				f.placed("a", "shop-app", "web", "running", 1)
				f.wrote("a", "main", "stdout", "file 0\n", false)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				time.AfterFunc(5*time.Second, func() { c.step(f) })
				err := New(Deps{Nomad: f}).Logs(ctx, LogOptions{Release: "shop", Tail: -1, Follow: true}, h)
				var typed *Error
				if (err != nil) != c.denied || (c.denied && (!errors.As(err, &typed) || typed.Outcome != Denied)) {
					t.Errorf("it ended with %v", err)
				}
				if got := strings.Join(h.notices, "\n"); got != c.notices {
					t.Errorf("notices %q, want %q", got, c.notices)
				}
			})
		})
	}
}

// logFault makes an allocation's logs unreadable.
func (f *fake) logFault(alloc string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logFaults = map[string]error{alloc: err}
}

type denied struct{}

func (denied) Error() string { return "no" }
func (denied) Denied() bool  { return true }
func (denied) Hint() string  { return "get a token" }
