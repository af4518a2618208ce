package release

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// serving is a job that registers its own name and waits for others'.
func serving(id string, waitsFor ...string) *api.Job {
	j := newJob(id)
	j.TaskGroups[0].Services = []*api.Service{{Name: id}}
	list := ""
	for i, w := range waitsFor {
		if i > 0 {
			list += ","
		}
		list += fmt.Sprintf(`{"name":%q,"kind":"service","service":{"name":%q,"min":1}}`, w, w)
	}
	j.TaskGroups[0].Tasks = append(j.TaskGroups[0].Tasks, &api.Task{Name: "prepare", Env: map[string]string{"PACKCTL_PREPARE": `{"wait_for":[` + list + `]}`}})
	return j
}

func TestTheFrontStopsFirst(t *testing.T) {
	for name, c := range map[string]struct {
		jobs []*api.Job
		want string
	}{
		"front, then the middle, then the stores": {
			[]*api.Job{serving("api", "db", "redis"), serving("db"), serving("front", "api"), serving("redis"), serving("worker", "redis")},
			"[[front worker] [api] [db redis]]"},
		"jobs in a circle stop together": {
			[]*api.Job{serving("a", "b"), serving("b", "a"), serving("c", "a")}, "[[c] [a b]]"},
		"what waits for another release's service is free": {
			[]*api.Job{serving("a", "elsewhere")}, "[[a]]"},
	} {
		if got := fmt.Sprint(stopOrder(c.jobs)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestStopTakesChildrenAfterTheirParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		child := newJob("cron/periodic-1")
		child.ParentID = ptr("cron")
		f.have(&stack.Job{API: serving("cron")}, &stack.Job{API: child}, &stack.Job{API: serving("front", "cron")})
		res, err := New(Deps{Nomad: f}).Stop(t.Context(), StopOptions{Release: "shop", Purge: true}, &told{})
		wantOutcome(t, res, err, Healthy)
		want(t, f, "stop front", "purge front", "stop cron", "stop cron/periodic-1", "purge cron/periodic-1", "purge cron", "unlock")
	})
}

func TestStopOfWhatIsNotThereSaysSo(t *testing.T) {
	res, err := New(Deps{Nomad: newFake()}).Stop(t.Context(), StopOptions{Release: "shop"}, &told{})
	wantOutcome(t, res, err, Failed, "release shop has no jobs")
}
