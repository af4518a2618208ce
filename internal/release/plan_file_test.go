package release

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/stack"
)

var here = Cluster{Address: "http://there:4646", Region: "global"}

// drafted plans a stack, writes the plan and reads it again.
func drafted(t *testing.T, f *fake, s *stack.Stack, opt RunOptions) *PlanFile {
	t.Helper()
	calls := len(f.done())
	_, file, err := New(Deps{Nomad: f, Owner: "ann@laptop, pid 1", Cluster: here}).Draft(t.Context(), s, opt, &told{})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.done()[calls:]; len(got) > 0 {
		t.Errorf("to plan did %q", got)
	}
	text, err := file.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodePlanFile(text)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func apply(t *testing.T, f *fake, file *PlanFile, opt RunOptions) (*Result, error) {
	t.Helper()
	return New(Deps{Nomad: f, Owner: "bob@server", Cluster: here}).RunPlan(t.Context(), file, opt, &told{})
}

func TestAPlanFileIsDoneAsItWasShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"}, []string{"api"})
		f.have(s.Jobs...)
		f.have(&stack.Job{API: newJob("gone")})
		s.Jobs[1].API.Name = ptr("changed")
		s.Credentials = []stack.Credential{{Name: "db", Generate: true, Readers: []string{"api"}}}
		s.Volumes = []stack.Volume{{Label: "data", Spec: &api.HostVolume{Name: "shop-data"}}}
		s.Outputs = []stack.Output{{Name: "url", Value: "http://x"}}
		in := Inputs{Known: true, Env: "prod", Values: []Input{{Name: "size", Value: "3"}}}
		file := drafted(t, f, s, RunOptions{Version: "1.2.3", Inputs: in})
		if file.Who != "ann@laptop" || file.Packctl != "1.2.3" || file.Release != "shop" || file.Namespace != "default" || file.Cluster != here || len(file.Outputs) != 1 {
			t.Errorf("%+v", file)
		}
		res, err := apply(t, f, file, RunOptions{})
		wantOutcome(t, res, err, Healthy)
		want(t, f, "put nomad/jobs/api", "volume shop-data", "register api", "stop gone", "unlock")
		list := kept(t, f)
		if got := list[0]; got.Env != "prod" || len(got.Given) != 1 || got.Given[0].Value != "3" || got.Who != "bob@server" {
			t.Errorf("%+v", got)
		}
		f.calls = nil
		res, err = apply(t, f, file, RunOptions{})
		wantOutcome(t, res, err, Conflict, "the release became revision 1, made by bob@server", "the plan knew none", "by revision 1 of bob@server: version 1, and the plan found 0",
			"job gone no longer is one", "make volume shop-data: the plan showed that", "generate credential db")
		want(t, f)
	})
}

func TestAPlanFileWithoutChangesChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"})
		f.have(s.Jobs...)
		res, err := apply(t, f, drafted(t, f, s, RunOptions{}), RunOptions{})
		wantOutcome(t, res, err, Unchanged)
		want(t, f, "unlock")
	})
}

func TestAPlanFileIsRefusedWhenTheClusterMovedOn(t *testing.T) {
	again := func(f *fake, id string, change func(*api.Job)) {
		j := *f.jobs[id]
		if change != nil {
			change(&j)
		}
		if _, err := f.Register(t.Context(), &j, nil, *f.jobs[id].JobModifyIndex); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		moved func(*fake)
		words string
	}{
		"a job that was registered by hand":            {func(f *fake) { again(f, "api", nil) }, "job api was registered again, not by packctl run or rollback: version 1, and the plan found 0"},
		"also one that the plan does not change":       {func(f *fake) { again(f, "db", nil) }, "job db was registered again"},
		"a job that was stopped":                       {func(f *fake) { f.index++; f.jobs["db"].Stop, f.jobs["db"].JobModifyIndex = ptr(true), ptr(f.index) }, "job db was stopped, not by packctl"},
		"a job that was purged":                        {func(f *fake) { delete(f.jobs, "db") }, "job db is gone"},
		"a job that the plan makes, and somebody made": {func(f *fake) { f.have(&stack.Job{API: newJob("new")}) }, "job new was registered, not by packctl run or rollback: version 0"},
		"a job that is to be stopped, and changed":     {func(f *fake) { again(f, "gone", nil) }, "job gone was registered again"},
		"a further job of the release":                 {func(f *fake) { f.have(&stack.Job{API: newJob("more")}) }, "job more, which the plan did not know"},
		"a job that somebody else took": {func(f *fake) {
			again(f, "api", func(j *api.Job) { j.Meta = map[string]string{MetaRelease: "other"} })
		}, "job api no longer is one"},
		"a volume that came":     {func(f *fake) { f.volumes["shop-data"] = []*api.HostVolume{{ID: "v"}} }, "make volume shop-data: the plan showed that"},
		"a credential that came": {func(f *fake) { f.set("nomad/jobs/api", map[string]string{"key": "something"}) }, "generate credential key at nomad/jobs/api: the plan showed that"},
		"a credential that went": {func(f *fake) { delete(f.variables, "nomad/jobs/db") }, "generate credential db at nomad/jobs/db: the plan did not show that"},
		"a revision that somebody made": {func(f *fake) {
			rev := &Revision{Number: 1, Outcome: Healthy, Who: "eve@desk"}
			if err := recordsOf(f, "shop").create(t.Context(), rev, &Manifest{}); err != nil {
				t.Fatal(err)
			}
		}, "the release became revision 1, made by eve@desk"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"}, []string{"api", "new"})
				f.have(s.Jobs[:2]...)
				f.have(&stack.Job{API: newJob("gone")})
				f.set("nomad/jobs/db", map[string]string{"db": "something"})
				s.Credentials = []stack.Credential{{Name: "db", Generate: true, Readers: []string{"db"}}, {Name: "key", Generate: true, Readers: []string{"api"}}}
				s.Volumes = []stack.Volume{{Label: "data", Spec: &api.HostVolume{Name: "shop-data"}}}
				s.Jobs[1].API.Name = ptr("changed")
				file := drafted(t, f, s, RunOptions{})
				c.moved(f)
				f.calls = nil
				res, err := apply(t, f, file, RunOptions{})
				wantOutcome(t, res, err, Conflict, c.words)
				want(t, f)
			})
		})
	}
}

func TestAPlanFileHoldsNoSecretAndAsksForItAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		password := Input{Name: "smtp_password", Value: `"hunter2-hunter2"`, Sensitive: true, Text: "hunter2-hunter2", IsText: true}
		make := func() *stack.Stack {
			s := newStack([]string{"api"})
			secret := eval.NewSecret(password.Text)
			s.Credentials = []stack.Credential{{Name: "smtp", Value: &secret, Readers: []string{"api"}}}
			return s
		}
		for name, in := range map[string]Inputs{
			"a value that was given":                  {Known: true, Values: []Input{password}},
			"a value that stands in the pack's files": {Known: true, Own: []Input{password}},
		} {
			f := newFake()
			file := drafted(t, f, make(), RunOptions{Inputs: in})
			if text, _ := json.Marshal(file); strings.Contains(string(text), "hunter2") {
				t.Errorf("%s: the secret is in the file", name)
			}
			res, err := apply(t, f, file, RunOptions{})
			wantOutcome(t, res, err, Refused, "sensitive variable smtp_password", "PACKCTL_VAR_smtp_password")
			other := password
			other.Text = "another-secret"
			res, err = apply(t, f, file, RunOptions{Inputs: Inputs{Values: []Input{other}}})
			wantOutcome(t, res, err, Refused, "sensitive variable smtp_password")
			want(t, f)
			res, err = apply(t, f, file, RunOptions{Inputs: Inputs{Values: []Input{password}}})
			wantOutcome(t, res, err, Healthy)
			if got := f.variables["nomad/jobs/api"].Items["smtp"]; got != password.Text {
				t.Errorf("%s: %q is stored", name, got)
			}
			if given := kept(t, f)[0].Given; len(given) != len(in.Values) || len(given) == 1 && given[0].HMAC == "" {
				t.Errorf("%s: recorded %+v", name, given)
			}
		}
		_, _, err := New(Deps{Nomad: newFake()}).Draft(t.Context(), make(), RunOptions{}, &told{})
		var known *Error
		if !errors.As(err, &known) || known.Outcome != Refused || !strings.Contains(err.Error(), "no variable's own") {
			t.Errorf("a value that is computed: %v", err)
		}
	})
}

func TestAPlanFileIsForOneCluster(t *testing.T) {
	f, s := newFake(), newStack([]string{"db"})
	file := drafted(t, f, s, RunOptions{})
	for _, other := range []Cluster{{Address: "http://elsewhere:4646", Region: "global"}, {Address: here.Address, Region: "eu"}, {}} {
		res, err := New(Deps{Nomad: f, Cluster: other}).RunPlan(t.Context(), file, RunOptions{}, &told{})
		wantOutcome(t, res, err, Refused, "the plan is for the cluster at http://there:4646, region global")
	}
	want(t, f)
}

func TestAPlanThatARunWouldBeRefusedForIsNotKept(t *testing.T) {
	f, s := newFake(), newStack([]string{"db"})
	f.failed = map[string]*api.AllocationMetric{"db": {ConstraintFiltered: map[string]int{"plan9": 1}}}
	plan, file, err := New(Deps{Nomad: f}).Draft(t.Context(), s, RunOptions{}, &told{})
	if err == nil || file != nil || len(plan.Problems) != 1 {
		t.Errorf("file %v, error %v, %+v", file, err, plan.Problems)
	}
}

func TestPlanFilesThatAreNone(t *testing.T) {
	f, s := newFake(), newStack([]string{"db"})
	text, err := drafted(t, f, s, RunOptions{}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	for name, c := range map[string]struct{ text, words string }{
		"nothing":              {"", "broken or cut off"},
		"half of it":           {good[:len(good)/2], "broken or cut off"},
		"all but the end":      {good[:len(good)-1], "broken or cut off"},
		"something else":       {`{"jobs": []}`, "no plan file of packctl"},
		"a later format":       {strings.Replace(good, `"packctl_plan_format":1`, `"packctl_plan_format":2`, 1), "it has format 2, and this packctl reads format 1"},
		"one that was edited":  {strings.Replace(good, `"namespace":"default"`, `"namespace":"other"`, 1), "not as packctl wrote it"},
		"one without a plan":   {`{"packctl_plan_format":1,"sum":"` + sumOf([]byte("{}")) + `","content":{}}`, "no plan in it"},
		"the wrong kind of it": {`{"packctl_plan_format":1,"sum":"` + sumOf([]byte("[1]")) + `","content":[1]}`, "cannot be read"},
	} {
		_, err := DecodePlanFile([]byte(c.text))
		var known *Error
		if !errors.As(err, &known) || known.Outcome != Refused || known.Hint == "" || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var shown map[string]any
	if err := json.Unmarshal(text, &shown); err != nil {
		t.Fatal(err)
	}
	indented, _ := json.MarshalIndent(json.RawMessage(text), "", "  ")
	if _, err := DecodePlanFile(indented); err != nil {
		t.Errorf("space does not matter: %v", err)
	}
}
