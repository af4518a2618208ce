package release

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// unreadable makes the manifest of a revision one that cannot be read.
func unreadable(f *fake) {
	for path := range f.variables {
		if strings.HasSuffix(path, "/001") {
			delete(f.variables, path)
		}
	}
}

func TestHooksBeforeARelease(t *testing.T) {
	gone := []string{"stop api", "purge api", "stop db", "purge db"}
	for name, c := range map[string]struct {
		before  func(*fake, *stack.Stack)
		opt     DestroyOptions
		outcome Outcome
		words   []string
		told    string
		ran     string
		calls   []string // before the lock is given back
	}{
		"is destroyed run in their order, and their jobs go with it": {
			outcome: Healthy, ran: "pre-delete/z pre-delete/a",
			calls: append([]string{"register z", "register a", "stop a", "stop api", "stop z", "purge a", "purge api", "purge z"}, gone[2:]...)},
		"keep it when one fails, with its log": {
			before:  func(f *fake, _ *stack.Stack) { f.becomes = map[string]string{"z": "failed"} },
			outcome: Failed, words: []string{"hook z of pre-delete: tier z: task main failed: exit code 3", "nothing was stopped or deleted", "-no-hooks"},
			ran: "pre-delete/z", calls: []string{"register z"}},
		"are left out when somebody says so": {
			opt: DestroyOptions{NoHooks: true}, outcome: Healthy, told: "the 2 hooks of pre-delete left out", calls: gone},
		"do not run for what does not run": {
			before: func(f *fake, _ *stack.Stack) {
				for _, j := range f.jobs {
					j.Stop = ptr(true)
				}
			},
			outcome: Healthy, calls: gone},
		"are unknown without a record": {
			before:  func(f *fake, _ *stack.Stack) { clear(f.variables) },
			outcome: Healthy, told: "no record tells of hooks of pre-delete", calls: gone},
		"are unknown when the record cannot be read, which is said": {
			before:  func(f *fake, _ *stack.Stack) { unreadable(f) },
			outcome: Refused, words: []string{"what hooks of pre-delete release shop has is not known: revision 1 cannot be read", "-no-hooks destroys it"}},
		"need no record when they are left out": {
			before: func(f *fake, _ *stack.Stack) { unreadable(f) },
			opt:    DestroyOptions{NoHooks: true}, outcome: Healthy, told: "cannot be read", calls: gone},
		"are somebody else's": {
			before:  func(f *fake, _ *stack.Stack) { f.have(&stack.Job{ID: "z", API: newJob("z")}); f.jobs["z"].Meta = nil },
			outcome: Conflict, words: []string{"job z, which hook z runs, exists already and was not made by packctl"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"}, []string{"api"})
				addHook(s, "z", 0, spec.PreDelete)
				addHook(s, "other", 0, spec.PreInstall, spec.Test)
				addHook(s, "a", 0, spec.PreDelete)
				res, err, _ := do(t, f, s, RunOptions{NoHooks: true}, nil)
				wantOutcome(t, res, err, Healthy)
				if c.before != nil {
					c.before(f, s)
				}
				f.calls = nil
				c.opt.Release = "shop"
				o := &told{}
				res, err = New(Deps{Nomad: f}).Destroy(t.Context(), c.opt, o)
				wantOutcome(t, res, err, c.outcome, c.words...)
				got := slices.DeleteFunc(f.done(), func(s string) bool { return s == "unlock" })
				if n := len(res.Hooks); n > 0 && !strings.HasPrefix(got[n-1], "register ") {
					t.Errorf("something was stopped before all hooks had run: %q", got)
				}
				slices.Sort(got)
				slices.Sort(c.calls)
				if !slices.Equal(got, c.calls) {
					t.Errorf("it did %q, want %q", got, c.calls)
				}
				if ran(res) != c.ran || !strings.Contains(o.text, c.told) {
					t.Errorf("it ran %q and told\n%s", ran(res), o.text)
				}
				if c.outcome == Healthy && len(f.jobs) > 0 {
					t.Errorf("%d jobs are left", len(f.jobs))
				}
			})
		})
	}
}

// TestTheRecordSaysWhereThingsAre: when the jobs are gone, nothing else tells their namespaces.
func TestTheRecordSaysWhereThingsAre(t *testing.T) {
	f := newFake()
	job := newJob("web")
	job.Namespace = ptr("blue")
	m := &Manifest{Release: stack.Release{Name: "shop", Namespace: "default"}, Jobs: []Job{{ID: "web", Spec: job}},
		Credentials: []stack.Credential{{Name: "key", Generate: true, Password: &stack.Password{Length: 9}, Readers: []string{"web"}}}}
	f.set("nomad/jobs/web", map[string]string{"key": "old"})
	rev := &Revision{Number: 1, Outcome: Healthy, Submitted: []string{"web"}, Jobs: []RevisionJob{{ID: "web"}}}
	if err := recordsOf(f, "shop").create(t.Context(), rev, m); err != nil {
		t.Fatal(err)
	}
	for name, verb := range map[string]func(*Engine) error{
		"list": func(e *Engine) error { _, err := e.Credentials(t.Context(), "shop"); return err },
		"rotate": func(e *Engine) error {
			_, err := e.Rotate(t.Context(), RotateOptions{Release: "shop", Name: "key"}, &told{})
			return err
		},
		"destroy": func(e *Engine) error {
			_, err := e.Destroy(t.Context(), DestroyOptions{Release: "shop"}, &told{})
			return err
		},
	} {
		n := &spaced{fake: f}
		if err := verb(New(Deps{Nomad: n})); err != nil || !slices.Contains(n.asked, "blue") {
			t.Errorf("%s looked into %q: %v", name, n.asked, err)
		}
	}
}

// spaced notes which namespaces it is asked in.
type spaced struct {
	*fake
	asked []string
}

func (s *spaced) In(namespace string) Nomad {
	s.asked = append(s.asked, namespace)
	return s
}
