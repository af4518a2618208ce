//go:build integration

package nomad

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/realtest"
	"github.com/packctl/packctl/internal/release"
)

func TestAgainstARealNomad(t *testing.T) {
	s := realtest.Nomad(t, nil)
	c, err := New(Config{Address: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a dead owner's lock is free after its time, and a live one's is not", func(t *testing.T) { deadOwner(t, c) })
	t.Run("a variable that somebody else wrote is not overwritten", func(t *testing.T) { movedVariable(t, c) })
	t.Run("a job that somebody else submitted is not overwritten", func(t *testing.T) { movedJob(t, c) })
	t.Run("a watch that loses its agent says so, and goes on when it is back", func(t *testing.T) { lostAgent(t, c, s) })
}

func deadOwner(t *testing.T, c *Client) {
	ctx := t.Context()
	first, err := c.Lock(ctx, "packctl/releases/x/lock", "one")
	if err != nil {
		t.Fatal(err)
	}
	var held release.FaultHeld
	if _, err := c.Lock(ctx, "packctl/releases/x/lock", "two"); !errors.As(err, &held) {
		t.Fatalf("two owners: %v", err)
	}
	if owner, since := held.Holder(); owner != "one" || time.Since(since) > time.Minute {
		t.Errorf("held by %q since %s", owner, since)
	}
	first.(*lock).stop() // as a killed process renews no more
	died := time.Now()
	deadline := died.Add(time.Minute)
	for {
		second, err := c.Lock(ctx, "packctl/releases/x/lock", "two")
		if err == nil {
			t.Logf("free after %s", time.Since(died))
			if d := time.Since(died); d < lockTTL+lockDelay || d > 30*time.Second {
				t.Errorf("the next owner is told that it takes up to 30 s")
			}
			if err := second.Unlock(ctx); err != nil {
				t.Error(err)
			}
			break
		}
		if !errors.As(err, &held) || time.Now().After(deadline) {
			t.Fatalf("after %s: %v", time.Since(died), err)
		}
		if !pause(ctx, 500*time.Millisecond) {
			t.Fatal(ctx.Err())
		}
	}
	if v, err := c.Variable(ctx, "packctl/releases/x/lock"); err != nil || v != nil {
		t.Errorf("left behind: %v, %v", v, err)
	}
}

func movedVariable(t *testing.T, c *Client) {
	v := api.NewVariable("nomad/jobs/x")
	v.Items["a"] = "1"
	if err := c.PutVariable(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	var moved release.FaultMoved
	other := api.NewVariable(v.Path)
	other.Items["a"] = "2"
	if err := c.PutVariable(t.Context(), other); !errors.As(err, &moved) {
		t.Errorf("made twice: %v", err)
	}
	have, err := c.Variable(t.Context(), v.Path)
	if err != nil || have.Items["a"] != "1" {
		t.Fatalf("%v, %v", have, err)
	}
	if err := c.PutVariable(t.Context(), v); err != nil {
		t.Errorf("with the index that it was written at: %v", err)
	}
	if err := c.PutVariable(t.Context(), have); !errors.As(err, &moved) {
		t.Errorf("with an older index: %v", err)
	}
}

func sleeper(id string) *api.Job {
	job := api.NewServiceJob(id, id, "global", 50)
	return job.AddTaskGroup(api.NewTaskGroup("g", 1).AddTask(
		api.NewTask("sleep", "raw_exec").SetConfig("command", "/bin/sleep").SetConfig("args", []string{"300"})))
}

func movedJob(t *testing.T, c *Client) {
	resp, err := c.Register(t.Context(), sleeper("moved"), []byte(`job "moved" {}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	var moved release.FaultMoved
	if _, err := c.Register(t.Context(), sleeper("moved"), nil, 0); !errors.As(err, &moved) {
		t.Errorf("made twice: %v", err)
	}
	if _, err := c.Register(t.Context(), sleeper("moved"), nil, resp.JobModifyIndex); err != nil {
		t.Errorf("with the right index: %v", err)
	}
	broken := sleeper("broken")
	broken.TaskGroups[0].Tasks = nil
	if _, err := c.Register(t.Context(), broken, nil, 0); err == nil || errors.As(err, &moved) {
		t.Errorf("a job that Nomad refuses is not a conflict: %v", err)
	}
	// Not purged: Nomad 1.11.3 ends with a nil dereference (planner.applyPlan) when a job vanishes while a plan of it is on its way.
	if err := c.Deregister(t.Context(), "moved", false); err != nil {
		t.Error(err)
	}
}

func lostAgent(t *testing.T, c *Client, s *realtest.Server) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	out := c.Observe(ctx, []string{"watched"})
	if f := <-out; f.Err != nil || f.Jobs[0].Job != nil {
		t.Fatalf("%+v", f)
	}
	s.Stop()
	var unreachable release.FaultUnreachable
	for f := range out {
		if errors.As(f.Err, &unreachable) {
			break
		}
	}
	s.Start()
	if _, err := c.Register(ctx, sleeper("watched"), nil, 0); err != nil {
		t.Fatal(err)
	}
	for f := range out {
		if f.Err == nil && f.Jobs[0].Job != nil && len(f.Jobs[0].Allocs) > 0 {
			return
		}
	}
	t.Fatalf("it was not seen again: %v", context.Cause(ctx))
}
