package monitor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/nomad"
	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// fakeWatch plays Nomad and Consul: the test sends what they say.
type fakeWatch struct {
	members chan nomad.Members
	facts   chan release.Facts
	checks  chan release.Checks
	asked   []string // what was subscribed to, in order
}

func (f *fakeWatch) Follow(ctx context.Context, _ string) <-chan nomad.Members {
	return relay(ctx, f.members)
}

type fakeNomad struct{ *fakeWatch }

func (f fakeNomad) Observe(ctx context.Context, ids []string) <-chan release.Facts {
	f.asked = append(f.asked, "jobs "+strings.Join(ids, " "))
	return relay(ctx, f.facts)
}

type fakeConsul struct{ *fakeWatch }

func (f fakeConsul) Observe(ctx context.Context, services []string) <-chan release.Checks {
	f.asked = append(f.asked, "services "+strings.Join(services, " "))
	return relay(ctx, f.checks)
}

func relay[T any](ctx context.Context, from <-chan T) <-chan T {
	to := make(chan T)
	go func() {
		defer close(to)
		for {
			select {
			case v := <-from:
				select {
				case to <- v:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return to
}

const allocID = "0d6a3f2a-51c2-4e0a-9b7d-3f2a91c20001"

func runningJob(id string) status.JobFacts {
	group := &api.TaskGroup{Name: ptr("web"), Count: ptr(1), Tasks: []*api.Task{{Name: "web"}},
		Services: []*api.Service{{Name: id + "-web", Checks: []api.ServiceCheck{{Name: "http"}}}, {Name: "${NOMAD_JOB_NAME}-x"}, {Name: "n", Provider: "nomad"}}}
	return status.JobFacts{ID: id, Job: &api.Job{ID: &id, Type: ptr("service"), Version: ptr(uint64(0)), TaskGroups: []*api.TaskGroup{group}},
		Allocs: []*api.AllocationListStub{{ID: allocID, Name: id + ".web[0]", TaskGroup: "web", ClientStatus: "running", DesiredStatus: "run",
			TaskStates: map[string]*api.TaskState{"web": {State: "running"}}}}}
}

func TestTheClusterIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeWatch{members: make(chan nomad.Members), facts: make(chan release.Facts), checks: make(chan release.Checks)}
		c := NewCluster("shop", fakeNomad{f}, fakeConsul{f})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); c.Run(ctx) }()

		state := func(want status.State, faults ...Part) {
			t.Helper()
			synctest.Wait()
			s := c.Read(ctx)
			if len(s.Tiers) != 1 || s.Tiers[0].State != want {
				t.Errorf("tiers %+v, want one that is %s", s.Tiers, want)
			}
			for _, p := range parts() {
				if down := s.Faults[p] != nil; down != slices.Contains(faults, p) {
					t.Errorf("fault of %s: %v", p, s.Faults[p])
				}
			}
		}
		check := func(st string) release.Checks {
			return release.Checks{ByAlloc: map[string][]status.Check{allocID: {{Name: "http", Service: "shop-web", Status: st}}}}
		}
		refused := errors.New("connection refused")

		f.members <- nomad.Members{IDs: []string{"shop"}}
		f.facts <- release.Facts{Jobs: []status.JobFacts{runningJob("shop")}}
		synctest.Wait()
		select {
		case <-c.first:
			t.Error("Nomad's word alone was taken for the whole")
		default:
		}
		f.checks <- check("passing")
		state(status.Healthy)
		f.checks <- check("critical")
		state(status.Checking)

		f.checks <- release.Checks{Err: refused}
		state(status.Checking, Consul) // as last known
		f.facts <- release.Facts{Err: refused}
		state(status.Checking, Nomad, Consul)
		f.members <- nomad.Members{Err: refused}
		state(status.Checking, Nomad, Consul)
		f.members <- nomad.Members{IDs: []string{"shop"}} // the stream of before may be dead: a new one is asked for
		synctest.Wait()
		f.facts <- release.Facts{Jobs: []status.JobFacts{runningJob("shop")}}
		state(status.Checking, Consul)
		f.checks <- check("passing")
		state(status.Healthy)

		f.members <- nomad.Members{IDs: []string{"shop", "shop2"}}
		synctest.Wait()
		f.facts <- release.Facts{Jobs: []status.JobFacts{runningJob("shop"), runningJob("shop2")}}
		synctest.Wait()
		f.checks <- check("passing")
		synctest.Wait()
		if s := c.Read(ctx); len(s.Tiers) != 2 {
			t.Errorf("%d tiers after a second job came", len(s.Tiers))
		}
		f.members <- nomad.Members{}
		synctest.Wait()
		if s := c.Read(ctx); len(s.Tiers) != 0 || len(s.Faults) != 0 {
			t.Errorf("after the last job is gone: %+v", s)
		}
		cancel()
		<-ended
		want := []string{"jobs shop", "services shop-web", "jobs shop", "jobs shop shop2", "services shop-web shop2-web"}
		if !slices.Equal(f.asked, want) {
			t.Errorf("asked %q, want %q", f.asked, want)
		}
	})
}

func TestAClusterThatNeverAnswersIsAFaultAndNotAWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeWatch{members: make(chan nomad.Members)}
		c := NewCluster("shop", fakeNomad{f}, fakeConsul{f})
		ctx, cancel := context.WithTimeout(t.Context(), firstRead)
		defer cancel()
		if s := c.Read(ctx); s.Faults[Nomad] == nil {
			t.Errorf("got %+v", s)
		}
	})
}
