package release

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

func compared(t *testing.T, f *fake, from, to int) *Difference {
	t.Helper()
	calls := len(f.done())
	d, err := New(Deps{Nomad: f}).Diff(t.Context(), DiffOptions{Release: "shop", From: from, To: to})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.done()[calls:]; len(got) > 0 {
		t.Errorf("to compare did %q", got)
	}
	return d
}

// told is a difference as lines.
func (d *Difference) lines() string {
	var out []string
	for _, v := range d.Values {
		out = append(out, v.Kind+" value "+v.Name+": "+v.Old+" > "+v.New)
	}
	for _, j := range d.Jobs {
		out = append(out, strings.TrimSpace(j.Kind+" "+j.ID+" "+j.Hook))
		for _, f := range j.Fields {
			out = append(out, "  "+f.Kind+" "+f.Path+": "+f.Old+" > "+f.New)
		}
	}
	return strings.Join(out, "\n")
}

func wantLines(t *testing.T, d *Difference, want ...string) {
	t.Helper()
	if got := d.lines(); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestTwoRevisionsAreCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db", "old"}, []string{"api"})
		smtp := Input{Name: "smtp", Value: `"a-secret"`, Sensitive: true}
		addHook(s, "smoke", 0, spec.Test)
		s.Pack.Version = "1.0"
		api1 := s.Jobs[2].API.TaskGroups[0]
		api1.Tasks[0].Templates = []*api.Template{{EmbeddedTmpl: ptr("same")}, {EmbeddedTmpl: ptr("one")}}
		api1.Tasks = append(api1.Tasks, &api.Task{Name: "side", Driver: "raw_exec"})
		res, err, _ := do(t, f, s, RunOptions{Inputs: Inputs{Known: true, Env: "dev", Values: []Input{{Name: "size", Value: "1"}, {Name: "gone", Value: "2"}, smtp}}}, nil)
		wantOutcome(t, res, err, Healthy)

		s = newStack([]string{"db", "new"}, []string{"api"})
		addHook(s, "smoke", 0, spec.Test).API.Name = ptr("another smoke")
		s.Pack.Version = "2.0"
		s.Jobs[2].API.Name = ptr("another")
		api2 := s.Jobs[2].API.TaskGroups[0]
		api2.Count = ptr(2)
		api2.Tasks[0].Templates = []*api.Template{{EmbeddedTmpl: ptr("two")}, {EmbeddedTmpl: ptr("same")}, {EmbeddedTmpl: ptr("three")}}
		s.Jobs[2].API.TaskGroups = append(s.Jobs[2].API.TaskGroups, newJob("queue").TaskGroups[0])
		smtp.Value = `"another-secret"`
		in := Inputs{Known: true, Env: "prod", Values: []Input{{Name: "size", Value: "3"}, smtp, {Name: "came", Value: "4"}}}
		res, err, _ = do(t, f, s, RunOptions{AutoApprove: true, Inputs: in}, nil)
		wantOutcome(t, res, err, Healthy)

		d := compared(t, f, 1, 2)
		wantLines(t, d, "added value came:  > 4", "changed value env: dev > prod", "removed value gone: 2 > ", "changed value size: 1 > 3", "changed value smtp:  > ",
			"unchanged db", "added new", "changed api", "  changed name: api > another", "  changed group.api.count: 1 > 2",
			"  changed group.api.task.main.template.data: one > two", "  added group.api.task.main.template.data:  > three", "  added group.queue:  > ", "  removed group.api.task.side:  > ",
			"changed smoke smoke", "  changed name: smoke > another smoke", "removed old")
		if !d.Changes || d.From.PackVersion != "1.0" || d.To.PackVersion != "2.0" || !d.Values[4].Sensitive {
			t.Errorf("%+v", d)
		}
		if d := compared(t, f, 2, 2); d.Changes || strings.Contains(d.lines(), "  ") {
			t.Errorf("a revision and itself: %s", d.lines())
		}
		if back := compared(t, f, 2, 1); !strings.Contains(back.lines(), "  changed group.api.count: 2 > 1") || !strings.Contains(back.lines(), "added old") {
			t.Errorf("the other way round: %s", back.lines())
		}
		text, _ := json.Marshal(d)
		if strings.Contains(string(text), "secret\"") || strings.Contains(string(text), "null") {
			t.Errorf("%s", text)
		}
	})
}

func TestWhatRunsIsComparedWithARevision(t *testing.T) {
	for name, c := range map[string]struct {
		hand func(*fake)
		rev  int
		want []string
	}{
		"nothing was changed":    {hand: func(*fake) {}, want: []string{"unchanged db", "unchanged api"}},
		"an older revision":      {hand: func(*fake) {}, rev: 1, want: []string{"changed db", "  changed name: db one > db two", "changed api", "  changed name: api one > api two"}},
		"a job changed by hand":  {hand: func(f *fake) { f.jobs["api"].Name = ptr("by hand") }, want: []string{"unchanged db", "changed api", "  changed name: api two > by hand"}},
		"a job stopped by hand":  {hand: func(f *fake) { f.jobs["api"].Stop = ptr(true) }, want: []string{"unchanged db", "stopped api"}},
		"a job purged by hand":   {hand: func(f *fake) { delete(f.jobs, "api") }, want: []string{"unchanged db", "removed api"}},
		"a job of the release's": {hand: func(f *fake) { f.have(&stack.Job{API: newJob("more")}) }, want: []string{"unchanged db", "unchanged api", "added more"}},
		"a job that others took": {hand: func(f *fake) { f.jobs["api"].Meta = nil }, want: []string{"unchanged db", "removed api"}},
		"a secret is not in it":  {hand: func(f *fake) { f.jobs["api"].Name = ptr("x the-stored-one") }, want: []string{"unchanged db", "changed api", "  changed name: api two > x [redacted]"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.set("nomad/jobs/api", map[string]string{"db": "the-stored-one"})
				for _, version := range []string{"one", "two"} {
					s := renamed(newStack([]string{"db"}, []string{"api"}), version)
					s.Credentials = []stack.Credential{{Name: "db", Generate: true, Readers: []string{"api"}}}
					res, err, _ := do(t, f, s, RunOptions{}, nil)
					wantOutcome(t, res, err, Healthy)
				}
				now := *f.jobs["api"]
				f.jobs["api"] = &now
				c.hand(f)
				f.calls = nil
				d := compared(t, f, c.rev, 0)
				wantLines(t, d, c.want...)
				if same := name == "nothing was changed"; d.Changes == same || d.To != (Side{}) {
					t.Errorf("changes %v, to %+v", d.Changes, d.To)
				}
			})
		})
	}
}

func TestWhatCannotBeCompared(t *testing.T) {
	f := newFake()
	_, err := New(Deps{Nomad: f}).Diff(t.Context(), DiffOptions{Release: "shop"})
	var known *Error
	if !errors.As(err, &known) || known.Outcome != Refused || !strings.Contains(err.Error(), "has no revisions") {
		t.Error(err)
	}
	synctest.Test(t, func(t *testing.T) {
		res, err, _ := do(t, f, newStack([]string{"db"}), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		for _, opt := range []DiffOptions{{Release: "shop", From: 9}, {Release: "shop", From: 1, To: 9}} {
			if _, err := New(Deps{Nomad: f}).Diff(t.Context(), opt); err == nil || !strings.Contains(err.Error(), "has no revision 9") {
				t.Error(err)
			}
		}
	})
}
