//go:build bench

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/hashicorp/nomad/jobspec2"

	"github.com/packctl/packctl/internal/realtest"
)

// asked is what was measured on packs of one size: Nomad's own part, which is its API called for each job in turn, and
// packctl's whole process, for the same jobs on the same agent.
type asked struct {
	jobs, rounds                  int
	apiPlan, apiRun, apiAgain     time.Duration
	plan, run, planAgain, runSame time.Duration
}

// TestClusterOverhead prints what plan and run cost beside Nomad's own API. The jobs have no instances, so that nothing
// waits for tasks.
func TestClusterOverhead(t *testing.T) {
	catalog := realtest.Consul(t)
	server := realtest.Nomad(t, catalog)
	client, err := api.NewClient(&api.Config{Address: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOMAD_ADDR", server.URL)
	t.Setenv("CONSUL_HTTP_ADDR", catalog.Addr)
	packctl := filepath.Join(t.TempDir(), "packctl")
	build := program{argv: []string{"go", "build", "-o", packctl, "../cmd/packctl"}}
	if err := build.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := load()
	var all []asked
	for _, jobs := range []int{1, 10, 100} {
		a := asked{jobs: jobs, rounds: 5}
		pack := filepath.Join(t.TempDir(), "pack")
		if err := write(pack, packOf(jobs, bareJob)); err != nil {
			t.Fatal(err)
		}
		for round := range a.rounds {
			if err := a.round(t.Context(), client, packctl, pack, fmt.Sprintf("n%d-%d", jobs, round)); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, a)
	}
	fmt.Printf("\n%s, %d cores, %s/%s, %s; load %s before, %s after; the quickest of %d rounds\n\n",
		processor(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), before, load(), all[0].rounds)
	fmt.Println("| pack | API: plan each | plan | more | API: plan and register each | first run | more | API: plan each again | plan | more | run, unchanged | more |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, a := range all {
		fmt.Printf("| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", jobs(a.jobs), millis(a.apiPlan), millis(a.plan), millis(a.plan-a.apiPlan),
			millis(a.apiRun), millis(a.run), millis(a.run-a.apiRun), millis(a.apiAgain), millis(a.planAgain), millis(a.planAgain-a.apiAgain), millis(a.runSame), millis(a.runSame-a.apiAgain))
	}
}

// round does everything once, with releases of its own, so that nothing has to be purged.
func (a *asked) round(ctx context.Context, client *api.Client, packctl, pack, name string) error {
	bare, err := rendered(ctx, packctl, pack, "api-"+name)
	if err != nil {
		return err
	}
	release := "run-" + name
	for _, step := range []struct {
		least *time.Duration
		do    func() error
	}{
		{&a.apiPlan, func() error { return each(client, bare, false) }},
		{&a.plan, command(ctx, packctl, "plan", pack, "-name", release)},
		{&a.apiRun, func() error { return each(client, bare, true) }},
		{&a.run, command(ctx, packctl, "run", pack, "-name", release)},
		{&a.apiAgain, func() error { return each(client, bare, false) }},
		{&a.planAgain, command(ctx, packctl, "plan", pack, "-name", release)},
		{&a.runSame, command(ctx, packctl, "run", pack, "-name", release)},
	} {
		began := time.Now()
		if err := step.do(); err != nil {
			return err
		}
		if took := time.Since(began); *step.least == 0 || took < *step.least {
			*step.least = took
		}
	}
	return nil
}

func command(ctx context.Context, argv ...string) func() error {
	return func() error { return (&program{argv: argv}).run(ctx) }
}

// rendered are the jobs of a pack as Nomad's own parser reads them.
func rendered(ctx context.Context, packctl, pack, release string) ([]*api.Job, error) {
	dir := filepath.Join(filepath.Dir(pack), release)
	if err := command(ctx, packctl, "render", pack, "-name", release, "-d", dir)(); err != nil {
		return nil, err
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.hcl"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("nothing was rendered into %s: %w", dir, err)
	}
	var out []*api.Job
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		job, err := jobspec2.Parse(path, strings.NewReader(string(text)))
		if err != nil {
			return nil, err
		}
		out = append(out, job)
	}
	return out, nil
}

// each asks Nomad about each job as nomad job plan does, and registers it as nomad job run -check-index does.
func each(client *api.Client, jobs []*api.Job, register bool) error {
	for _, job := range jobs {
		job.Canonicalize()
		planned, _, err := client.Jobs().Plan(job, true, nil)
		if err != nil {
			return err
		}
		if !register {
			continue
		}
		if _, _, err := client.Jobs().RegisterOpts(job, &api.RegisterOptions{EnforceIndex: true, ModifyIndex: planned.JobModifyIndex}, nil); err != nil {
			return err
		}
	}
	return nil
}

// bareJob has no instances and waits for nothing.
const bareJob = `job "NAME" {
  group "app" {
    count = 0

    network {
      port "http" {}
    }

    service {
      name = "${release.name}-NAME"
      port = "http"
      tags = [for t in local.tags : "${t}-${pack.version}"]

      check {
        type     = "tcp"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "app" {
      driver = "raw_exec"

      config {
        command = "/bin/sleep"
        args    = ["${var.port}"]
      }

      template {
        destination = "secrets/app.env"
        env         = true
        data        = <<-EOF
          {{ with nomadVar "nomad/jobs/${release.name}-NAME" }}
          TOKEN={{ .token }}
          {{ end }}
        EOF
      }
    }
  }
}
`
