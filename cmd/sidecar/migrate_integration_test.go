//go:build integration

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/packctl/packctl/internal/realtest"
)

// turns counts how often the author of the beats changes: with n runners that never overlap it is n-1.
const turns = "SELECT count(*) FROM (SELECT name, lag(name) OVER (ORDER BY id) AS prev FROM beats) b WHERE name <> prev"

func beatsOf(name string) string {
	return fmt.Sprintf("SELECT count(*) FROM beats WHERE name = '%s'", name)
}

// kind is a kind of database server, and how the tests look into it.
type kind struct {
	name   string
	start  func(*testing.T) *realtest.Server
	beats  string                                      // creates the table
	client func(s *realtest.Server, sql string) string // shell command that runs one statement

	locks, others string         // count the migrations' locks, and the connections but the test's own
	kill          func(database) // ends the connection that holds the lock
	slow          string         // runs for a minute, and changes something
	slowly        string         // counts the connections that run it
	clash         string         // what a second CREATE TABLE first is told
	torn          bool           // a file that fails leaves its first statements behind
}

func kinds() []kind {
	return []kind{
		{
			name:   "PostgreSQL",
			start:  func(t *testing.T) *realtest.Server { return realtest.Postgres(t) },
			beats:  "CREATE TABLE beats (id bigserial PRIMARY KEY, name text)",
			client: func(s *realtest.Server, sql string) string { return fmt.Sprintf(`psql -qtAd "%s" -c "%s"`, s.URL, sql) },
			locks:  "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
			others: "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
			kill: func(db database) {
				db.exec("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
			},
			slow:   "INSERT INTO beats (name) SELECT 'slow' FROM pg_sleep(60)",
			slowly: "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%pg_sleep(60)%' AND query NOT LIKE '%overlap%'",
			clash:  `relation \"first\" already exists`,
		},
		{
			name: "MariaDB",
			start: func(t *testing.T) *realtest.Server {
				return realtest.MariaDB(t, "--plugin-load-add=metadata_lock_info")
			},
			beats: "CREATE TABLE beats (id bigint AUTO_INCREMENT PRIMARY KEY, name text)",
			client: func(s *realtest.Server, sql string) string {
				return fmt.Sprintf(`mariadb --no-defaults -h 127.0.0.1 -P %d -uroot -psecret shop -Ne "%s"`, s.Port, sql)
			},
			locks:  "SELECT count(*) FROM information_schema.METADATA_LOCK_INFO WHERE LOCK_TYPE = 'User lock'",
			others: "SELECT count(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = 'root'",
			kill: func(db database) {
				db.exec(fmt.Sprintf("KILL %d", db.number("SELECT THREAD_ID FROM information_schema.METADATA_LOCK_INFO WHERE LOCK_TYPE = 'User lock'")))
			},
			slow:   "INSERT INTO beats (name) SELECT 'slow' FROM (SELECT SLEEP(60)) s",
			slowly: "SELECT count(*) FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE '%SLEEP(60)%' AND INFO NOT LIKE '%overlap%'",
			clash:  "Table 'first' already exists",
			torn:   true,
		},
	}
}

// underLock is the command line of a migration with the one lock of these tests.
func underLock(args ...string) []string {
	return append([]string{"migrate", "--lock", "shop/schema", "--"}, args...)
}

func beating(name string) []string { return underLock(os.Args[0], "beat", name) }

func shell(script string) []string { return underLock("sh", "-c", script) }

// onEach runs a test on a server of each kind.
func onEach(t *testing.T, test func(*testing.T, kind, *realtest.Server)) {
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) { test(t, k, k.start(t)) })
	}
}

func TestMigrateUnderALock(t *testing.T) { onEach(t, testMigrateUnderALock) }

func testMigrateUnderALock(t *testing.T, k kind, server *realtest.Server) {
	env := []string{"DATABASE_URL=" + server.URL}
	setUp := func(t *testing.T) database {
		db := connect(t, server.URL)
		db.exec("DROP TABLE IF EXISTS beats")
		db.exec(k.beats)
		t.Cleanup(func() { db.becomes(10*time.Second, 0, k.others) })
		return db
	}

	t.Run("runners that start together work strictly one after the other", func(t *testing.T) {
		db := setUp(t)
		var all []*sidecar
		for i := range 4 {
			s := start(t, env, shell("for i in 1 2 3 4 5; do "+k.client(server, fmt.Sprintf("INSERT INTO beats (name) VALUES ('r%d')", i))+"; done")...)
			all = append(all, s)
		}
		for _, s := range all {
			s.exits(0)
		}
		if n, changes := db.number("SELECT count(*) FROM beats"), db.number(turns); n != 20 || changes != 3 {
			t.Errorf("%d beats with %d changes of author, want 20 with 3", n, changes)
		}
	})

	t.Run("a runner that is killed takes its command with it, and the next one takes over", func(t *testing.T) {
		db := setUp(t)
		first := start(t, env, beating("first")...)
		eventually(t, 10*time.Second, func() error {
			if db.number(beatsOf("first")) == 0 {
				return fmt.Errorf("no beat yet")
			}
			return nil
		})
		second := start(t, env, beating("second")...)
		second.says("waits for the lock")
		second.says("held from 127.0.0.1")
		first.signal(syscall.SIGKILL)
		killed := time.Now()
		eventually(t, 10*time.Second, func() error {
			if db.number(beatsOf("second")) == 0 {
				return fmt.Errorf("the second has not begun")
			}
			return nil
		})
		t.Logf("taken over after %s", time.Since(killed).Round(time.Millisecond))
		second.signal(syscall.SIGTERM)
		second.exits(143)
		if changes := db.number(turns); changes != 1 {
			t.Errorf("%d changes of author, want 1: both wrote at the same time", changes)
		}
	})

	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		t.Run("a statement that a runner left behind is over before the next one works: "+sig.String(), func(t *testing.T) {
			db := setUp(t)
			first := start(t, env, shell("exec "+k.client(server, k.slow))...) // exec: a killed runner takes only its child with it
			db.becomes(10*time.Second, 1, k.slowly)
			overlap := strings.Replace(k.slowly, "count(*)", "'overlap'", 1)
			second := start(t, env, shell(k.client(server, "INSERT INTO beats (name) "+overlap))...)
			second.says("held from")
			first.signal(sig)
			second.exits(0)
			if n := db.number(beatsOf("overlap")); n != 0 {
				t.Error("the second runner's command ran while the first one's statement did")
			}
		})
	}

	t.Run("a statement of a killed runner ends in the server although nobody comes after it", func(t *testing.T) {
		if k.torn {
			t.Skip("MySQL's clients cannot ask the server for that")
		}
		db := setUp(t)
		s := start(t, env, shell("exec "+k.client(server, k.slow))...)
		db.becomes(10*time.Second, 1, k.slowly)
		s.signal(syscall.SIGKILL)
		db.becomes(3*time.Second, 0, k.slowly)
	})

	t.Run("SIGTERM ends the command and gives the lock back", func(t *testing.T) {
		db := setUp(t)
		s := start(t, env, beating("x")...)
		s.says("migration starts")
		s.signal(syscall.SIGTERM)
		s.exits(143)
		db.becomes(time.Second, 0, k.locks)
	})

	t.Run("a command that does not listen is killed with everything it started", func(t *testing.T) {
		db := setUp(t)
		s := start(t, env, "migrate", "--lock", "shop/schema", "--grace", "300ms", "--", "sh", "-c",
			fmt.Sprintf(`trap '' TERM; %s beat grandchild & wait; wait`, os.Args[0]))
		eventually(t, 10*time.Second, func() error {
			if db.number(beatsOf("grandchild")) == 0 {
				return fmt.Errorf("no beat yet")
			}
			return nil
		})
		s.signal(syscall.SIGINT)
		s.exits(130)
		db.becomes(time.Second, 0, k.locks)
		db.becomes(3*time.Second, 0, k.others)
	})

	t.Run("a command that leaves something behind loses it before the lock is free", func(t *testing.T) {
		db := setUp(t)
		s := start(t, env, shell(fmt.Sprintf(`%s beat orphan >/dev/null 2>&1 & sleep 0.5; exit 0`, os.Args[0]))...)
		s.exits(0)
		db.becomes(3*time.Second, 0, k.others)
	})

	t.Run("a lock that is lost ends the command", func(t *testing.T) {
		db := setUp(t)
		s := start(t, env, beating("x")...)
		s.says("migration starts")
		k.kill(db)
		lost := time.Now()
		s.exits(exitLockLost)
		if took := time.Since(lost); took > 3*time.Second {
			t.Errorf("the command went on for %s", took)
		}
	})

	t.Run("what the command prints and its exit code go through", func(t *testing.T) {
		setUp(t)
		s := start(t, env, shell("echo to stdout; echo to stderr >&2; exit 42")...)
		s.exits(42)
		s.says("to stdout\n")
		s.says("to stderr\n")
	})

	t.Run("a command that takes too long is ended", func(t *testing.T) {
		setUp(t)
		s := start(t, env, "migrate", "--lock", "shop/schema", "--timeout", "300ms", "--", "sleep", "60")
		s.exits(exitWorkTimeout)
	})

	t.Run("a lock that is not free in time is told with its holder", func(t *testing.T) {
		setUp(t)
		holder := start(t, env, shell("sleep 60")...)
		holder.says("migration starts")
		s := start(t, env, "migrate", "--lock", "shop/schema", "--lock-timeout", "500ms", "--", "true")
		s.exits(exitLockTimeout)
		s.says("held from 127.0.0.1")
		other := start(t, env, "migrate", "--lock", "shop/other", "--lock-timeout", "5s", "--", "true")
		other.exits(0)
		holder.signal(syscall.SIGTERM)
		holder.exits(143)
	})

	t.Run("a wrong password fails at once, and is not shown", func(t *testing.T) {
		s := start(t, []string{"DATABASE_URL=" + strings.Replace(server.URL, ":secret@", ":s3cr3t-c4n4ry@", 1)}, shell("true")...)
		begun := time.Now()
		s.exits(exitDenied)
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("took %s", took)
		}
		if strings.Contains(s.out.String(), "c4n4ry") {
			t.Error("the password is in the output")
		}
	})

	t.Run("a command that is not there is a fault of the configuration", func(t *testing.T) {
		setUp(t)
		s := start(t, env, underLock("/no/such/command")...)
		s.exits(exitConfig)
		s.says("no such file or directory")
	})
}

func TestMigrateWhenTheServerGoesAway(t *testing.T) { onEach(t, testMigrateWhenTheServerGoesAway) }

func testMigrateWhenTheServerGoesAway(t *testing.T, _ kind, server *realtest.Server) {
	env := []string{"DATABASE_URL=" + server.URL}
	pids := filepath.Join(t.TempDir(), "pid")

	t.Run("while the command runs: the command is ended", func(t *testing.T) {
		s := start(t, env, shell("echo $$ >"+pids+"; exec sleep 60")...)
		eventually(t, 10*time.Second, func() error { _, err := os.Stat(pids); return err })
		server.Kill()
		gone := time.Now()
		s.exits(exitLockLost)
		if took := time.Since(gone); took > 5*time.Second {
			t.Errorf("took %s", took)
		}
	})

	t.Run("before the start: the runner waits for it", func(t *testing.T) {
		s := start(t, env, shell("echo done >&2")...)
		s.says("connection refused")
		server.Start()
		s.exits(0)
	})

	t.Run("while it waits for the lock: the runner goes on waiting", func(t *testing.T) {
		holder := start(t, env, shell("sleep 60")...)
		holder.says("migration starts")
		waiter := start(t, env, shell("true")...)
		waiter.says("held from")
		server.Kill()
		holder.exits(exitLockLost)
		waiter.says("connection refused")
		server.Start()
		waiter.exits(0)
	})
}

func TestMigrateSQLFiles(t *testing.T) { onEach(t, testMigrateSQLFiles) }

func testMigrateSQLFiles(t *testing.T, k kind, server *realtest.Server) {
	env := []string{"DATABASE_URL=" + server.URL}
	dir := t.TempDir()
	write := func(name, up string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("-- +goose Up\n"+up+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func() *sidecar {
		return start(t, env, "migrate", "--lock", "shop/schema", "--sql", dir)
	}
	db := connect(t, server.URL)

	empty := run()
	empty.exits(exitConfig)
	empty.says("no SQL file named like 00001_name.sql")

	write("00001_first.sql", "CREATE TABLE first (id int);")
	write("00002_second.sql", "CREATE TABLE second (id int); CREATE TABLE first (id int);")
	broken := run()
	broken.exits(exitMigration)
	broken.says("00002_second.sql")
	broken.says(k.clash)
	want := 1
	if k.torn {
		want = 2
		broken.says("MySQL cannot take back")
	}
	if n := db.number("SELECT count(*) FROM information_schema.tables WHERE table_name IN ('first', 'second')"); n != want {
		t.Errorf("%d tables, want %d", n, want)
	}
	db.exec("DROP TABLE IF EXISTS second")
	db.exec(k.beats)

	write("00002_second.sql", k.slow+";")
	killed := run()
	db.becomes(10*time.Second, 1, k.slowly)
	killed.signal(syscall.SIGKILL)
	db.becomes(10*time.Second, 0, k.slowly)

	canceled := run()
	db.becomes(10*time.Second, 1, k.slowly)
	canceled.signal(syscall.SIGTERM)
	canceled.exits(143)
	db.becomes(time.Second, 0, k.slowly)

	write("00002_second.sql", "CREATE TABLE second (id int);")
	both := []*sidecar{run(), run()}
	for _, s := range both {
		s.exits(0)
	}
	if n := db.number("SELECT count(*) FROM goose_db_version WHERE version_id = 2"); n != 1 {
		t.Errorf("the second file was applied %d times", n)
	}
}
