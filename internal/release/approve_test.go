package release

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

func TestWhatDestroysIsApprovedFirst(t *testing.T) {
	yes := func(context.Context, *Plan) (bool, error) { return true, nil }
	no := func(context.Context, *Plan) (bool, error) { return false, nil }
	gone := func(f *fake, s *stack.Stack) {
		f.have(s.Jobs...)
		f.have(&stack.Job{API: newJob("gone")})
	}
	foreign := func(f *fake, s *stack.Stack) {
		f.have(s.Jobs...)
		f.jobs["api"].Meta = map[string]string{MetaRelease: "other"}
		f.jobs["api"].Name = ptr("theirs")
	}
	fewer := func(f *fake, s *stack.Stack) {
		f.have(s.Jobs...)
		f.diff = &api.JobDiff{Type: "Edited", TaskGroups: []*api.TaskGroupDiff{{Type: "Deleted", Name: "adminer"}}}
	}
	for name, c := range map[string]struct {
		before  func(*fake, *stack.Stack)
		opt     RunOptions
		outcome Outcome
		words   []string
		did     string
	}{
		"a job that is to be stopped is refused when nobody can be asked": {before: gone,
			outcome: Refused, words: []string{"stops job gone", "-auto-approve"}},
		"it is stopped when that is approved beforehand": {before: gone, opt: RunOptions{AutoApprove: true}, outcome: Healthy, did: "stop gone"},
		"it is stopped when somebody says yes":           {before: gone, opt: RunOptions{Approve: yes}, outcome: Healthy, did: "stop gone"},
		"nothing is done when somebody says no":          {before: gone, opt: RunOptions{Approve: no}, outcome: Refused, words: []string{"not approved"}},
		"-prune approves the stopping":                   {before: gone, opt: RunOptions{Prune: true}, outcome: Healthy, did: "stop gone"},
		"-prune does not approve the removal of a tier": {before: fewer, opt: RunOptions{Prune: true}, outcome: Refused,
			words: []string{"removes tier adminer of job db"}},
		"a removed tier is approved like a stopped job": {before: fewer, opt: RunOptions{AutoApprove: true}, outcome: Healthy, did: "register api"},
		"a job of somebody else is refused though all is approved": {before: foreign, opt: RunOptions{AutoApprove: true}, outcome: Conflict,
			words: []string{"-adopt"}},
		"to adopt it asks":         {before: foreign, opt: RunOptions{Adopt: true}, outcome: Refused, words: []string{"takes over job api, which belongs to release other"}},
		"adopted, it is submitted": {before: foreign, opt: RunOptions{Adopt: true, Approve: yes}, outcome: Healthy, did: "register api"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"}, []string{"api"})
				c.before(f, s)
				res, err, _ := do(t, f, s, c.opt, nil)
				wantOutcome(t, res, err, c.outcome, c.words...)
				did := strings.Join(f.done(), "\n")
				if c.did == "" && did != "" || !strings.Contains(did, c.did) {
					t.Errorf("it did %q, want %q", did, c.did)
				}
			})
		})
	}
}

func TestAChangeMadeByHandIsNotUndoneSilently(t *testing.T) {
	for name, c := range map[string]struct {
		hand func(*fake, *api.Job) // after the first run
		pack string                // the name of the job in the pack of the second run, which stands for all of it
		want string                // "" where nothing has to be approved
	}{
		"what run would undo":                       {hand: func(_ *fake, j *api.Job) { j.Name = ptr("by hand") }, pack: "new", want: "undoes what was changed by hand in job db: name"},
		"what the pack has taken over":              {hand: func(_ *fake, j *api.Job) { j.Name = ptr("new") }, pack: "new"},
		"a registration that changed nothing":       {hand: func(*fake, *api.Job) {}, pack: "new"},
		"a job that was stopped by hand":            {hand: func(_ *fake, j *api.Job) { j.Stop, j.Name = ptr(true), ptr("by hand") }, pack: "new"},
		"even the removal of what the pack has too": {hand: func(_ *fake, j *api.Job) { j.Name = ptr("by hand") }, pack: "db", want: "undoes"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				s := newStack([]string{"db"})
				res, err, _ := do(t, f, s, RunOptions{}, nil)
				wantOutcome(t, res, err, Healthy)
				now := *f.jobs["db"]
				now.JobModifyIndex = ptr(*now.JobModifyIndex + 1)
				c.hand(f, &now)
				f.jobs["db"] = &now
				s.Jobs[0].API.Name = ptr(c.pack)
				plan, err := New(Deps{Nomad: f}).Plan(t.Context(), s, RunOptions{}, &told{})
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				if len(plan.Approvals) > 0 {
					got = plan.Approvals[0].Text
				}
				if !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
					t.Errorf("to be approved: %q, want %q", got, c.want)
				}
				if c.want == "" {
					return
				}
				if d := plan.Jobs[0].Drift; len(d) != 1 || d[0].Old != "db" || d[0].New != "by hand" {
					t.Errorf("drift %+v", d)
				}
				f.calls = nil
				res, err, _ = do(t, f, s, RunOptions{}, nil)
				wantOutcome(t, res, err, Refused, c.want)
				want(t, f)
			})
		})
	}
}

// TestWhatAnotherRunDidIsNotDoneByHand: it submits between the reading of the revisions and Nomad's answer about a job.
func TestWhatAnotherRunDidIsNotDoneByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		res, err, _ := do(t, f, newStack([]string{"db"}), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
		moved := *f.jobs["db"] // otherwise it is known to be as it was recorded
		moved.JobModifyIndex = ptr(*moved.JobModifyIndex + 1)
		f.jobs["db"] = &moved
		asked := 0
		f.planning = func() {
			if asked++; asked != 2 { // first for the plan, then for what changed since
				return
			}
			f.planning = nil
			res, err, _ := do(t, f, renamed(newStack([]string{"db"}), "theirs"), RunOptions{}, nil)
			wantOutcome(t, res, err, Healthy)
		}
		res, err, _ = do(t, f, renamed(newStack([]string{"db"}), "mine"), RunOptions{}, nil)
		wantOutcome(t, res, err, Conflict, "became revision 2 by me while this run was planned")
	})
}

func TestAnotherEnvIsApproved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		in := func(env string) Inputs { return Inputs{Known: true, Env: env} }
		res, err, _ := do(t, f, s, RunOptions{Inputs: in("dev")}, nil)
		wantOutcome(t, res, err, Healthy)
		res, err, _ = do(t, f, s, RunOptions{Inputs: in("dev")}, nil)
		wantOutcome(t, res, err, Unchanged)
		res, err, _ = do(t, f, s, RunOptions{Inputs: in("prod")}, nil)
		wantOutcome(t, res, err, Refused, `changes env from "dev" to "prod"`)
	})
}
