package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// packs are those that are measured: generated ones of 1 to 1,000 jobs, and appstack.
func packs(dir string) ([]*measured, error) {
	var out []*measured
	for _, n := range []int{1, 10, 100, 1000} {
		m := &measured{name: jobs(n), pack: filepath.Join(dir, fmt.Sprintf("pack-%d", n)), jobs: n}
		if err := write(m.pack, packOf(n, jobFile)); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	for _, env := range []string{"dev", "prod"} {
		out = append(out, &measured{name: "appstack " + env, pack: filepath.Join("packs", "appstack"), args: []string{"-var", "env=" + env}})
	}
	for _, m := range out {
		m.rendered = filepath.Join(dir, "rendered", strings.ReplaceAll(m.name, " ", "-"))
	}
	return out, nil
}

func jobs(n int) string {
	if n == 1 {
		return "1 job"
	}
	return fmt.Sprintf("%d jobs", n)
}

// packOf is a pack of so many jobs of one form.
func packOf(jobs int, form string) map[string]string {
	files := map[string]string{"pack.hcl": packFile, "variables.hcl": variablesFile}
	for i := range jobs {
		files[fmt.Sprintf("jobs/j%04d.nomad.hcl", i)] = strings.ReplaceAll(form, "NAME", fmt.Sprintf("j%04d", i))
	}
	return files
}

func write(dir string, files map[string]string) error {
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

const packFile = `pack "generated" {
  version = "1.0.0"
}

credential "token" {
  password { length = 32 }
}
`

const variablesFile = `variable "image" {
  type    = string
  default = "registry.example.com/app"
}

variable "port" {
  type    = number
  default = 8000

  validation {
    condition     = var.port > 1023
    error_message = "A port above 1023, please."
  }
}

locals {
  tags = ["a", "b"]
}
`

// jobFile uses what packs use: variables, a gate, a service, a template, Nomad's own expressions.
const jobFile = `# A tier as they usually are.
job "NAME" {
  type        = "service"
  datacenters = ["dc1"]

  group "app" {
    count = 2

    update {
      max_parallel      = 1
      min_healthy_time  = "5s"
      healthy_deadline  = "8m"
      progress_deadline = "10m"
    }

    restart {
      attempts = 3
      interval = "5m"
      delay    = "5s"
      mode     = "fail"
    }

    network {
      mode = "bridge"
      port "http" {
        to = var.port
      }
    }

    wait_for "billing" {
      timeout = "2m"
      http {
        url = "http://billing.example.com/health"
      }
    }

    service {
      name = "${release.name}-NAME"
      port = "http"
      tags = [for t in local.tags : "${t}-${pack.version}"]

      check {
        name     = "ready"
        type     = "http"
        path     = "/health"
        interval = "5s"
        timeout  = "2s"
      }
    }

    task "app" {
      driver       = "docker"
      kill_timeout = "20s"

      config {
        image = "${var.image}:${pack.version}"
        ports = ["http"]
        args  = ["--listen", ":${var.port}", "--name", "NAME", "--node", "${node.unique.name}"]
      }

      env {
        RELEASE = release.name
        PORT    = "${NOMAD_PORT_http}"
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

      resources {
        cpu    = 100
        memory = 128
      }
    }
  }
}
`
