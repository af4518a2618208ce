//go:build integration

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/realtest"
)

// preparing is the environment of a prestart task.
func preparing(t *testing.T, server *realtest.Server, alloc string, p spec.Prepare) []string {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"DATABASE_URL=" + server.URL, "NOMAD_ALLOC_DIR=" + alloc, spec.PrepareEnv + "=" + string(text)}
}

func TestMigrateBackwards(t *testing.T) { onEach(t, testMigrateBackwards) }

func testMigrateBackwards(t *testing.T, k kind, server *realtest.Server) {
	dir, db := t.TempDir(), connect(t, server.URL)
	write := func(name, up, down string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("-- +goose Up\n"+up+"\n-- +goose Down\n"+down+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m := &spec.Migration{Name: "schema", SQL: dir, Lock: "shop/schema", Timeout: spec.Duration(20 * time.Second), LockTimeout: spec.Duration(20 * time.Second)}
	up := func() *sidecar {
		return start(t, preparing(t, server, t.TempDir(), spec.Prepare{Migration: m}), "prepare")
	}
	down := func(to int64) *sidecar {
		return start(t, preparing(t, server, t.TempDir(), spec.Prepare{Migration: m, Step: spec.StepDown, To: to}), "prepare")
	}
	tables := func(want int) {
		t.Helper()
		if n := db.number("SELECT count(*) FROM information_schema.tables WHERE table_name IN ('first', 'second', 'third')"); n != want {
			t.Errorf("%d tables, want %d", n, want)
		}
	}

	write("00001_first.sql", "CREATE TABLE first (id int);", "DROP TABLE first;")
	write("00002_second.sql", "CREATE TABLE second (id int);", "DROP TABLE second;")
	write("00003_third.sql", "CREATE TABLE third (id int);", "DROP TABLE third;")
	up().exits(0)
	tables(3)

	t.Run("down to a version, newest first, under the lock", func(t *testing.T) {
		holder := start(t, []string{"DATABASE_URL=" + server.URL}, shell("echo holds; sleep 60")...)
		holder.says("holds")
		s := down(1)
		s.says("waits for the lock")
		tables(3)
		holder.signal(syscall.SIGTERM)
		s.exits(0)
		s.says(`"file":"00003_third.sql"`)
		s.says("taken back")
		tables(1)
		down(1).exits(0) // nothing is above it any more
		tables(1)
	})

	t.Run("one that fails keeps what it is about, and says what was taken back", func(t *testing.T) {
		write("00002_second.sql", "CREATE TABLE second (id int);", "DROP TABLE nowhere;")
		up().exits(0)
		s := down(1)
		s.exits(exitMigration)
		s.says("00002_second.sql")
		s.says("1 files before it were taken back")
		tables(2)
		if n := db.number("SELECT max(version_id) FROM goose_db_version"); n != 2 {
			t.Errorf("the database says version %d", n)
		}
		up().exits(0)
		tables(3)
	})

	t.Run("a version that the files do not know is left", func(t *testing.T) {
		if err := os.Remove(filepath.Join(dir, "00003_third.sql")); err != nil {
			t.Fatal(err)
		}
		s := down(1)
		s.exits(exitConfig)
		s.says("does not know, so that nothing was taken back")
		tables(3)
	})

	t.Run("a command goes back to what the older image's says", func(t *testing.T) {
		alloc := t.TempDir()
		tell := func(script string) *sidecar {
			older := &spec.Migration{Name: "schema", Down: &spec.Down{Version: []string{"sh", "-c", script}}}
			return start(t, preparing(t, server, alloc, spec.Prepare{Migration: older, Step: spec.StepVersion}), "prepare")
		}
		many := tell("echo 0001; echo 0002")
		many.exits(exitConfig)
		many.says("not one that begins with the version")
		newer := *m
		newer.SQL, newer.Command = "", []string{"false"}
		newer.Down = &spec.Down{Command: []string{"sh", "-c", `echo "back to $1 at last"`, "sh"}}
		back := preparing(t, server, alloc, spec.Prepare{Migration: &newer, Step: spec.StepDown})
		start(t, back, "prepare").exits(exitInternal) // no version was told
		tell("echo a warning >&2; echo '0001 (head)'").exits(0)
		s := start(t, back, "prepare")
		s.exits(0)
		s.says("back to 0001 at last")
	})
}
