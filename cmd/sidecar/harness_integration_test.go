//go:build integration

package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
)

// TestMain makes this test binary the sidecar, or a migration that leaves traces in the database, when it is asked to.
func TestMain(m *testing.M) {
	switch os.Getenv("TEST_ROLE") {
	case "sidecar":
		os.Unsetenv("TEST_ROLE")
		main()
	default:
		if len(os.Args) > 2 && os.Args[1] == "beat" {
			os.Exit(beat(os.Args[2]))
		}
		os.Exit(m.Run())
	}
}

// beat writes a row every 10 ms until it is killed: whoever sees two names in turn sees two migrations at once.
func beat(name string) int {
	ctx := context.Background()
	db, err := open(os.Getenv("DATABASE_URL"))
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for ; err == nil; <-pace.C {
		_, err = db.ExecContext(ctx, fmt.Sprintf("INSERT INTO beats (name) VALUES ('%s')", name))
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// sidecar is one run of the real program.
type sidecar struct {
	t     *testing.T
	cmd   *exec.Cmd
	out   buffer // stdout and stderr
	ended chan struct{}
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.b.Write(p) }
func (b *buffer) String() string              { b.mu.Lock(); defer b.mu.Unlock(); return b.b.String() }

func start(t *testing.T, env []string, args ...string) *sidecar {
	t.Helper()
	s := &sidecar{t: t, cmd: exec.Command(os.Args[0], args...), ended: make(chan struct{})}
	s.cmd.Env = append([]string{"TEST_ROLE=sidecar", "PATH=" + os.Getenv("PATH")}, env...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.WaitDelay = time.Second
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(s.ended); s.cmd.Wait() }()
	t.Cleanup(func() {
		s.cmd.Process.Kill()
		<-s.ended
		if t.Failed() {
			t.Logf("sidecar %s:\n%s", strings.Join(args, " "), s.out.String())
		}
	})
	return s
}

func (s *sidecar) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// exits waits for the end and checks the code.
func (s *sidecar) exits(want int) {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(30 * time.Second):
		s.t.Fatalf("still running, want exit code %d", want)
	}
	if got := s.cmd.ProcessState.ExitCode(); got != want {
		s.t.Fatalf("exit code %d, want %d\n%s", got, want, s.out.String())
	}
}

// says waits until the output holds text.
func (s *sidecar) says(text string) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, func() error {
		if !strings.Contains(s.out.String(), text) {
			return fmt.Errorf("the sidecar has not said %q", text)
		}
		return nil
	})
}

// eventually waits until check returns nil, and fails with its last error.
func eventually(t *testing.T, within time.Duration, check func() error) {
	t.Helper()
	late := time.After(within)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("not within %s: %v", within, err)
		}
	}
}

// database is a connection of the test's own.
type database struct {
	t    *testing.T
	conn *sql.DB
}

// open gives one connection to the database of a URL.
func open(raw string) (*sql.DB, error) {
	driver := "pgx"
	if u, err := url.Parse(raw); err == nil && u.Scheme == "mysql" {
		driver, raw = "mysql", fmt.Sprintf("%s@tcp(%s)%s", u.User, u.Host, u.Path)
	}
	db, err := sql.Open(driver, raw)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func connect(t *testing.T, url string) database {
	t.Helper()
	conn, err := open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return database{t, conn}
}

func (d database) exec(sql string, args ...any) {
	d.t.Helper()
	if _, err := d.conn.ExecContext(context.Background(), sql, args...); err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
}

func (d database) number(sql string, args ...any) (n int) {
	d.t.Helper()
	if err := d.conn.QueryRowContext(context.Background(), sql, args...).Scan(&n); err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// becomes waits until a query's number is want.
func (d database) becomes(within time.Duration, want int, sql string, args ...any) {
	d.t.Helper()
	eventually(d.t, within, func() error {
		if got := d.number(sql, args...); got != want {
			return fmt.Errorf("%s: %d, want %d", sql, got, want)
		}
		return nil
	})
}
