package migrate

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	client "github.com/go-sql-driver/mysql"

	"github.com/packctl/packctl/internal/probe"
)

// mysql holds a lock of GET_LOCK on one connection, on which SQL files are applied too: when we are killed, their statement
// that goes on in the server keeps the lock until its end.
type mysql struct {
	cfg  probe.MySQLConf
	name string // as the server knows it

	db   *sql.DB // the one connection that holds the lock; it is never replaced by another
	id   uint64  // that connection's
	side *sql.DB // asks about the first while the work uses it, and ends it
}

var _ session = (*mysql)(nil)

// idleSession is how long the server lets the session fall silent before it closes it: heartbeats come every second, and a
// machine that is gone without a word frees its lock then.
const idleSession = 10 * time.Second

// lockName is the name that the server knows: its names are one set for all databases, of 64 characters at most.
func lockName(database, name string) string {
	sum := sha256.Sum256([]byte("packctl migration " + database + "\x00" + name))
	return fmt.Sprintf("packctl %x", sum[:20])
}

func newMySQL(cfg Config) (*mysql, error) {
	my, err := probe.MySQLConfig(cfg.URL)
	if err != nil {
		return nil, &ConfigError{err.Error()}
	}
	if my.DBName == "" {
		return nil, &ConfigError{"the URL names no database, want mysql://user:password@host:port/database"}
	}
	my.MultiStatements = true // a file may have two on a line, as with PostgreSQL
	my.ConnectionAttributes = "program_name:packctl migration"
	return &mysql{cfg: my, name: lockName(my.DBName, cfg.Lock)}, nil
}

func (m *mysql) server() Server { return Server{mysql: m} }

func (m *mysql) fault(err error) *probe.Error { return probe.MySQLError(m.cfg.Target(), err) }

func (m *mysql) try(ctx context.Context) (bool, error) {
	if m.db == nil {
		if err := m.connect(ctx); err != nil {
			m.drop()
			return false, err
		}
	}
	var got sql.NullInt64 // NULL: an error such as the thread having been killed
	var id uint64
	if err := m.db.QueryRowContext(ctx, "SELECT GET_LOCK(?, 0), CONNECTION_ID()", m.name).Scan(&got, &id); err != nil {
		m.drop()
		return false, err
	}
	if id != m.id {
		m.drop()
		return false, pooled(m.cfg.Target())
	}
	return got.Int64 == 1, nil
}

// connect opens the session. Its wait_timeout makes the server free the lock when nobody tells it that we are gone.
func (m *mysql) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	connector, err := client.NewConnector(m.cfg.Config)
	if err != nil {
		return &ConfigError{"the database URL cannot be used"} // err may hold it
	}
	m.db, m.side = sql.OpenDB(&once{Connector: connector}), sql.OpenDB(connector)
	m.db.SetMaxOpenConns(1)
	m.side.SetMaxOpenConns(1)
	if err := m.db.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&m.id); err != nil {
		return err
	}
	_, err = m.db.ExecContext(ctx, fmt.Sprintf("SET SESSION wait_timeout = %d", int(idleSession.Seconds())))
	return err
}

// once connects one time: a pool that opened a second connection would go on without the lock.
type once struct {
	driver.Connector
	used atomic.Bool
}

func (o *once) Connect(ctx context.Context) (driver.Conn, error) {
	if o.used.Swap(true) {
		return nil, errNotHeld
	}
	return o.Connector.Connect(ctx)
}

// settle waits until no statement that changes something, begun before the lock was ours, runs as our user in our database. A
// killed command may have left one: the server goes on with it to its end, and nothing tells it from the application's own.
// MySQL counts in whole seconds, so the application's brief ones cost a second at most.
func (m *mysql) settle(ctx context.Context, tell func(string)) error {
	ours := time.Now()
	for {
		var id uint64
		var host string
		err := m.db.QueryRowContext(ctx, `SELECT ID, HOST FROM information_schema.PROCESSLIST
			WHERE DB = DATABASE() AND USER = SUBSTRING_INDEX(USER(), '@', 1) AND ID <> CONNECTION_ID() AND COMMAND IN ('Query', 'Execute')
			AND INFO REGEXP '^[[:space:]]*(alter|create|drop|rename|truncate|optimize|insert|update|delete|replace|load)'
			AND TIME >= ? ORDER BY TIME DESC LIMIT 1`, int(time.Since(ours).Seconds())).Scan(&id, &host)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			m.drop()
			return err
		}
		if time.Since(ours) >= time.Second { // the application's own brief ones are over by now
			tell(fmt.Sprintf("it is free, but connection %d from %s is in a statement that was there before and changes the database: "+
				"it may be left from a runner that was killed (KILL %[1]d ends it)", id, host))
		}
		if !sleep(ctx, firstPause) {
			m.drop()
			return ctx.Err()
		}
	}
}

func (m *mysql) holder(ctx context.Context) string {
	var id sql.NullInt64
	var user, address sql.NullString // NULL for another user's connection, where ours may not see those
	err := m.db.QueryRowContext(ctx, `SELECT l.id, p.USER, p.HOST FROM (SELECT IS_USED_LOCK(?) AS id) l
		LEFT JOIN information_schema.PROCESSLIST p ON p.ID = l.id`, m.name).Scan(&id, &user, &address)
	if err != nil || !id.Valid {
		return "another runner holds it"
	}
	host, _, err := net.SplitHostPort(address.String)
	if err != nil {
		host = address.String
	}
	if host == "" {
		return fmt.Sprintf("held by connection %d, of another user", id.Int64)
	}
	return fmt.Sprintf("held from %s (connection %d, user %q)", host, id.Int64, user.String)
}

// held asks on the session itself, which keeps it from falling silent. While the work uses it, or when it does not answer,
// another connection asks.
func (m *mysql) held(ctx context.Context) error {
	var owner sql.NullInt64
	ask := func(ctx context.Context, db *sql.DB) error {
		return db.QueryRowContext(ctx, "SELECT IS_USED_LOCK(?)", m.name).Scan(&owner)
	}
	err := driver.ErrSkip
	if m.db.Stats().InUse == 0 {
		own, cancel := context.WithTimeout(ctx, patience/2)
		err = ask(own, m.db)
		cancel()
	}
	if err != nil {
		err = ask(ctx, m.side)
	}
	if err == nil && uint64(owner.Int64) != m.id {
		err = errNotHeld
	}
	return err
}

func (m *mysql) free(ctx context.Context) error {
	var freed sql.NullInt64
	err := m.db.QueryRowContext(ctx, "SELECT RELEASE_LOCK(?)", m.name).Scan(&freed)
	if err == nil && freed.Int64 != 1 {
		err = errNotHeld
	}
	return err
}

// end kills the session in the server, with the statement that it runs, and waits until it is gone. Closing the connection
// would leave the statement running.
func (m *mysql) end() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		var alive int
		err := m.side.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = ?", m.id).Scan(&alive)
		if err != nil || alive == 0 {
			return err
		}
		_, err = m.side.ExecContext(ctx, fmt.Sprintf("KILL %d", m.id))
		var answer *client.MySQLError
		if err != nil && !errors.As(err, &answer) { // an answer says that it has gone meanwhile
			return err
		}
		if !sleep(ctx, firstPause) {
			return ctx.Err()
		}
	}
}

func (m *mysql) drop() {
	for _, db := range []*sql.DB{m.db, m.side} {
		if db != nil {
			db.Close()
		}
	}
	m.db, m.side = nil, nil
}
