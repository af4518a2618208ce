package release

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/stack"
)

// renamed changes what stands for the whole specification of a stack's jobs.
func renamed(s *stack.Stack, name string) *stack.Stack {
	for _, j := range s.Jobs {
		j.API.Name = ptr(j.ID + " " + name)
	}
	return s
}

func kept(t *testing.T, f *fake) []*Revision {
	t.Helper()
	list, err := New(Deps{Nomad: f}).History(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// outcomes are the revisions as "1 healthy, 2 failed".
func outcomes(list []*Revision) string {
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%d %s", r.Number, r.Outcome))
	}
	return strings.Join(out, ", ")
}

func TestAManifestIsReadAsItWasWritten(t *testing.T) {
	s := newStack([]string{"db"}, []string{"api"})
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200<<10) // nothing to compress: several pieces
	for i := range noise {
		noise[i] = byte('a' + random.IntN(26))
	}
	s.Jobs[0].Source, s.Jobs[1].Source = noise, []byte("job \"api\" {}\n")
	secret := eval.NewSecret("hunter2-hunter2")
	s.Credentials = []stack.Credential{{Name: "login", Value: &secret, Readers: []string{"api"}}}
	m := manifestOf(s)
	f := newFake()
	store := recordsOf(f, "shop")
	rev := &Revision{Number: 1, Outcome: Pending}
	if err := store.create(t.Context(), rev, m); err != nil {
		t.Fatal(err)
	}
	if rev.Parts < 3 {
		t.Errorf("%d pieces", rev.Parts)
	}
	for path, v := range f.variables {
		size := 0
		for key, text := range v.Items {
			size += len(key) + len(text)
		}
		if size > 64<<10 {
			t.Errorf("%s has %d bytes", path, size)
		}
	}
	got, err := store.manifest(t.Context(), rev)
	if err != nil {
		t.Fatal(err)
	}
	if got.Credentials[0].Value != nil {
		t.Error("the value of a credential was recorded")
	}
	if m.Credentials[0].Value == nil {
		t.Error("the manifest lost its credential's value")
	}
	m.Credentials[0].Value = nil
	if !reflect.DeepEqual(got, m) {
		t.Errorf("got  %+v\nwant %+v", got, m)
	}

	v := f.variables[store.piece(1, 1)].Copy()
	v.Items[recordItem] = v.Items[recordItem][1:]
	f.set(v.Path, v.Items)
	if _, err := store.manifest(t.Context(), rev); err == nil {
		t.Error("a manifest that somebody changed was read")
	}
}

func TestARunIsRecordedBeforeItSubmitsAndWhenItHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"}, []string{"api"})
		res, err, _ := do(t, f, s, RunOptions{Version: "1.2.3", Inputs: Inputs{Env: "prod", Values: []Input{{Name: "size", Value: "3"}, {Name: "token", Value: `"s3cret"`, Sensitive: true}}}}, nil)
		wantOutcome(t, res, err, Healthy)
		if want := []string{
			"put packctl/releases/shop/key after 0",
			"put packctl/releases/shop/revisions/000001/001 after 0",
			"put packctl/releases/shop/revisions/000001 after 0",
			"put packctl/releases/shop/revisions/000001 after 2"}; !slices.Equal(f.kept, want) {
			t.Errorf("%q", f.kept)
		}
		r := kept(t, f)[0]
		if res.Revision != 1 || r.Who != "me" || r.Packctl != "1.2.3" || r.Pack != "shop" || r.Env != "prod" || r.Ended.IsZero() || !slices.Equal(r.Submitted, []string{"api", "db"}) {
			t.Errorf("%+v", r)
		}
		if r.Given[0] != (Given{Name: "size", Value: "3"}) || r.Given[1].Value != "" || len(r.Given[1].HMAC) != 64 {
			t.Errorf("%+v", r.Given)
		}
		for path, v := range f.variables {
			if strings.Contains(fmt.Sprint(v.Items), "s3cret") {
				t.Errorf("%s holds the secret", path)
			}
		}
		f.kept = nil
		res, err, _ = do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Unchanged)
		if len(f.kept) > 0 || res.Revision != 0 {
			t.Errorf("a run that changes nothing wrote %q", f.kept)
		}
		res, err, _ = do(t, f, renamed(s, "new"), RunOptions{Inputs: Inputs{Env: "dev", Values: []Input{{Name: "size", Value: "3"}, {Name: "token", Value: `"other"`, Sensitive: true}}}}, nil)
		wantOutcome(t, res, err, Healthy)
		list := kept(t, f)
		if outcomes(list) != "1 healthy, 2 healthy" || !slices.Equal(list[1].Changed, []string{"env", "token"}) {
			t.Errorf("%s, changed %q", outcomes(list), list[1].Changed)
		}
	})
}

func TestTheOutcomeIsRecordedHoweverARunEnds(t *testing.T) {
	for name, c := range map[string]struct {
		during func(*fake, Event)
		opt    RunOptions
		cancel string // the message at which the person interrupts
		want   string
		note   string
	}{
		"failed": {during: func(f *fake, e Event) {
			if e.Message == "created job db" {
				f.be("db", "failed")
			}
		}, want: "1 failed", note: "exit code 3"},
		"timed out":   {opt: RunOptions{Timeout: 60e9}, want: "1 timed out", note: "tier db"},
		"interrupted": {cancel: "created job db", want: "1 interrupted", note: "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.auto = false
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				_, err := New(Deps{Nomad: f}).Run(ctx, newStack([]string{"db"}, []string{"api"}), c.opt, &told{on: func(e Event) {
					if c.during != nil {
						c.during(f, e)
					}
					if c.cancel != "" && e.Message == c.cancel {
						cancel()
					}
				}})
				list := kept(t, f)
				if err == nil || outcomes(list) != c.want || !strings.Contains(list[0].Note, c.note) || !slices.Equal(list[0].Submitted, []string{"db"}) {
					t.Errorf("%v: %s, %+v", err, outcomes(list), list[0])
				}
			})
		})
	}
}

// errDied is what a packctl that is killed gets for what it asked for last.
var errDied = errors.New("died")

func TestTheNextRunFindsOutHowARevisionEnded(t *testing.T) {
	for name, c := range map[string]struct {
		left  func(*fake) // what the run that died had done after its record
		want  string
		after string
		note  string
	}{
		"nothing was submitted": {func(*fake) {}, "1 healthy, 2 nothing submitted", "1 healthy, 2 nothing submitted, 3 healthy", "no job carries it"},
		"one of two jobs was submitted": {func(f *fake) { f.submit("db", "db two") },
			"1 healthy, 2 interrupted", "1 healthy, 2 interrupted, 3 healthy", "submitted: db; not submitted: api"},
		"all was submitted and is healthy": {func(f *fake) { f.submit("db", "db two"); f.submit("api", "api two") },
			"1 healthy, 2 healthy", "1 healthy, 2 healthy, 3 healthy", "found healthy afterwards"},
		"all was submitted and one is starting": {func(f *fake) { f.submit("db", "db two"); f.submit("api", "api two"); f.state["api"] = "" },
			"1 healthy, 2 interrupted", "1 healthy, 2 interrupted, 3 healthy", "tier api is starting"},
		"one was submitted and Nomad took it back": {func(f *fake) { f.submit("db", "db two"); f.submit("db", "db one") },
			"1 healthy, 2 interrupted", "1 healthy, 2 interrupted, 3 healthy", "taken back or changed: db"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				two := func(name string) *stack.Stack { return renamed(newStack([]string{"db"}, []string{"api"}), name) }
				if res, err, _ := do(t, f, two("one"), RunOptions{}, nil); err != nil {
					t.Fatal(res, err)
				}
				f.regFault = errDied
				f.keepFault = func(path string) error {
					if strings.HasSuffix(path, "000002") && f.variables[path] != nil {
						return errDied
					}
					return nil
				}
				if _, err, _ := do(t, f, two("two"), RunOptions{}, nil); !errors.Is(err, errDied) {
					t.Fatal(err)
				}
				f.regFault, f.keepFault = nil, nil
				c.left(f)
				list := kept(t, f)
				if outcomes(list) != c.want || !strings.Contains(list[1].Note, c.note) {
					t.Errorf("history: %s, %q", outcomes(list), list[1].Note)
				}
				if v := f.variables["packctl/releases/shop/revisions/000002"]; !strings.Contains(v.Items[recordItem], `"outcome":"pending"`) {
					t.Error("history wrote")
				}
				res, err, o := do(t, f, two("three"), RunOptions{}, nil)
				wantOutcome(t, res, err, Healthy)
				list = kept(t, f)
				if outcomes(list) != c.after || !strings.Contains(list[1].Note, c.note) || !strings.Contains(o.text, "revision 2 of me was left unfinished") {
					t.Errorf("after the next run: %s, %q\n%s", outcomes(list), list[1].Note, o.text)
				}
			})
		})
	}
}

// submit registers a job under another name, as the run that died did.
func (f *fake) submit(id, name string) {
	job := newJob(id)
	job.Name = &name
	f.mu.Lock()
	index := *f.jobs[id].JobModifyIndex
	f.mu.Unlock()
	if _, err := f.Register(context.Background(), job, nil, index); err != nil {
		panic(err)
	}
}

func TestOldRevisionsAreForgottenButNotTheLastHealthyOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		for i := range 4 {
			res, err, _ := do(t, f, renamed(newStack([]string{"db"}), fmt.Sprint(i)), RunOptions{HistoryMax: 2}, nil)
			wantOutcome(t, res, err, Healthy)
		}
		if got := outcomes(kept(t, f)); got != "3 healthy, 4 healthy" {
			t.Error(got)
		}
		f.auto = false
		for i := range 3 {
			_, err, _ := do(t, f, renamed(newStack([]string{"db"}), fmt.Sprint("bad", i)), RunOptions{HistoryMax: 2}, func(e Event) {
				if e.Message == "updated job db" {
					f.be("db", "failed")
				}
			})
			if err == nil {
				t.Fatal("it should fail")
			}
		}
		if got := outcomes(kept(t, f)); got != "4 healthy, 6 failed, 7 failed" {
			t.Error(got)
		}
		for path := range f.variables {
			for _, gone := range []string{"000001", "000002", "000003", "000005"} {
				if strings.Contains(path, gone) {
					t.Errorf("left behind: %s", path)
				}
			}
		}
	})
}

func TestARevisionThatAppearedWhileARunWasPlannedIsAConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		res, err, _ := do(t, f, s, RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		f.calls = nil
		res, err, _ = do(t, f, renamed(s, "new"), RunOptions{Seen: ptr(0)}, nil)
		wantOutcome(t, res, err, Conflict, "release shop became revision 1 by me", "packctl history shop")
		want(t, f, "unlock")
	})
}

func TestPiecesWithoutAHeadAreRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.set("packctl/releases/shop/revisions/000001/001", api.VariableItems{recordItem: "half"})
		f.set("packctl/releases/shop/revisions/000001/002", api.VariableItems{recordItem: "half"})
		res, err, _ := do(t, f, newStack([]string{"db"}), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		if v := f.variables["packctl/releases/shop/revisions/000001/002"]; v != nil {
			t.Error("left behind")
		}
		if got := outcomes(kept(t, f)); got != "1 healthy" {
			t.Error(got)
		}
	})
}
