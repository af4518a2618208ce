package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// planner is an engine that plans and runs plan files.
type planner struct {
	Releaser
	at    ClusterFlags
	ran   *release.PlanFile
	given []release.Input
}

func (p *planner) Memory(context.Context, string) (*release.Memory, error) {
	return &release.Memory{Newest: 4}, nil
}

func (p *planner) Draft(_ context.Context, s *stack.Stack, opt release.RunOptions, _ release.Observer) (*release.Plan, *release.PlanFile, error) {
	plan := &release.Plan{Release: s.Release.Name, Namespace: s.Release.Namespace}
	file := &release.PlanFile{Plan: plan, Release: plan.Release, Namespace: plan.Namespace, Revision: *opt.Seen, Cluster: release.Cluster{Region: "eu"},
		Secrets: []release.PlanSecret{{Variable: "password", Text: true}, {Variable: "pin"}, {Variable: "other"}}}
	return plan, file, nil
}

func (p *planner) RunPlan(_ context.Context, f *release.PlanFile, opt release.RunOptions, _ release.Observer) (*release.Result, error) {
	p.ran, p.given = f, opt.Inputs.Values
	return &release.Result{Outcome: release.Healthy, Release: f.Release}, nil
}

func TestAPlanIsWrittenAndRun(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "packs"), os.DirFS("testdata/packs")); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	p := &planner{}
	environ := []string{"NOMAD_NAMESPACE=web"}
	f := &Factory{Dir: dir, Streams: &view.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, Environ: func() []string { return environ },
		Releaser: func(c ClusterFlags) (Releaser, error) {
			p.at = c
			return p, nil
		}}
	packctl := func(want int, args ...string) {
		t.Helper()
		errs.Reset()
		if code := Main(t.Context(), f, args); code != want {
			t.Fatalf("%q: exit code %d\n%s", args, code, errs.String())
		}
	}
	path := filepath.Join(dir, "my.plan")
	if err := os.WriteFile(path, []byte("an older one, that others may read"), 0o644); err != nil { //nolint:gosec // that is what is tested
		t.Fatal(err)
	}
	packctl(0, "plan", "tiny", "-out", "my.plan")
	if !strings.Contains(errs.String(), "packctl run -plan my.plan") {
		t.Errorf("it does not say how to go on: %s", errs.String())
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	packctl(1, "plan", "tiny", "-out", "no/such/folder.plan")

	environ = []string{"PACKCTL_VAR_password=a \"b\"", "PACKCTL_VAR_pin=12", "PACKCTL_VAR_else=x"}
	packctl(0, "run", "-plan", "my.plan")
	if p.ran == nil || p.ran.Revision != 4 || p.at.Namespace != "web" || p.at.Region != "eu" {
		t.Errorf("ran %+v at %+v", p.ran, p.at)
	}
	if len(p.given) != 2 || p.given[0].Value != `"a \"b\""` || p.given[0].Text != `a "b"` || p.given[1].Value != "12" {
		t.Errorf("given %+v", p.given)
	}
	packctl(1, "run", "-plan", "my.plan", "--namespace", "other")
	if !strings.Contains(errs.String(), "the plan is for namespace web, and not for other") {
		t.Error(errs.String())
	}
	environ = []string{"NOMAD_NAMESPACE=other"}
	packctl(1, "run", "-plan", "my.plan")
	environ = []string{"NOMAD_REGION=us"}
	packctl(0, "run", "-plan", "my.plan")
	if p.at.Region != "" {
		t.Errorf("region %q, but NOMAD_REGION says another", p.at.Region)
	}
}
