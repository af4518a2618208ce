//go:build integration

package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

// differences are a job's differences, "~group.app.count: 1 > 2".
func differences(d *release.Difference) string {
	var out []string
	for _, j := range d.Jobs {
		out = append(out, j.Kind+" "+j.ID)
		for _, f := range j.Fields {
			out = append(out, f.Kind+" "+f.Path+": "+f.Old+" > "+f.New)
		}
	}
	return strings.Join(out, "\n")
}

func planInFile(t *testing.T, r *real) {
	make := func(level, more string) *stack.Stack {
		return newStack(t, "file", []job{{name: "app", script: forever, task: `env { LEVEL = "` + level + `" }` + more, group: "count = 1"}, {name: "db", script: forever}})
	}
	t.Cleanup(func() { r.stop(t, "file") })
	draft := func(s *stack.Stack) *release.PlanFile {
		t.Helper()
		_, file, err := r.engine().Draft(t.Context(), s, release.RunOptions{}, &events{t: t})
		if err != nil {
			t.Fatal(err)
		}
		text, err := file.Encode()
		if err == nil {
			file, err = release.DecodePlanFile(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	apply := func(f *release.PlanFile) (*release.Result, error) {
		return r.engine().RunPlan(t.Context(), f, release.RunOptions{Timeout: time.Minute}, &events{t: t})
	}
	first := draft(make("info", ""))
	if res, err := apply(first); err != nil || len(res.Submitted) != 2 {
		t.Fatalf("applied: %v, %v", res.Submitted, err)
	}
	if _, err := apply(first); err == nil || !strings.Contains(err.Error(), "the release became revision 1, made by the test") {
		t.Errorf("applied twice: %v", err)
	}
	template := `
      template {
        destination = "local/a"
        data        = "a"
      }`
	second := draft(make("debug", template))
	hand, _, err := r.api.Jobs().Info("file-db", nil)
	if err != nil {
		t.Fatal(err)
	}
	hand.TaskGroups[0].Tasks[0].Env = map[string]string{"BY": "hand"}
	if _, _, err := r.api.Jobs().Register(hand, nil); err != nil {
		t.Fatal(err)
	}
	before, err := r.nomad.Job(t.Context(), "file-app")
	if err != nil {
		t.Fatal(err)
	}
	res, err := apply(second)
	if err == nil || res.Outcome != release.Conflict || !strings.Contains(err.Error(), "job file-db was registered again at ") || !strings.Contains(err.Error(), "version 1, and the plan found 0") {
		t.Errorf("after a change by hand: %q, %v", res.Outcome, err)
	}
	after, err := r.nomad.Job(t.Context(), "file-app")
	if err != nil || *after.JobModifyIndex != *before.JobModifyIndex {
		t.Errorf("something was changed: %v", err)
	}
	diff := func(from, to int) string {
		t.Helper()
		d, err := r.engine().Diff(t.Context(), release.DiffOptions{Release: "file", From: from, To: to})
		if err != nil {
			t.Fatal(err)
		}
		return differences(d)
	}
	if got := diff(0, 0); got != "unchanged file-app\nchanged file-db\nadded group.db.task.main.env.BY:  > hand" {
		t.Errorf("the change by hand:\n%s", got)
	}
	if res, err, _ := r.run(t, make("debug", template), release.RunOptions{AutoApprove: true}); err != nil || res.Revision != 2 {
		t.Fatalf("revision %d, %v", res.Revision, err)
	}
	got := diff(1, 2)
	for _, line := range []string{"changed group.app.task.main.env.LEVEL: info > debug", "added group.app.task.main.template.data:  > a", "unchanged file-db"} {
		if !strings.Contains(got, line) {
			t.Errorf("two revisions: %q is not in\n%s", line, got)
		}
	}
	if strings.Contains(got, "changed group.app.task.main.config") || strings.Contains(got, "added group.app.task.main.env") {
		t.Errorf("two revisions:\n%s", got)
	}
	if got := diff(0, 0); got != "unchanged file-app\nunchanged file-db" {
		t.Errorf("after the run:\n%s", got)
	}
}
