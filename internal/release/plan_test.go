package release

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/stack"
)

// planned plans a stack against a fake and requires that nothing was changed.
func plannedBy(t *testing.T, f *fake, s *stack.Stack) (*Plan, error) {
	t.Helper()
	plan, err := New(Deps{Nomad: f}).Plan(t.Context(), s, RunOptions{}, &told{})
	want(t, f)
	return plan, err
}

func TestAPlanSaysWhatARunWouldDo(t *testing.T) {
	f, s := newFake(), newStack([]string{"db", "cache"}, []string{"api"})
	f.have(s.Jobs...)
	f.have(&stack.Job{API: newJob("gone")})
	f.jobs["cache"].Stop = ptr(true)
	delete(f.jobs, "db")
	s.Jobs[2].API.Name = ptr("changed")
	s.Credentials = []stack.Credential{{Name: "db", Generate: true, Readers: []string{"api", "db"}}}
	s.Volumes = []stack.Volume{{Label: "data", Spec: &api.HostVolume{Name: "shop-data"}}}
	plan, err := plannedBy(t, f, s)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, j := range plan.Jobs {
		got = append(got, string(j.Action)+" "+j.ID)
	}
	if w := []string{"create db", "start cache", "in-place api", "prune gone"}; !slices.Equal(got, w) {
		t.Errorf("planned %q, want %q", got, w)
	}
	if !plan.Changes || len(plan.Volumes) != 1 || plan.Volumes[0].Name != "shop-data" {
		t.Errorf("changes %v, volumes %v", plan.Changes, plan.Volumes)
	}
	if c := plan.Credentials; len(c) != 1 || c[0].Action != "generate" || len(c[0].At) != 2 {
		t.Errorf("credentials %+v", c)
	}
	if plan.Jobs[2].Index != *f.jobs["api"].JobModifyIndex || plan.Jobs[2].Fields[0].Path != "name" {
		t.Errorf("%+v", plan.Jobs[2])
	}
	text, err := json.Marshal(plan)
	if err != nil || strings.Contains(string(text), "null") {
		t.Errorf("a list is null: %s, %v", text, err)
	}
}

func TestAPlanOfWhatDidNotChangeHasNoChanges(t *testing.T) {
	f, s := newFake(), newStack([]string{"db"}, []string{"api"})
	f.have(s.Jobs...)
	if plan, err := plannedBy(t, f, s); err != nil || plan.Changes || plan.Count(ActionUnchanged) != 2 {
		t.Errorf("%+v, %v", plan, err)
	}
}

func TestAPlanShowsWhatKeepsARunFromBeginning(t *testing.T) {
	f, s := newFake(), newStack([]string{"db"}, []string{"api"})
	f.have(s.Jobs[0])
	f.jobs["db"].Meta = map[string]string{MetaRelease: "other"}
	f.failed = map[string]*api.AllocationMetric{"api": {DimensionExhausted: map[string]int{"network: reserved port collision https=8443": 1}}}
	s.Credentials = []stack.Credential{{Name: "tls", Readers: []string{"api"}}}
	plan, err := plannedBy(t, f, s)
	if err == nil || len(plan.Problems) != 3 {
		t.Fatalf("problems %+v, error %v", plan.Problems, err)
	}
	for i, w := range []struct{ job, words string }{{"db", "belongs to release other"}, {"", "supplied"}, {"api", "reserved port collision"}} {
		if p := plan.Problems[i]; p.Job != w.job || !strings.Contains(p.Message, w.words) || p.Hint == "" {
			t.Errorf("problem %d: %+v", i, p)
		}
	}
	if len(plan.Jobs) != 1 || plan.Jobs[0].ID != "api" {
		t.Errorf("what can be planned is planned all the same: %+v", plan.Jobs)
	}
}

func TestAPlanShowsNoSecret(t *testing.T) {
	f, s := newFake(), newStack([]string{"api"})
	given := eval.NewSecret("the-given-one")
	s.Credentials = []stack.Credential{{Name: "db", Generate: true, Readers: []string{"api"}}, {Name: "smtp", Value: &given, Readers: []string{"api"}}}
	f.set("nomad/jobs/api", map[string]string{"db": "the-stored-one", "other": "somebody-elses"})
	f.have(s.Jobs...)
	f.diff = &api.JobDiff{Type: "Edited", TaskGroups: []*api.TaskGroupDiff{{Type: "Edited", Name: "api", Tasks: []*api.TaskDiff{{Type: "Edited", Name: "main",
		Fields: []*api.FieldDiff{{Type: "Edited", Name: "Env[A]", Old: "x the-stored-one", New: "y"}, {Type: "Edited", Name: "Env[B]", Old: "the-given-one", New: "somebody-elses"}}}}}}}
	plan, err := plannedBy(t, f, s)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(plan)
	for _, secret := range []string{"the-given-one", "the-stored-one", "somebody-elses"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is shown: %s", secret, text)
		}
	}
	if got := plan.Jobs[0].Tiers[0].Fields[0]; got.Path != "task.main.env.A" || got.Old != "x [redacted]" || got.New != "y" {
		t.Errorf("%+v", got)
	}
	if c := plan.Credentials; len(c) != 1 || c[0].Action != "write" {
		t.Errorf("credentials %+v", c)
	}
}

func TestFieldsHaveTheNamesOfJobFiles(t *testing.T) {
	for name, want := range map[string]string{
		"KillTimeout": "kill_timeout", "Env[LOG_LEVEL]": "env.LOG_LEVEL", "CPU": "cpu", "MemoryMB": "memory", "DNSServers": "dns_servers",
		"EmbeddedTmpl": "data", "args[0]": "args.0", "Count": "count", "MaxClientDisconnect": "max_client_disconnect", "TLSSkipVerify": "tls_skip_verify",
	} {
		if got := fieldName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if got := fieldText("KillTimeout", "5000000000"); got != "5s" {
		t.Error(got)
	}
	if got := fieldText("Count", "5000000000"); got != "5000000000" {
		t.Error(got)
	}
}
