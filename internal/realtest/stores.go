package realtest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Postgres starts PostgreSQL with an empty database "postgres" and the superuser "postgres", whose password stands in the
// URL. Connections need the password. settings are server settings, "name=value".
func Postgres(t testing.TB, settings ...string) *Server {
	t.Helper()
	return begin(t, "postgres", func(s *Server) error {
		const remedy = "run `make setup-test`, or install the Debian package postgresql"
		dirs, err := debianPostgres()
		if err != nil {
			return err
		}
		initdb, err := find("initdb", remedy, dirs...)
		if err != nil {
			return err
		}
		postgres, err := find("postgres", remedy, dirs...)
		if err != nil {
			return err
		}
		ports, err := freePorts(1)
		if err != nil {
			return err
		}
		s.Port, s.Addr = ports[0], fmt.Sprintf("127.0.0.1:%d", ports[0])
		s.URL = fmt.Sprintf("postgres://postgres:secret@%s/postgres?sslmode=disable", s.Addr)
		s.stop = syscall.SIGINT // fast shutdown: does not wait for clients
		s.whole = true
		data, password := filepath.Join(s.Dir, "data"), filepath.Join(s.Dir, "password")
		if err := os.WriteFile(password, []byte("secret\n"), 0o644); err != nil {
			return err
		}
		init := exec.Command(initdb, "-D", data, "-U", "postgres", "--pwfile="+password, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
		if err := runAs(init, "postgres", "postgresql", s.Dir); err != nil {
			return err
		}
		if out, err := init.CombinedOutput(); err != nil {
			return fmt.Errorf("initdb: %w\n%s", err, out)
		}
		args := []string{"-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(s.Port), "-k", s.Dir, "-c", "fsync=off"}
		for _, setting := range settings {
			args = append(args, "-c", setting)
		}
		s.launch = func(s *Server) *exec.Cmd {
			cmd := exec.Command(postgres, args...)
			if err := runAs(cmd, "postgres", "postgresql", s.Dir); err != nil {
				s.t.Errorf("realtest: %v", err)
			}
			return cmd
		}
		s.ready = func(ctx context.Context, s *Server) error {
			conn, err := pgx.Connect(ctx, s.URL)
			if err != nil {
				return err
			}
			return conn.Close(ctx)
		}
		return nil
	})
}

// debianPostgres lists the folders where Debian keeps the programs of each PostgreSQL version: 15 first, which the packs run.
func debianPostgres() ([]string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return nil, err
	}
	return append([]string{"/usr/lib/postgresql/15/bin"}, dirs...), nil
}

// Redis starts Redis without persistence or password. settings are server settings, "--name value".
func Redis(t testing.TB, settings ...string) *Server {
	t.Helper()
	return begin(t, "redis", func(s *Server) error {
		bin, err := find("redis-server", "run `make setup-test`, or install the Debian package redis-server")
		if err != nil {
			return err
		}
		ports, err := freePorts(1)
		if err != nil {
			return err
		}
		s.at("redis", ports[0])
		s.stop = syscall.SIGTERM
		args := append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(s.Port), "--save", "", "--dir", s.Dir}, settings...)
		s.launch = func(s *Server) *exec.Cmd {
			cmd := exec.Command(bin, args...)
			cmd.Dir = s.Dir
			return cmd
		}
		s.ready = func(ctx context.Context, s *Server) error { return redisAnswers(ctx, s.Addr) }
		return nil
	})
}

// redisAnswers is true to the protocol and no more: a server with a password answers PING with an error, and is ready too.
func redisAnswers(ctx context.Context, addr string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprint(conn, "PING\r\n"); err != nil {
		return err
	}
	_, err = bufio.NewReader(conn).ReadString('\n')
	return err
}
