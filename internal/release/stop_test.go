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

func TestStopOfChildren(t *testing.T) {
	child := func(n int, status string) *stack.Job {
		j := newJob(fmt.Sprintf("cron/periodic-%d", n))
		j.ParentID, j.Status = ptr("cron"), &status
		return &stack.Job{API: j}
	}
	for name, c := range map[string]struct {
		before   []*stack.Job
		stopping func(*fake) func(string)
		purge    bool
		calls    []string
	}{
		"those that have ended are left alone": {
			before: []*stack.Job{child(1, "dead"), child(2, "running")},
			calls:  []string{"stop cron", "stop cron/periodic-2", "unlock"}},
		"and are purged with the others": {
			before: []*stack.Job{child(1, "dead"), child(2, "running")}, purge: true,
			calls: []string{"stop cron", "stop cron/periodic-2", "purge cron/periodic-1", "purge cron/periodic-2", "purge cron", "unlock"}},
		"one that is launched while its parent is stopped is stopped too": {
			stopping: func(f *fake) func(string) {
				return func(id string) {
					if id == "cron" {
						f.have(child(3, "pending"))
					}
				}
			},
			calls: []string{"stop cron", "stop cron/periodic-3", "unlock"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.have(append([]*stack.Job{{API: serving("cron")}}, c.before...)...)
				if c.stopping != nil {
					f.stopping = c.stopping(f)
				}
				res, err := New(Deps{Nomad: f}).Stop(t.Context(), StopOptions{Release: "shop", Purge: c.purge}, &told{})
				wantOutcome(t, res, err, Healthy)
				want(t, f, c.calls...)
			})
		})
	}
}

func TestAParentThatIsGoneLeavesItsChildrenToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		child := newJob("cron/periodic-1")
		child.ParentID = ptr("cron")
		f.have(&stack.Job{API: child})
		res, err := New(Deps{Nomad: f}).Stop(t.Context(), StopOptions{Release: "shop"}, &told{})
		wantOutcome(t, res, err, Healthy)
		want(t, f, "stop cron/periodic-1", "unlock")
	})
}

func TestStopOfWhatIsNotThereSaysSo(t *testing.T) {
	res, err := New(Deps{Nomad: newFake()}).Stop(t.Context(), StopOptions{Release: "shop"}, &told{})
	wantOutcome(t, res, err, Failed, "release shop has no jobs")
}
