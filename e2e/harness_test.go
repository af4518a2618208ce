//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
)

// packctlBin is the built command. TestMain has made the repository the working folder.
func packctlBin() string {
	p, err := filepath.Abs("bin/packctl")
	if err != nil {
		panic(err) // no working folder: nothing here can run
	}
	return p
}

// result is what one packctl command did.
type result struct {
	args   []string
	code   int
	stdout string
	stderr string
}

func (r result) String() string {
	return fmt.Sprintf("packctl %s: exit %d\n--- stdout\n%s--- stderr\n%s", strings.Join(r.args, " "), r.code, r.stdout, r.stderr)
}

// packctl runs the command to its end, within ten minutes; in a clean-up too.
func packctl(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, packctlBin(), args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("packctl %s: %v", strings.Join(args, " "), err)
	}
	return result{args: args, code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String()}
}

// mustPackctl runs the command and ends the test unless it exits 0.
func mustPackctl(t *testing.T, args ...string) result {
	t.Helper()
	r := packctl(t, args...)
	if r.code != 0 {
		t.Fatal(r)
	}
	return r
}

// nomadClient talks to the agent that TestMain started.
func nomadClient(t *testing.T) *api.Client {
	t.Helper()
	c, err := api.NewClient(api.DefaultConfig())
	if err != nil {
		t.Fatalf("connect to nomad: %v", err)
	}
	t.Cleanup(c.Close)
	return c
}

// await calls try every 200 ms until it returns nil, and fails with the last error it saw.
func await(t *testing.T, what string, timeout time.Duration, try func() error) {
	t.Helper()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within %s: %v", what, timeout, err)
		case <-t.Context().Done():
			t.Fatalf("%s: %v; last: %v", what, t.Context().Err(), err)
		case <-tick.C:
		}
	}
}

// liveAllocs are the allocations of one group that Nomad wants to run, by ID.
func liveAllocs(t *testing.T, c *api.Client, job, group string) map[string]*api.AllocationListStub {
	t.Helper()
	stubs, _, err := c.Jobs().Allocations(job, false, nil)
	if err != nil {
		t.Fatalf("list the allocations of %s: %v", job, err)
	}
	out := map[string]*api.AllocationListStub{}
	for _, a := range stubs {
		if a.TaskGroup == group && a.DesiredStatus == api.AllocDesiredStatusRun && live(a) {
			out[a.ID] = a
		}
	}
	return out
}

func live(a *api.AllocationListStub) bool {
	return a.ClientStatus == api.AllocClientStatusPending || a.ClientStatus == api.AllocClientStatusRunning
}

// oneAlloc is the only live allocation of a group.
func oneAlloc(t *testing.T, c *api.Client, job, group string) *api.AllocationListStub {
	t.Helper()
	m := liveAllocs(t, c, job, group)
	if len(m) != 1 {
		t.Fatalf("%s/%s has %d live allocations, want 1", job, group, len(m))
	}
	for _, a := range m {
		return a
	}
	return nil
}

// get returns status and body of one request through the given client.
func get(client *http.Client, url string) (int, string, error) {
	resp, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// awaitPage fails unless the page is served with the text in it. On a busy machine a check misses its time now and then, and the front
// door then has nobody to ask until the next one passes.
func awaitPage(t *testing.T, client *http.Client, url, text string) {
	t.Helper()
	await(t, url, 30*time.Second, func() error {
		code, body, err := get(client, url)
		if err == nil && (code != http.StatusOK || !strings.Contains(body, text)) {
			err = fmt.Errorf("%d without %q: %.400s", code, text, body)
		}
		return err
	})
}

// dockerBuild makes an image for one test from a Dockerfile given as text, and removes it afterwards.
func dockerBuild(t *testing.T, tag, dockerfile string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "docker", "build", "-q", "-t", tag, "-")
	cmd.Stdin = strings.NewReader(dockerfile)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", tag, err, out)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if out, err := exec.CommandContext(ctx, "docker", "rmi", "-f", tag).CombinedOutput(); err != nil {
			t.Logf("remove %s: %v\n%s", tag, err, out)
		}
	})
}

// dumpOnFailure prints what every allocation of a release last said when the test has failed.
func dumpOnFailure(t *testing.T, release string) {
	t.Helper()
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		out, err := exec.Command("bin/nomad", "job", "status").CombinedOutput()
		t.Logf("nomad job status (%v):\n%s", err, out)
		c, err := api.NewClient(api.DefaultConfig())
		if err != nil {
			t.Logf("connect to nomad: %v", err)
			return
		}
		defer c.Close()
		stubs, _, err := c.Allocations().List(nil)
		if err != nil {
			t.Logf("list allocations: %v", err)
			return
		}
		for _, a := range stubs {
			if !strings.HasPrefix(a.JobID, release+"-") || a.ClientStatus == api.AllocClientStatusComplete {
				continue
			}
			for task := range a.TaskStates {
				for _, kind := range []string{"stdout", "stderr"} {
					args := []string{"alloc", "logs", "-tail", "-n", "15", "-" + kind, a.ID, task}
					if kind == "stdout" {
						args = []string{"alloc", "logs", "-tail", "-n", "15", a.ID, task}
					}
					out, _ := exec.Command("bin/nomad", args...).CombinedOutput()
					if len(bytes.TrimSpace(out)) > 0 {
						t.Logf("%s %s %s (%s) %s:\n%s", a.JobID, a.TaskGroup, task, a.ClientStatus, kind, out)
					}
				}
			}
		}
	})
}

// writeFile writes a file of a test's own.
func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
