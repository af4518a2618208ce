//go:build integration

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	nomad "github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/realtest"
	"github.com/packctl/packctl/internal/release"
)

// agents are a Nomad and a Consul, and the packctl that is built from this source.
type agents struct {
	api *nomad.Client
	bin string
	env []string
}

func newAgents(t *testing.T) *agents {
	consul := realtest.Consul(t)
	server := realtest.Nomad(t, consul)
	a := &agents{bin: filepath.Join(t.TempDir(), "packctl")}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", a.bin, "../../cmd/packctl").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	a.env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "NOMAD_") || strings.HasPrefix(e, "CONSUL_") }),
		"NOMAD_ADDR="+server.URL, "CONSUL_HTTP_ADDR="+consul.Addr)
	client, err := nomad.NewClient(&nomad.Config{Address: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	a.api = client
	return a
}

// moreThanHalf is memory of which the one node has no two.
func (a *agents) moreThanHalf(t *testing.T) string {
	nodes, _, err := a.api.Nodes().List(&nomad.QueryOptions{Params: map[string]string{"resources": "true"}})
	if err != nil || len(nodes) != 1 {
		t.Fatalf("%d nodes, %v", len(nodes), err)
	}
	return fmt.Sprint(nodes[0].NodeResources.Memory.MemoryMB * 55 / 100)
}

// onAgents is one release.
type onAgents struct {
	*agents
	t    *testing.T
	name string
}

// release is one of the pack testdata/outcomes, which is stopped when the test has ended.
func (a *agents) release(t *testing.T, name string) *onAgents {
	c := &onAgents{a, t, name}
	t.Cleanup(func() {
		if r := c.do(context.Background(), nil, "stop", name); r.code != CodeOK {
			t.Error(r)
		}
	})
	return c
}

// ran is how a packctl ended.
type ran struct {
	args           []string
	code           Code
	stdout, stderr string
}

func (r ran) text() string { return r.stdout + r.stderr }

func (r ran) String() string {
	return fmt.Sprintf("packctl %s: exit %d\n%s%s", strings.Join(r.args, " "), r.code, r.stdout, r.stderr)
}

// result is the last line of what a verb wrote as JSON.
func (r ran) result(t *testing.T) *release.Result {
	t.Helper()
	var out struct {
		Type     string
		Outcome  release.Outcome
		Failures []view.Failure
	}
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &out); err != nil || out.Type != "result" {
		t.Fatalf("the last line is no result: %v\n%s", err, r)
	}
	res := &release.Result{Outcome: out.Outcome}
	for _, f := range out.Failures {
		res.Failures = append(res.Failures, release.Failure(f))
	}
	return res
}

// packctl runs a verb on the release: run gets the pack too.
func (c *onAgents) packctl(args ...string) ran { return c.do(c.t.Context(), nil, args...) }

// interrupted sends SIGINT as soon as something was said.
func (c *onAgents) interrupted(when string, args ...string) ran {
	return c.do(c.t.Context(), []byte(when), args...)
}

func (c *onAgents) do(ctx context.Context, when []byte, args ...string) ran {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if args[0] == "run" {
		args = append([]string{"run", "testdata/outcomes", "-name", c.name}, args[1:]...)
	}
	cmd := exec.CommandContext(ctx, c.bin, args...)
	cmd.Env = c.env
	var out, talk bytes.Buffer
	heard := &listener{when: when, do: func() { _ = cmd.Process.Signal(os.Interrupt) }}
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&out, heard), io.MultiWriter(&talk, heard)
	err := cmd.Run()
	if cmd.ProcessState == nil {
		c.t.Fatal(err)
	}
	return ran{args, Code(cmd.ProcessState.ExitCode()), out.String(), talk.String()}
}

// listener does something once, when it has heard something.
type listener struct {
	when []byte
	do   func()

	mu    sync.Mutex
	heard []byte
}

func (l *listener) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.when == nil {
		return len(p), nil
	}
	if l.heard = append(l.heard, p...); bytes.Contains(l.heard, l.when) {
		l.when = nil
		l.do()
	}
	return len(p), nil
}

// allocs are the allocations of a job of the release that run, or are going to.
func (c *onAgents) allocs(job string) []*nomad.AllocationListStub {
	c.t.Helper()
	list, _, err := c.api.Jobs().Allocations(c.name+"-"+job, false, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(a *nomad.AllocationListStub) bool {
		return a.ClientStatus != nomad.AllocClientStatusRunning && (a.ClientStatus != nomad.AllocClientStatusPending || a.DesiredStatus != nomad.AllocDesiredStatusRun)
	})
}

// one is the ID of a job's one allocation, which runs and was never started again.
func (c *onAgents) one(job string) string {
	c.t.Helper()
	list := slices.DeleteFunc(c.allocs(job), func(a *nomad.AllocationListStub) bool { return a.DesiredStatus != nomad.AllocDesiredStatusRun })
	if len(list) != 1 || list[0].ClientStatus != nomad.AllocClientStatusRunning || list[0].TaskStates["main"].Restarts != 0 {
		c.t.Fatalf("job %s has %d live allocations, not one that runs: %+v", job, len(list), list)
	}
	return list[0].ID
}

// runs holds that a job is as a generation has it, and that its one allocation is of that version.
func (c *onAgents) runs(job, generation string) {
	c.t.Helper()
	id := c.one(job)
	now, _, err := c.api.Jobs().Info(c.name+"-"+job, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	a, _, err := c.api.Allocations().Info(id, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if got := now.TaskGroups[0].Tasks[0].Env["GENERATION"]; len(now.TaskGroups[0].Tasks) != 1 || got != generation || *a.Job.Version != *now.Version {
		c.t.Errorf("job %s is of generation %q in version %d, of which version %d runs; want generation %s", job, got, *now.Version, *a.Job.Version, generation)
	}
}

// gone holds that a job is stopped, or was never there, and that nothing of it runs.
func (c *onAgents) gone(job string) {
	c.t.Helper()
	list, _, err := c.api.Jobs().List(&nomad.QueryOptions{Prefix: c.name + "-" + job})
	if err != nil {
		c.t.Fatal(err)
	}
	if live := c.allocs(job); len(live) > 0 || len(list) > 0 && !list[0].Stop {
		c.t.Errorf("job %s is still there, with %d allocations", job, len(live))
	}
}

// history are the release's revisions, as history tells them.
func (c *onAgents) history() []*release.Revision {
	c.t.Helper()
	r := c.packctl("history", c.name, "-o", "json")
	var out struct{ Revisions []*release.Revision }
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil || len(out.Revisions) == 0 {
		c.t.Fatalf("%v\n%s", err, r)
	}
	return out.Revisions
}
