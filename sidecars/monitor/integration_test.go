//go:build integration

package monitor

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/nomad/api"
	"github.com/hashicorp/nomad/jobspec2"

	"github.com/packctl/packctl/internal/consul"
	"github.com/packctl/packctl/internal/nomad"
	"github.com/packctl/packctl/internal/realtest"
)

const dbJob = `job "shop-db" {
  meta { packctl_release = "shop" }
  group "db" {
    network {
      port "db" {}
    }
    update {
      min_healthy_time = "0s"
    }
    service {
      name = "shop-db"
      port = "db"
      check {
        name     = "ready"
        type     = "script"
        task     = "db"
        command  = "/bin/sh"
        args     = ["-c", "cat %[1]s/db-ready && echo accepting"]
        interval = "1s"
        timeout  = "1s"
      }
    }
    task "db" {
      driver = "raw_exec"
      config {
        command = "/bin/sleep"
        args    = ["600"]
      }
      resources {
        cpu    = 10
        memory = 10
      }
    }
  }
}`

const appJob = `job "shop-app" {
  meta { packctl_release = "shop" }
  group "api" {
    update {
      min_healthy_time = "0s"
    }
    service {
      name = "shop-api"
    }
    task "prepare" {
      driver = "raw_exec"
      lifecycle {
        hook = "prestart"
      }
      env {
        PACKCTL_PREPARE = <<EOT
{"release":"shop","group":"api","wait_for":[{"name":"db","kind":"service","service":{"name":"shop-db","min":1}}]}
EOT
      }
      config {
        command = "/bin/sh"
        args = ["-c", <<EOT
cat > "$NOMAD_ALLOC_DIR/tmp.json" <<J
{"phase":"waiting","since":"2026-01-01T00:00:00Z","reason":"waiting for db: no passing instance","conditions":[{"name":"db","ready":false,"reason":"no passing instance"}]}
J
mv "$NOMAD_ALLOC_DIR/tmp.json" "$NOMAD_ALLOC_DIR/packctl-prepare.json"
while ! [ -e %[1]s/db-ready ]; do sleep 0.2; done
EOT
        ]
      }
      resources {
        cpu    = 10
        memory = 10
      }
    }
    task "api" {
      driver = "raw_exec"
      config {
        command = "/bin/sleep"
        args    = ["600"]
      }
      resources {
        cpu    = 10
        memory = 10
      }
    }
  }
}`

// TestAgainstRealAgents follows a release through its life on real servers.
func TestAgainstRealAgents(t *testing.T) {
	c := realtest.Consul(t)
	n := realtest.Nomad(t, c)
	raw, err := api.NewClient(&api.Config{Address: n.URL})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	pages := watchPages(t, n.URL, c.Addr)

	pages.until("nothing is registered yet", func(p *Page) bool { return p.Banner.Level == LevelOff && !p.Stale })

	register(t, raw, fmt.Sprintf(dbJob, dir))
	register(t, raw, fmt.Sprintf(appJob, dir))
	p := pages.until("the application waits at its gate for the database, whose check fails", func(p *Page) bool {
		return has(p, "db", "checking") && has(p, "api", "waiting") && p.Tiers[0].Instances[0].Checks != nil && p.Tiers[1].Instances[0].Gate != nil
	})
	if p.Banner.Title != "db is running, its checks do not pass yet" || !p.Tiers[0].RootCause || p.Tiers[1].Name != "api" {
		t.Errorf("the banner says %q, the tiers are %+v", p.Banner.Title, p.Tiers)
	}
	if got := p.Tiers[1].Reason; got != "waiting for db: no passing instance" {
		t.Errorf("the application's reason is %q", got)
	}

	if err := os.WriteFile(filepath.Join(dir, "db-ready"), []byte("yes "), 0o644); err != nil {
		t.Fatal(err)
	}
	p = pages.until("all is well", func(p *Page) bool { return p.Banner.Title == "All 2 tiers healthy" })
	if out := p.Tiers[0].Instances[0].Checks[0].Output; !strings.Contains(out, "yes accepting") {
		t.Errorf("the check's output is %q", out)
	}

	c.Stop()
	pages.until("Consul's end is told, the tiers stay", func(p *Page) bool { return !p.Sources[1].OK && p.Sources[0].OK && len(p.Tiers) == 2 })
	c.Start()

	if _, _, err := raw.Jobs().Deregister("shop-app", false, nil); err != nil {
		t.Fatal(err)
	}
	pages.until("a stopped job shows as stopped", func(p *Page) bool { return has(p, "api", "stopped") })

	n.Stop()
	pages.until("Nomad's end is told, the tiers stay as last known", func(p *Page) bool {
		return p.Stale && p.Banner.Title == "Nomad is unreachable" && len(p.Tiers) == 2
	})
	n.Start() // in memory: it has forgotten the jobs
	pages.until("Nomad is back", func(p *Page) bool { return !p.Stale && p.Sources[0].OK && len(p.Tiers) == 0 })
}

func has(p *Page, tier, state string) bool {
	for _, t := range p.Tiers {
		if t.Name == tier {
			return string(t.State) == state
		}
	}
	return false
}

func register(t *testing.T, client *api.Client, source string) {
	t.Helper()
	job, err := jobspec2.Parse("job.nomad.hcl", strings.NewReader(source))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Jobs().Register(job, nil); err != nil {
		t.Fatal(err)
	}
}

// pages are the snapshots of a monitor's event stream.
type pages struct {
	t  *testing.T
	in chan *Page
}

func watchPages(t *testing.T, nomadAddr, consulAddr string) *pages {
	t.Helper()
	n, err := nomad.New(nomad.Config{Address: nomadAddr})
	if err != nil {
		t.Fatal(err)
	}
	c, err := consul.New(consul.Config{Address: consulAddr})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Listen: "127.0.0.1:0", BasePath: "/monitor", Release: "shop", Namespace: "default"}
	m, err := New(cfg, NewCluster("shop", n, c), hclog.New(&hclog.LoggerOptions{Output: &testLog{t}, Level: hclog.Debug}))
	if err != nil {
		t.Fatal(err)
	}
	d := m.Daemon()
	if err := d.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	resp, err := http.Get("http://" + d.Addr() + "/monitor/events")
	if err != nil {
		t.Fatal(err)
	}
	p := &pages{t: t, in: make(chan *Page, 1000)}
	go func() {
		defer close(p.in)
		defer resp.Body.Close()
		lines := bufio.NewReader(resp.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if data, ok := strings.CutPrefix(line, `data: {"release"`); ok {
				var page Page
				if err := json.Unmarshal([]byte(`{"release"`+data), &page); err != nil {
					t.Errorf("a snapshot is no page: %v", err)
					return
				}
				p.in <- &page
			}
		}
	}()
	return p
}

// until waits for a page.
func (p *pages) until(what string, ok func(*Page) bool) *Page {
	p.t.Helper()
	began := time.Now()
	late := time.After(60 * time.Second)
	last := &Page{}
	for {
		select {
		case page, more := <-p.in:
			if !more {
				p.t.Fatalf("%s: the stream ended", what)
			}
			last = page
			if ok(page) {
				p.t.Logf("%s (%s)", what, time.Since(began).Round(time.Millisecond))
				return page
			}
		case <-late:
			text, _ := json.MarshalIndent(last, "", "  ")
			p.t.Fatalf("%s: not within a minute; the last page is\n%s", what, text)
		}
	}
}

type testLog struct{ t *testing.T }

var _ io.Writer = (*testLog)(nil)

func (l *testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(b)))
	return len(b), nil
}
