//go:build integration || soak

package release_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/hashicorp/nomad/jobspec2"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/consul"
	"github.com/packctl/packctl/internal/nomad"
	"github.com/packctl/packctl/internal/realtest"
	"github.com/packctl/packctl/internal/release"
)

// real is one pair of real agents, shared by the subtests, each of which has a release of its own.
type real struct {
	nomad  *nomad.Client
	consul *consul.Client
	api    *api.Client
}

func newReal(t *testing.T, extra ...string) *real {
	c := realtest.Consul(t)
	n := realtest.Nomad(t, c, extra...)
	r := newClient(t, n)
	health, err := consul.New(consul.Config{Address: c.Addr})
	if err != nil {
		t.Fatal(err)
	}
	r.consul = health
	return r
}

// newClient talks to a Nomad.
func newClient(t *testing.T, n *realtest.Server) *real {
	t.Helper()
	client, err := nomad.New(nomad.Config{Address: n.URL})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := api.NewClient(&api.Config{Address: n.URL})
	if err != nil {
		t.Fatal(err)
	}
	return &real{nomad: client, api: raw}
}

// claim is one thing that is shown on real agents, in a release of its own.
type claim struct {
	name string
	test func(*testing.T, *real)
}

// someAtOnce is how many claims are shown at the same time, where none of them measures time.
const someAtOnce = 4

// show shows claims, some at a time: not by t.Parallel, which runs as many as there are processors, since they mostly wait.
func (r *real) show(t *testing.T, atOnce int, claims []claim) {
	free := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, c := range claims {
		free <- struct{}{} // in their order
		all.Go(func() {
			defer func() { <-free }()
			t.Run(c.name, func(t *testing.T) { c.test(t, r) })
		})
	}
	all.Wait()
}

func (r *real) engine() *release.Engine {
	return release.New(release.Deps{Nomad: r.nomad, Health: r.consul, Owner: "the test"})
}

// run runs a stack with a bound and returns what it told.
func (r *real) run(t *testing.T, s *stack.Stack, opt release.RunOptions) (*release.Result, error, *events) {
	t.Helper()
	return r.runCtx(t, t.Context(), s, opt)
}

func (r *real) runCtx(t *testing.T, ctx context.Context, s *stack.Stack, opt release.RunOptions) (*release.Result, error, *events) {
	t.Helper()
	if opt.Timeout == 0 {
		opt.Timeout = 90 * time.Second
	}
	ev := &events{t: t}
	res, err := r.engine().Run(ctx, s, opt, ev)
	if res == nil {
		t.Fatal("run returned no result")
	}
	return res, err, ev
}

// ok runs and fails the test unless the outcome is want.
func (r *real) ok(t *testing.T, s *stack.Stack, want release.Outcome) *release.Result {
	t.Helper()
	res, err, _ := r.run(t, s, release.RunOptions{})
	if err != nil || res.Outcome != want {
		t.Fatalf("run: outcome %q, error %v, want %q", res.Outcome, err, want)
	}
	return res
}

func (r *real) stop(t *testing.T, name string) {
	t.Helper()
	if _, err := r.engine().Stop(context.Background(), release.StopOptions{Release: name, Purge: true, Timeout: 60 * time.Second}, &events{t: t}); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// allocs lists a job's allocations.
func (r *real) allocs(t *testing.T, job string) []*api.AllocationListStub {
	t.Helper()
	list, _, err := r.api.Jobs().Allocations(job, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// events is an observer that keeps what it is told, and calls on for each.
type events struct {
	t     *testing.T
	began time.Time
	list  []release.Event
	on    func(release.Event)
}

func (e *events) Event(ev release.Event) {
	if e.began.IsZero() {
		e.began = ev.Time
	}
	e.list = append(e.list, ev)
	if os.Getenv("VERBOSE") != "" {
		e.t.Logf("%6dms %-11s %s%s", time.Since(e.began).Milliseconds(), ev.Phase, ev.Level, ev.Message)
		for _, tier := range ev.Tiers {
			e.t.Logf("          %s %s %d/%d %s", tier.Name, tier.State, tier.Healthy, tier.Desired, tier.Reason)
		}
	}
	if e.on != nil {
		e.on(ev)
	}
}

// reasons are all the reasons that a tier was seen to have, in order.
func (e *events) reasons(tier string) string {
	var out []string
	for _, ev := range e.list {
		for _, t := range ev.Tiers {
			if t.Name == tier {
				out = append(out, string(t.State)+": "+t.Reason)
			}
		}
	}
	return strings.Join(out, "\n")
}

// job is a job of one group with one raw_exec task that runs a shell script.
type job struct {
	name   string
	script string
	group  string // HCL inside the group
	job    string // HCL inside the job
	task   string // HCL inside the task
	update string // HCL inside update
	kill   string // kill_timeout, "1s" when empty
}

func (j job) source(rel string) string {
	update := j.update
	if update == "" {
		update = `min_healthy_time = "1s"
		healthy_deadline = "20s"
		progress_deadline = "30s"`
	}
	if !strings.Contains(j.job, "type") {
		update = "update {\n" + update + "\n}"
	} else {
		update = ""
	}
	home := ""
	if strings.Contains(j.job, "namespace") {
		home = `packctl_namespace = "default"`
	}
	return fmt.Sprintf(`job "%[1]s-%[2]s" {
  meta {
    packctl_release = "%[1]s"
    packctl_pack    = "test"
    %[9]s
  }
  %[3]s
  group "%[2]s" {
    %[4]s
    %[5]s
    task "main" {
      driver = "raw_exec"
      config {
        command = "/bin/sh"
        args    = ["-c", <<EOT
%[6]s
EOT
        ]
      }
      %[7]s
      kill_timeout = %[8]q
      resources {
        cpu    = 20
        memory = 20
      }
    }
  }
}
`, rel, j.name, j.job, update, j.group, j.script, j.task, cmp.Or(j.kill, "1s"), home)
}

// newStack makes a stack of the waves of jobs.
func newStack(t *testing.T, rel string, waves ...[]job) *stack.Stack {
	t.Helper()
	s := &stack.Stack{Pack: stack.Pack{Name: "test"}, Release: stack.Release{Name: rel, Namespace: "default"}}
	for _, wave := range waves {
		var jobs []*stack.Job
		for _, j := range wave {
			source := j.source(rel)
			parsed, err := jobspec2.ParseWithConfig(&jobspec2.ParseConfig{Path: j.name + ".nomad.hcl", Body: []byte(source)})
			if err != nil {
				t.Fatalf("%v\n%s", err, source)
			}
			sj := &stack.Job{ID: *parsed.ID, File: "jobs/" + j.name + ".nomad.hcl", Source: []byte(source), API: parsed}
			jobs = append(jobs, sj)
			s.Jobs = append(s.Jobs, sj)
			for _, tg := range parsed.TaskGroups {
				tier := &stack.Tier{Name: *tg.Name, JobID: sj.ID}
				for _, svc := range tg.Services {
					tier.Services = append(tier.Services, svc.Name)
				}
				s.Tiers = append(s.Tiers, tier)
			}
		}
		s.Waves = append(s.Waves, jobs)
	}
	return s
}

// quick is the update of a job that is healthy as soon as it runs.
const quick = "min_healthy_time = \"100ms\"\nhealthy_deadline = \"40s\"\nprogress_deadline = \"1m\""

const forever = `trap 'exit 0' TERM INT; while :; do sleep 0.2; done`

// checked is a service whose script check passes once the file "ready" is in the allocation's folder.
func checked(name string) string {
	return fmt.Sprintf(`service {
      name = %q
      check {
        name     = "ready"
        type     = "script"
        task     = "main"
        command  = "/bin/sh"
        args     = ["-c", "test -f $NOMAD_ALLOC_DIR/ready || { echo not ready; exit 2; }"]
        interval = "1s"
        timeout  = "1s"
      }
    }`, name)
}

// text is everything that was told.
func (e *events) text() string {
	var out strings.Builder
	for _, ev := range e.list {
		fmt.Fprintf(&out, "%s %+v\n", ev.Message, ev.Tiers)
	}
	return out.String()
}
