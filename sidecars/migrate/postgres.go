package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/packctl/packctl/internal/probe"
)

// postgres holds a session's advisory lock on a connection of its own.
type postgres struct {
	cfg  probe.PGConfig
	key  int64
	conn *pgconn.PgConn
	srv  Server
}

var _ session = (*postgres)(nil)

// lockKey is the advisory lock's number: the first eight bytes of the name's SHA-256.
func lockKey(name string) int64 {
	sum := sha256.Sum256([]byte("packctl migration " + name))
	return int64(binary.BigEndian.Uint64(sum[:8])) // any 64 bits do
}

func newPostgres(cfg Config) (*postgres, error) {
	pg, err := probe.PostgresConfig(cfg.URL)
	if err != nil {
		return nil, &ConfigError{err.Error()}
	}
	dsn, err := probe.PostgresDSN(cfg.URL)
	if err != nil {
		return nil, &ConfigError{err.Error()}
	}
	pg.RuntimeParams["application_name"] = "packctl lock " + cfg.Lock
	key := lockKey(cfg.Lock)
	return &postgres{cfg: pg, key: key, srv: Server{DSN: dsn, AppName: fmt.Sprintf("packctl work %016x", uint64(key))}}, nil
}

func (p *postgres) server() Server { return p.srv }

func (p *postgres) fault(err error) *probe.Error { return probe.PostgresError(p.cfg.Target(), err) }

func (p *postgres) try(ctx context.Context) (bool, error) {
	if p.conn == nil {
		if err := p.connect(ctx); err != nil {
			return false, err
		}
	}
	row, err := p.query(ctx, fmt.Sprintf("SELECT pg_try_advisory_lock(%d), pg_backend_pid()", p.key))
	if err != nil {
		p.drop()
		return false, err
	}
	if row[1] != strconv.FormatUint(uint64(p.conn.PID()), 10) {
		p.drop()
		return false, pooled(p.cfg.Target())
	}
	return row[0] == "t", nil
}

// pooled is the error of a server that answers on another session than the one that was opened.
func pooled(target string) error {
	return &ConfigError{fmt.Sprintf("%s is a connection pooler, where a session's lock does not hold: name the database server itself", target)}
}

// settle ends what the holder before us left behind: it may have been killed while a statement of its work was running, and
// the server notices that only after a while. Holding the lock, whatever bears the work's name is stale.
func (p *postgres) settle(ctx context.Context, _ func(string)) error {
	for {
		row, err := p.query(ctx, fmt.Sprintf("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "+
			"WHERE application_name = '%s' AND usename = current_user AND pid <> pg_backend_pid()", p.srv.AppName))
		if err != nil {
			p.drop()
			return err
		}
		if row[0] == "0" || !sleep(ctx, firstPause) {
			return ctx.Err()
		}
	}
}

// connect opens the session. Its settings make the server notice within about ten seconds that we are gone, also when
// nothing told it so, and then free the lock.
func (p *postgres) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, p.cfg.Config)
	if err != nil {
		return err
	}
	p.conn = conn
	p.srv.Version = majorVersion(conn.ParameterStatus("server_version"))
	settings := "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; SET statement_timeout = 0"
	if p.srv.Version >= checksClients {
		settings += "; SET client_connection_check_interval = 500; SET idle_session_timeout = 0"
	}
	if _, err := conn.Exec(ctx, settings).ReadAll(); err != nil {
		p.drop()
		return err
	}
	return nil
}

// checksClients is the first PostgreSQL that can notice while it works that its client is gone.
const checksClients = 14

// majorVersion reads 15 from "15.18 (Debian 15.18-0+deb12u1)" and 19 from "19beta1".
func majorVersion(s string) int {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(s)
	}
	v, _ := strconv.Atoi(s[:end]) // no digits: 0, the oldest
	return v
}

func (p *postgres) holder(ctx context.Context) string {
	row, err := p.query(ctx, `SELECT coalesce(host(a.client_addr), 'the same machine'), a.pid, coalesce(a.application_name, ''), `+
		`to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS') FROM pg_locks k JOIN pg_stat_activity a USING (pid) WHERE `+p.isKey("k"))
	if err != nil {
		return "another runner holds it"
	}
	return fmt.Sprintf("held from %s (backend %s, %q) since %s UTC", row[0], row[1], row[2], row[3])
}

// isKey is the SQL condition that picks this lock in pg_locks, which shows a 64-bit key in two halves.
func (p *postgres) isKey(alias string) string {
	return fmt.Sprintf("%[1]s.locktype = 'advisory' AND %[1]s.objsubid = 1 AND %[1]s.granted AND %[1]s.classid = %[2]d AND %[1]s.objid = %[3]d",
		alias, uint32(uint64(p.key)>>32), uint32(uint64(p.key)))
}

func (p *postgres) held(ctx context.Context) error {
	row, err := p.query(ctx, "SELECT count(*) FROM pg_locks k WHERE k.pid = pg_backend_pid() AND "+p.isKey("k"))
	if err != nil {
		return err
	}
	if row[0] != "1" {
		return errNotHeld
	}
	return nil
}

func (p *postgres) free(ctx context.Context) error {
	row, err := p.query(ctx, fmt.Sprintf("SELECT pg_advisory_unlock(%d)", p.key))
	if err == nil && row[0] != "t" {
		err = errNotHeld
	}
	return err
}

// query runs one statement and returns its first row as text.
func (p *postgres) query(ctx context.Context, sql string) ([]string, error) {
	results, err := p.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Rows) == 0 {
		return nil, errors.New("the database returned no row")
	}
	row := make([]string, len(results[0].Rows[0]))
	for i, v := range results[0].Rows[0] {
		row[i] = string(v)
	}
	return row, nil
}

func (p *postgres) drop() {
	if p.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	p.conn.Close(ctx)
	p.conn = nil
}
