//go:build integration

package release_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/realtest"
	"github.com/packctl/packctl/internal/release"
)

// preparingTask is the prestart task with a migration in a real database, by the real sidecar.
func preparingTask(t *testing.T, sidecar, url string, m spec.Migration, files map[string]string) string {
	t.Helper()
	m.Name, m.Lock = "schema", "down/"+m.Name
	m.Timeout, m.LockTimeout = spec.Duration(time.Minute), spec.Duration(time.Minute)
	text, err := json.Marshal(spec.Prepare{Migration: &m})
	if err != nil {
		t.Fatal(err)
	}
	var templates strings.Builder
	for name, content := range files {
		fmt.Fprintf(&templates, "template {\n destination = \"local/db/%s\"\n data = <<EOT\n%s\nEOT\n }\n", name, content)
	}
	return fmt.Sprintf(`task "prepare" {
      driver = "raw_exec"
      lifecycle {
        hook = "prestart"
      }
      config {
        command = %q
        args    = ["prepare"]
      }
      env {
        DATABASE_URL    = %q
        PACKCTL_PREPARE = <<EOT
%s
EOT
      }
      %s
      restart {
        attempts = 0
        mode     = "fail"
      }
      resources {
        cpu    = 20
        memory = 40
      }
    }`, sidecar, url, text, templates.String())
}

func takesTheSchemaBack(t *testing.T, r *real) {
	bin := filepath.Join(t.TempDir(), "sidecar")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../cmd/sidecar").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	pg := realtest.Postgres(t)
	db, err := sql.Open("pgx", pg.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tables := func() (list string) {
		t.Helper()
		row := db.QueryRowContext(t.Context(), "SELECT coalesce(string_agg(tablename, ' ' ORDER BY tablename), '') FROM pg_tables WHERE tablename LIKE 'by_%'")
		if err := row.Scan(&list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	psql := func(statement string) []string {
		return []string{"sh", "-c", fmt.Sprintf(`psql -v ON_ERROR_STOP=1 -qd "$DATABASE_URL" -c "%s"`, statement), "sh"}
	}
	made := func(version string, files map[string]string, up string) *stack.Stack {
		command := spec.Migration{Name: "cmd", Command: psql(up), Down: &spec.Down{Command: psql("DROP TABLE by_cmd_2; ALTER TABLE by_cmd_1 RENAME TO by_cmd_back_to_$1"), Version: []string{"echo", version + " (head)"}}}
		return newStack(t, "down",
			[]job{{name: "files", script: forever, task: `env { V = "` + version + `" }`,
				group: noSecondChance + "\n" + preparingTask(t, bin, pg.URL, spec.Migration{Name: "files", SQL: "${NOMAD_TASK_DIR}/db"}, files)}},
			[]job{{name: "cmd", script: forever, task: `env { V = "` + version + `" }`, group: noSecondChance + "\n" + preparingTask(t, bin, pg.URL, command, nil)}})
	}
	t.Cleanup(func() { r.stop(t, "down") })
	files := map[string]string{"00001_a.sql": "-- +goose Up\nCREATE TABLE by_files_1 ();"}
	r.ok(t, made("1", files, "CREATE TABLE IF NOT EXISTS by_cmd_1 ()"), release.Healthy)
	newer := map[string]string{"00001_a.sql": files["00001_a.sql"], "00002_b.sql": "-- +goose Up\nCREATE TABLE by_files_2 ();\n-- +goose Down\nDROP TABLE by_files_2;"}
	r.ok(t, made("2", newer, "CREATE TABLE IF NOT EXISTS by_cmd_2 ()"), release.Healthy)
	if got := tables(); got != "by_cmd_1 by_cmd_2 by_files_1 by_files_2" {
		t.Fatalf("the upgrade left %q", got)
	}

	back := func(revision int, down bool) (*release.Result, *events) {
		t.Helper()
		ev := &events{t: t}
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		res, err := r.engine().Rollback(ctx, release.RollbackOptions{Release: "down", Revision: revision, MigrateDown: down}, ev)
		if err != nil {
			t.Fatalf("%v\n%+v", err, res.Failures)
		}
		return res, ev
	}
	res, ev := back(1, true)
	if got := tables(); res.Outcome != release.Healthy || got != "by_cmd_1 by_cmd_back_to_1 by_files_1" { // the older version made by_cmd_1 again
		t.Errorf("outcome %q, tables %q", res.Outcome, got)
	}
	text := ev.text()
	if first, then := strings.Index(text, "migration schema of tier files is taken back"), strings.Index(text, "updated job down-"); first < 0 || then < first {
		t.Errorf("the schema was not taken back before the jobs:\n%s", text)
	}
	back(2, false)
	if got := tables(); got != "by_cmd_1 by_cmd_2 by_cmd_back_to_1 by_files_1 by_files_2" {
		t.Errorf("forwards again left %q", got)
	}
}
