//go:build e2e

package devagent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	nomad "github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/proc"
	"github.com/packctl/packctl/internal/repo"
)

// pair are the options of a pair for tests, beside whatever else runs; its data is gone when the test ends.
func pair(t *testing.T, nomadPort int) Options {
	t.Helper()
	root, err := repo.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "dev-") // short: a Unix socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	opt := Options{DataDir: dir, BinDirs: []string{filepath.Join(root, "bin")}, NomadPort: nomadPort, ConsulPort: nomadPort + 5}
	t.Cleanup(func() {
		if t.Failed() {
			for _, agent := range []string{"consul", "nomad"} {
				log, err := os.ReadFile(layout{dir}.log(agent))
				t.Logf("the end of %s's log (%v):\n%s", agent, err, log[max(0, len(log)-6000):])
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		if _, err := Down(ctx, dir, true, say(t)); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return opt
}

func TestUpStatusJobDownAndUpAgain(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Minute)
	defer cancel()
	opt := pair(t, 25040)
	report, err := Up(ctx, opt, say(t))
	if err != nil {
		t.Fatal(err)
	}
	if !report.Ready || report.Unchanged {
		t.Fatalf("after up: %+v", report)
	}

	again, err := Up(ctx, Options{DataDir: opt.DataDir}, say(t))
	if err != nil || !again.Unchanged || again.Nomad.PID != report.Nomad.PID || again.Consul.PID != report.Consul.PID {
		t.Fatalf("a second up changed something: %+v, %v", again, err)
	}
	listensOnlyOn(t, report, "127.0.0.1", strings.Split(report.ContainerAddress, ":")[0])

	client, err := nomad.NewClient(&nomad.Config{Address: report.Nomad.URL})
	if err != nil {
		t.Fatal(err)
	}
	submit(t, client, webJob)
	const front = "http://127.0.0.1:25049/"
	fetch(ctx, t, front)

	s, err := readState(layout{opt.DataDir})
	if err != nil {
		t.Fatal(err)
	}
	if stopped, err := Down(ctx, opt.DataDir, false, say(t)); err != nil || !stopped {
		t.Fatalf("down: stopped %v, %v", stopped, err)
	}
	nothingLeft(ctx, t, s.Plan)
	if stopped, err := Down(ctx, opt.DataDir, false, say(t)); err != nil || stopped {
		t.Errorf("a second down: stopped %v, %v", stopped, err)
	}

	if _, err := Up(ctx, Options{DataDir: opt.DataDir, BinDirs: opt.BinDirs}, say(t)); err != nil {
		t.Fatal(err)
	}
	fetch(ctx, t, front) // the job came back
	if _, err := Down(ctx, opt.DataDir, true, say(t)); err != nil {
		t.Fatal(err)
	}
	nothingLeft(ctx, t, s.Plan)
	if _, err := os.Stat(opt.DataDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after down with purge the data folder is still there: %v", err)
	}
}

func TestAFailedOrInterruptedUpLeavesNothing(t *testing.T) {
	t.Run("a port of Nomad's is taken", func(t *testing.T) {
		opt := pair(t, 25060)
		l, err := net.Listen("tcp", "127.0.0.1:25061")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		_, err = Up(context.Background(), opt, say(t))
		var fault *Fault
		if !errors.As(err, &fault) || !strings.Contains(fault.Problem, "25061") {
			t.Errorf("got %v, want a Fault that names the port", err)
		}
		nothingRuns(t, opt.DataDir)
	})
	t.Run("a program that ends at once", func(t *testing.T) {
		opt := pair(t, 25060)
		dir := t.TempDir()
		fake := "#!/bin/sh\n[ \"$1\" = version ] && echo 'Nomad v9.9.9' && exit\nexit 1\n"
		if err := os.WriteFile(filepath.Join(dir, "nomad"), []byte(fake), 0o755); err != nil {
			t.Fatal(err)
		}
		opt.BinDirs = append([]string{dir}, opt.BinDirs...)
		_, err := Up(context.Background(), opt, say(t))
		var fault *Fault
		if !errors.As(err, &fault) {
			t.Fatalf("got %v, want a Fault", err)
		}
		// It depends on the machine's mood whether the end is seen at the start or while Nomad is awaited.
		if p := fault.Problem; !strings.Contains(p, "Nomad did not become ready") && !strings.Contains(p, "nomad ended as soon as it was started") {
			t.Errorf("the problem is told as %q", p)
		}
		nothingRuns(t, opt.DataDir)
	})
	t.Run("an interrupt while Nomad starts", func(t *testing.T) {
		opt := pair(t, 25060)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		_, err := Up(ctx, opt, func(line string) {
			t.Log(line)
			if strings.HasPrefix(line, "starting Nomad") {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		nothingRuns(t, opt.DataDir)
	})
}

func TestDownCleansUpAfterANomadThatDied(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	opt := pair(t, 25040)
	report, err := Up(ctx, opt, say(t))
	if err != nil {
		t.Fatal(err)
	}
	client, err := nomad.NewClient(&nomad.Config{Address: report.Nomad.URL})
	if err != nil {
		t.Fatal(err)
	}
	submit(t, client, webJob)
	fetch(ctx, t, "http://127.0.0.1:25049/")
	s, err := readState(layout{opt.DataDir})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Nomad.Stop(ctx, syscall.SIGKILL, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if stopped, err := Down(ctx, opt.DataDir, false, say(t)); err != nil || !stopped {
		t.Fatalf("down: stopped %v, %v", stopped, err)
	}
	nothingLeft(ctx, t, s.Plan)
}

func say(t *testing.T) Say { return func(line string) { t.Log(line) } }

const webJob = `
job "web" {
  group "web" {
    network {
      mode = "bridge"
      port "http" {
        static       = 25049
        to           = 8000
        host_network = "local"
      }
    }
    task "server" {
      driver = "docker"
      user   = "10001"
      config {
        image   = "packctl/mail:dev"
        command = "python3"
        args    = ["-m", "http.server", "8000", "--directory", "/local"]
      }
      resources {
        cpu    = 50
        memory = 64
      }
    }
  }
}`

func submit(t *testing.T, client *nomad.Client, source string) {
	t.Helper()
	job, err := client.Jobs().ParseHCL(source, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Jobs().Register(job, nil); err != nil {
		t.Fatal(err)
	}
}

// fetch waits until the URL answers with 200.
func fetch(ctx context.Context, t *testing.T, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	if err := await(ctx, nil, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, resp.Status)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// listensOnlyOn fails when a TCP socket of the agents is bound to another address.
func listensOnlyOn(t *testing.T, r *Report, addrs ...string) {
	t.Helper()
	out, err := exec.Command("ss", "-Hltnp").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, fmt.Sprintf("pid=%d,", r.Nomad.PID)) && !strings.Contains(line, fmt.Sprintf("pid=%d,", r.Consul.PID)) {
			continue
		}
		seen++
		host, _, err := net.SplitHostPort(strings.Fields(line)[3])
		if err != nil {
			t.Fatal(err)
		}
		if host != addrs[0] && host != addrs[1] {
			t.Errorf("an agent listens on %s", strings.Fields(line)[3])
		}
	}
	if seen < 7 {
		t.Errorf("only %d listening sockets of the agents were seen", seen)
	}
}

func nothingRuns(t *testing.T, dir string) {
	t.Helper()
	left, err := proc.Inside(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("processes are left: %v, %v", left, err)
	}
	if points, err := proc.Mounts(dir); err != nil || len(points) > 0 {
		t.Errorf("mounts are left: %v, %v", points, err)
	}
}

// nothingLeft is nothingRuns, and no network of the pair either.
func nothingLeft(ctx context.Context, t *testing.T, p plan) {
	t.Helper()
	nothingRuns(t, p.DataDir)
	if i, err := net.InterfaceByName(p.Bridge); err == nil {
		t.Errorf("the bridge %s is left", i.Name)
	}
	ids, err := newDocker().containersOf(ctx, allocsOf(layout{p.DataDir}))
	if err != nil || len(ids) > 0 {
		t.Errorf("containers are left: %v, %v", ids, err)
	}
	for _, table := range []string{"filter", "nat"} {
		out, err := exec.Command("iptables", "-w", "-t", table, "-S").Output()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), p.Bridge) || strings.Contains(string(out), p.Subnet.String()) {
			t.Errorf("packet filter rules are left:\n%s", out)
		}
	}
}
