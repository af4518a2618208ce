//go:build integration

package release_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

func some(t *testing.T, r *real) {
	version := func(v string) *stack.Stack {
		env := `env { V = "` + v + `" }`
		quick := `min_healthy_time = "100ms"`
		return newStack(t, "some",
			[]job{{name: "db", script: forever, task: env, update: quick}, {name: "seed", job: `type = "batch"`, script: "true", task: env}},
			[]job{{name: "api", script: forever, task: env, update: quick, group: "count = 1\n scaling {\n min = 1\n max = 3\n }"}})
	}
	t.Cleanup(func() { r.stop(t, "some") })
	r.ok(t, version("1"), release.Healthy)
	before := r.runningAllocs(t, "some-db")

	// An autoscaler acts between the plan and the registration.
	ev := &events{t: t, on: func(e release.Event) {
		if e.Phase != release.PhaseLock {
			return
		}
		two := 2
		if _, _, err := r.api.Jobs().Scale("some-api", "api", &two, "more to do", false, nil, nil); err != nil {
			t.Error(err)
		}
	}}
	res, err := r.engine().Run(t.Context(), version("2"), release.RunOptions{Only: []string{"api"}}, ev)
	if err != nil || res.Outcome != release.Healthy || !slices.Equal(res.Submitted, []string{"some-api"}) {
		t.Fatalf("%v, %+v", err, res)
	}
	if !strings.Contains(ev.text(), "went from 1 to 2 instances since the plan") {
		t.Error(ev.text())
	}
	if n := len(r.runningAllocs(t, "some-api")[2]); n != 2 {
		t.Errorf("%d instances of the new version, want the 2 that the autoscaler had set", n)
	}
	if now := r.runningAllocs(t, "some-db"); !slices.Equal(now[0], before[0]) {
		t.Errorf("the database was %v and is %v", before, now)
	}
	_, m, err := r.engine().Revision(t.Context(), "some", 2)
	if err != nil {
		t.Fatal(err)
	}
	var has []string
	for _, j := range m.Jobs {
		_, v, _ := strings.Cut(string(j.Source), `V = "`)
		has = append(has, j.ID+" "+v[:1])
	}
	if got := strings.Join(has, ", "); got != "some-db 1, some-seed 1, some-api 2" {
		t.Errorf("revision 2 has %s", got)
	}
}
