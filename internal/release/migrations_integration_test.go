//go:build integration

package release_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

// migratingTask stands in for the prestart task with a migration: it runs a script.
func migratingTask(rel, script string) string {
	return fmt.Sprintf(`task "prepare" {
      driver = "raw_exec"
      lifecycle {
        hook = "prestart"
      }
      config {
        command = "/bin/sh"
        args    = ["-c", <<EOT
%[2]s
EOT
        ]
      }
      env {
        PACKCTL_PREPARE = "{\"release\":\"%[1]s\",\"migration\":{\"name\":\"schema\",\"command\":[\"true\"],\"database\":{}}}"
      }
      template {
        destination = "secrets/env"
        env         = true
        data        = <<EOT
{{ with nomadVar "nomad/jobs/%[1]s-app" }}PASSWORD={{ .db }}{{ end }}
EOT
      }
      restart {
        attempts = 0
        mode     = "fail"
      }
      resources {
        cpu    = 20
        memory = 20
      }
    }`, rel, script)
}

func migratesFirst(t *testing.T, r *real) {
	told := filepath.Join(t.TempDir(), "told")
	made := func(version, migration string) *stack.Stack {
		s := newStack(t, "mig",
			[]job{{name: "db", task: `env { V = "` + version + `" }`, script: writes(told, "db:"+version, forever)}},
			[]job{{name: "app", script: writes(told, "app:"+version, forever),
				group: noSecondChance + "\n" + migratingTask("mig", writes(told, "$NOMAD_JOB_ID:"+version+":$(echo $PASSWORD | wc -c)", migration))}})
		s.Credentials = []stack.Credential{{Name: "db", Generate: true, Password: &stack.Password{Length: 24}, Readers: []string{"mig-app"}}}
		return s
	}
	t.Cleanup(func() {
		r.stop(t, "mig")
		_, _ = r.api.Variables().Delete("nomad/jobs/mig-app", nil)
	})
	r.ok(t, made("1", "true"), release.Healthy)
	if got := saidSince(t, told); got != "db:1 mig-app:1:25 app:1" {
		t.Errorf("the install ran %q", got)
	}
	app, db := r.allocs(t, "mig-app")[0].ID, r.allocs(t, "mig-db")[0].ID

	res, err, _ := r.run(t, made("2", `echo "relation exists" >&2; sleep 1; exit 6`), release.RunOptions{})
	failed(t, res, err, release.Failed, "app", "prepare", 6, "relation exists")
	if !strings.Contains(err.Error(), "migration schema of tier app") || len(res.Submitted) > 0 {
		t.Errorf("told as %v, submitted %v", err, res.Submitted)
	}
	for job, id := range map[string]string{"mig-app": app, "mig-db": db} {
		list := r.allocs(t, job)
		if len(list) != 1 || list[0].ID != id || list[0].ClientStatus != "running" || list[0].DesiredStatus != "run" {
			t.Errorf("the failed migration touched %s: %d allocations, %+v", job, len(list), list[0])
		}
	}
	if got := saidSince(t, told); got != "mig-app-migrate-app:2:25" {
		t.Errorf("the failed upgrade ran %q", got)
	}
	if v, _, err := r.api.Variables().Peek("nomad/jobs/mig-app-migrate-app", nil); err != nil || v != nil {
		t.Errorf("the secrets are still lent: %v, %v", v != nil, err)
	}

	r.ok(t, made("3", "true"), release.Healthy)
	if got := saidSince(t, told); got != "mig-app-migrate-app:3:25 db:3 mig-app:3:25 app:3" {
		t.Errorf("the upgrade ran %q", got)
	}
}
