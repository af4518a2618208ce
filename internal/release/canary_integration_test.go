//go:build integration

package release_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

// runningAllocs are the IDs of a job's instances that run and are wanted, by job version.
func (r *real) runningAllocs(t *testing.T, job string) map[uint64][]string {
	t.Helper()
	out := map[uint64][]string{}
	for _, a := range r.allocs(t, job) {
		if a.DesiredStatus == api.AllocDesiredStatusRun && a.ClientStatus == api.AllocClientStatusRunning {
			out[a.JobVersion] = append(out[a.JobVersion], a.ID)
		}
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out
}

func canaries(t *testing.T, r *real) {
	version := func(v string) *stack.Stack {
		env := `env { V = "` + v + `" }`
		return newStack(t, "can",
			[]job{{name: "api", script: forever, task: env, group: "count = 2", update: `canary = 1
			max_parallel = 2
			min_healthy_time = "200ms"
			healthy_deadline = "4s"
			progress_deadline = "5s"`}},
			[]job{{name: "front", job: `type = "batch"`, script: "true", task: env}})
	}
	t.Cleanup(func() { r.stop(t, "can") })
	r.ok(t, version("1"), release.Healthy)
	before := r.runningAllocs(t, "can-api")[0]

	res, err, _ := r.run(t, version("2"), release.RunOptions{})
	if err != nil || res.Outcome != release.Awaiting || !slices.Equal(res.Submitted, []string{"can-api"}) || !slices.Equal(res.Left, []string{"can-front"}) {
		t.Fatalf("%v, %+v", err, res)
	}
	if now := r.runningAllocs(t, "can-api"); !slices.Equal(now[0], before) || len(now[1]) != 1 {
		t.Errorf("one canary is to run beside %v, and there are %v", before, now)
	}
	res, err, _ = r.run(t, version("2"), release.RunOptions{})
	if err != nil || res.Outcome != release.Awaiting || res.Revision != 2 || len(res.Submitted) != 0 {
		t.Fatalf("the same again: %v, %+v", err, res)
	}

	// Nomad holds no progress deadline against what waits for a person.
	deployment := res.Waiting[0].Deployment
	var d *api.Deployment
	for over := time.Now().Add(20 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		if d, _, err = r.api.Deployments().Info(deployment, nil); err != nil {
			t.Fatal(err)
		}
		if by := d.TaskGroups["api"].RequireProgressBy; time.Now().After(by.Add(500*time.Millisecond)) || time.Now().After(over) {
			t.Logf("now %s, progress was required by %s: %s, %s", time.Now().Format(time.TimeOnly), by.Local().Format(time.TimeOnly), d.Status, d.StatusDescription)
			break
		}
	}
	if d.Status != api.DeploymentStatusRunning {
		t.Errorf("the deployment is %s: %s", d.Status, d.StatusDescription)
	}

	res, err = r.engine().Rollback(t.Context(), release.RollbackOptions{Release: "can", Timeout: time.Minute}, &events{t: t})
	if err != nil || res.Outcome != release.Healthy {
		t.Fatalf("rollback: %v, %+v", err, res)
	}
	if now := r.runningAllocs(t, "can-api"); len(now) != 1 || !slices.Equal(now[2], before) {
		t.Errorf("the instances %v are to be the only ones, untouched, and there are %v", before, now)
	}

	res, err, _ = r.run(t, version("2"), release.RunOptions{})
	if err != nil || res.Outcome != release.Awaiting {
		t.Fatalf("once more: %v, %+v", err, res)
	}
	if j, err := r.nomad.Job(t.Context(), "can-front"); err != nil || *j.Version != 0 {
		t.Errorf("the front was changed before its back: %v, %+v", err, j)
	}
	res, err = r.engine().Promote(t.Context(), release.PromoteOptions{Release: "can", Timeout: time.Minute}, &events{t: t})
	if err != nil || res.Outcome != release.Healthy || !slices.Equal(res.Submitted, []string{"can-front"}) || !slices.Equal(res.Promoted, []string{"can-api"}) {
		t.Fatalf("promote: %v, %+v", err, res)
	}
	if now := r.runningAllocs(t, "can-api"); len(now) != 1 || len(now[3]) != 2 {
		t.Errorf("all are to be of version 3: %v", now)
	}
	res, err, _ = r.run(t, version("3"), release.RunOptions{AutoPromote: true})
	if err != nil || res.Outcome != release.Healthy || !slices.Equal(res.Promoted, []string{"can-api"}) {
		t.Fatalf("with -auto-promote: %v, %+v", err, res)
	}
	list, err := r.engine().History(t.Context(), "can")
	if err != nil {
		t.Fatal(err)
	}
	var how []string
	for _, rev := range list {
		how = append(how, string(rev.Outcome))
	}
	if got := strings.Join(how, ", "); got != "healthy, not promoted, healthy, healthy, healthy" {
		t.Errorf("the history is %s", got)
	}
}
