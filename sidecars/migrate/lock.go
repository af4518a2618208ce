package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/packctl/packctl/internal/probe"
)

// The waits of the lock. The lock is only ever tried: a server-side wait (pg_advisory_lock) deadlocks with CREATE INDEX
// CONCURRENTLY, which waits for every older transaction, the waiting runner's too.
const (
	firstPause   = 25 * time.Millisecond
	longestPause = 150 * time.Millisecond // so a hand-over takes about half of that
	tellHolder   = 10 * time.Second
	heartbeat    = time.Second
	patience     = 5 * time.Second // of a heartbeat and a release: less than the keepalives below need to free the lock
)

// lock is a session's advisory lock, held on a connection of its own.
type lock struct {
	name   string
	key    int64
	conn   *pgconn.PgConn
	server Server
}

// lockKey is the advisory lock's number: the first eight bytes of the name's SHA-256.
func lockKey(name string) int64 {
	sum := sha256.Sum256([]byte("packctl migration " + name))
	return int64(binary.BigEndian.Uint64(sum[:8])) // any 64 bits do
}

// acquire connects and tries until the lock is ours, cfg.LockTimeout has passed, or the database refuses us for good. A
// database that goes away meanwhile is waited for.
func acquire(ctx context.Context, cfg Config) (*lock, error) {
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
	l := &lock{name: cfg.Lock, key: key, server: Server{DSN: dsn, AppName: fmt.Sprintf("packctl work %016x", uint64(key))}}
	waitCtx, cancel := context.WithTimeout(ctx, cfg.LockTimeout)
	defer cancel()
	reason, told, pause := "", time.Time{}, firstPause
	for {
		got, err := l.try(waitCtx, pg)
		if got {
			err = l.clear(waitCtx)
		}
		if got && err == nil {
			return l, nil
		}
		if fatal := giveUp(pg.Target(), err); fatal != nil && waitCtx.Err() == nil {
			l.drop()
			return nil, fatal
		}
		if waitCtx.Err() == nil && (time.Since(told) >= tellHolder || err != nil) {
			if now := l.obstacle(waitCtx, pg.Target(), err); now != reason || time.Since(told) >= tellHolder {
				reason, told = now, time.Now()
				cfg.Logger.Info("waits for the lock", "lock", cfg.Lock, "reason", reason)
				cfg.Report(fmt.Sprintf("waits for the lock %q: %s", cfg.Lock, reason))
			}
		}
		if !sleep(waitCtx, pause/2+rand.N(pause/2)) {
			l.drop()
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, &LockTimeoutError{Lock: cfg.Lock, After: cfg.LockTimeout, Reason: reason}
		}
		pause = min(2*pause, longestPause)
	}
}

// try connects where there is no connection and tries the lock once. An error leaves no connection.
func (l *lock) try(ctx context.Context, pg probe.PGConfig) (bool, error) {
	if l.conn == nil {
		if err := l.connect(ctx, pg); err != nil {
			return false, err
		}
	}
	row, err := l.query(ctx, fmt.Sprintf("SELECT pg_try_advisory_lock(%d), pg_backend_pid()", l.key))
	if err != nil {
		l.drop()
		return false, err
	}
	if row[1] != strconv.FormatUint(uint64(l.conn.PID()), 10) {
		l.drop()
		return false, &ConfigError{fmt.Sprintf("%s is a connection pooler, where a session's lock does not hold: name the database server itself", pg.Target())}
	}
	return row[0] == "t", nil
}

// clear ends what the holder before us left behind: it may have been killed while a statement of its work was running, and
// the server notices that only after a while. Holding the lock, whatever bears the work's name is stale.
func (l *lock) clear(ctx context.Context) error {
	for {
		row, err := l.query(ctx, fmt.Sprintf("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "+
			"WHERE application_name = '%s' AND usename = current_user AND pid <> pg_backend_pid()", l.server.AppName))
		if err != nil {
			l.drop()
			return err
		}
		if row[0] == "0" || !sleep(ctx, firstPause) {
			return ctx.Err()
		}
	}
}

// connect opens the session. Its settings make the server notice within about ten seconds that we are gone, also when
// nothing told it so, and then free the lock.
func (l *lock) connect(ctx context.Context, pg probe.PGConfig) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, pg.Config)
	if err != nil {
		return err
	}
	l.conn = conn
	l.server.Version = majorVersion(conn.ParameterStatus("server_version"))
	settings := "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; SET statement_timeout = 0"
	if l.server.Version >= checksClients {
		settings += "; SET client_connection_check_interval = 500; SET idle_session_timeout = 0"
	}
	if _, err := conn.Exec(ctx, settings).ReadAll(); err != nil {
		l.drop()
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

// giveUp is the error behind which waiting makes no sense, or nil.
func giveUp(target string, err error) error {
	var bad *ConfigError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return bad
	}
	if e := probe.PostgresError(target, err); e.Permanent {
		return &DeniedError{e.Error()}
	}
	return nil
}

// obstacle says why the lock was not ours: the fault of the last try, or who holds it.
func (l *lock) obstacle(ctx context.Context, target string, err error) string {
	if err != nil {
		return probe.PostgresError(target, err).Error()
	}
	row, err := l.query(ctx, `SELECT coalesce(host(a.client_addr), 'the same machine'), a.pid, coalesce(a.application_name, ''), `+
		`to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS') FROM pg_locks k JOIN pg_stat_activity a USING (pid) WHERE `+l.isKey("k"))
	if err != nil {
		return "another runner holds it"
	}
	return fmt.Sprintf("held from %s (backend %s, %q) since %s UTC", row[0], row[1], row[2], row[3])
}

// isKey is the SQL condition that picks this lock in pg_locks, which shows a 64-bit key in two halves.
func (l *lock) isKey(alias string) string {
	return fmt.Sprintf("%[1]s.locktype = 'advisory' AND %[1]s.objsubid = 1 AND %[1]s.granted AND %[1]s.classid = %[2]d AND %[1]s.objid = %[3]d",
		alias, uint32(uint64(l.key)>>32), uint32(uint64(l.key)))
}

// keep asks again and again whether the lock is still ours, and calls lost with a *LockLostError as soon as it is not. The
// function that it returns ends this and waits until it has ended.
func (l *lock) keep(ctx context.Context, lost context.CancelCauseFunc) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx)) // also while the work is being ended
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for sleep(ctx, heartbeat) {
			if err := l.check(ctx); err != nil && ctx.Err() == nil {
				lost(&LockLostError{Lock: l.name, Reason: probe.PostgresError("the database", err).Error()})
				return
			}
		}
	}()
	return func() { cancel(); <-ended }
}

var errNotHeld = errors.New("the server does not know it any more")

func (l *lock) check(ctx context.Context) error {
	// A heartbeat under way must be let end: cancelling it would close the connection, and with it free the lock early.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	row, err := l.query(ctx, "SELECT count(*) FROM pg_locks k WHERE k.pid = pg_backend_pid() AND "+l.isKey("k"))
	if err != nil {
		return err
	}
	if row[0] != "1" {
		return errNotHeld
	}
	return nil
}

// release gives the lock back and closes the session. The error is a *LockLostError when it was not ours any more.
func (l *lock) release(ctx context.Context) error {
	defer l.drop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	row, err := l.query(ctx, fmt.Sprintf("SELECT pg_advisory_unlock(%d)", l.key))
	if err == nil && row[0] != "t" {
		err = errNotHeld
	}
	if err != nil {
		return &LockLostError{Lock: l.name, Reason: probe.PostgresError("the database", err).Error()}
	}
	return nil
}

// query runs one statement and returns its first row as text.
func (l *lock) query(ctx context.Context, sql string) ([]string, error) {
	results, err := l.conn.Exec(ctx, sql).ReadAll()
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

// drop closes the session; the server then frees what it held.
func (l *lock) drop() {
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	l.conn.Close(ctx)
	l.conn = nil
}

// sleep returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
