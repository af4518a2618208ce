package realtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// MariaDB starts MariaDB with an empty database "shop" and the superuser "root", whose password stands in the URL. settings are
// server settings, "--name=value".
func MariaDB(t testing.TB, settings ...string) *Server {
	t.Helper()
	return begin(t, "mariadb", func(s *Server) error {
		const remedy = "run `make setup-test`, or install the Debian package mariadb-server"
		mariadbd, err := find("mariadbd", remedy, "/usr/sbin")
		if err != nil {
			return err
		}
		install, err := find("mariadb-install-db", remedy)
		if err != nil {
			return err
		}
		ports, err := freePorts(1)
		if err != nil {
			return err
		}
		s.Port, s.Addr = ports[0], fmt.Sprintf("127.0.0.1:%d", ports[0])
		s.URL = fmt.Sprintf("mysql://root:secret@%s/shop", s.Addr)
		s.stop = syscall.SIGTERM
		s.whole = true
		data, first := filepath.Join(s.Dir, "data"), filepath.Join(s.Dir, "first.sql")
		sql := "CREATE OR REPLACE USER root@'127.0.0.1' IDENTIFIED BY 'secret';\n" +
			"GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\nCREATE DATABASE IF NOT EXISTS shop;\n"
		if err := os.WriteFile(first, []byte(sql), 0o644); err != nil {
			return err
		}
		init := exec.Command(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
		if err := runAs(init, "mysql", "mariadb-server", s.Dir); err != nil {
			return err
		}
		if out, err := init.CombinedOutput(); err != nil {
			return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
		}
		args := append([]string{"--no-defaults", "--datadir=" + data, "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(s.Port),
			"--socket=" + filepath.Join(s.Dir, "socket"), "--pid-file=" + filepath.Join(s.Dir, "pid"), "--init-file=" + first,
			"--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"}, settings...)
		s.launch = func(s *Server) *exec.Cmd {
			cmd := exec.Command(mariadbd, args...)
			if err := runAs(cmd, "mysql", "mariadb-server", s.Dir); err != nil {
				s.t.Errorf("realtest: %v", err)
			}
			return cmd
		}
		cfg := mysql.NewConfig()
		cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName, cfg.Logger = "tcp", s.Addr, "root", "secret", "shop", new(mysql.NopLogger)
		s.ready = func(ctx context.Context, s *Server) error {
			connector, err := mysql.NewConnector(cfg)
			if err != nil {
				return err
			}
			conn, err := connector.Connect(ctx)
			if err != nil {
				return err
			}
			return conn.Close()
		}
		return nil
	})
}
