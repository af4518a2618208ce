package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// SQLSTATE codes, from the appendix "PostgreSQL Error Codes" of the manual.
const (
	codeCannotConnectNow  = "57P03" // starting up, shutting down, in recovery
	codeInvalidPassword   = "28P01"
	codeInvalidAuth       = "28000" // no pg_hba.conf entry, or no such role
	codeInsufficientRight = "42501"
)

// Postgres asks a PostgreSQL server. With a password it logs in and runs SELECT 1; without one it does what pg_isready
// does: the server is ready as soon as it answers the start of a login with anything but "cannot connect now".
func Postgres(ctx context.Context, rawURL string) (string, error) {
	cfg, err := PostgresConfig(rawURL)
	if err != nil {
		return "", err
	}
	target := cfg.Target()
	if cfg.Password == "" {
		return target + " accepts connections", isReady(ctx, cfg)
	}
	cfg.RuntimeParams["application_name"] = "packctl probe"
	conn, err := pgconn.ConnectConfig(ctx, cfg.Config)
	if err != nil {
		return "", PostgresError(target, err)
	}
	defer closeConn(ctx, conn)
	if _, err := conn.Exec(ctx, "SELECT 1").ReadAll(); err != nil {
		return "", PostgresError(target, err)
	}
	return fmt.Sprintf("%s answers queries of %s", target, cfg.User), nil
}

// PGConfig is a parsed PostgreSQL URL.
type PGConfig struct{ *pgconn.Config }

// Target is host:port, for people.
func (c PGConfig) Target() string { return net.JoinHostPort(c.Host, fmt.Sprint(c.Port)) }

// PostgresConfig reads a PostgreSQL URL or keyword/value string. The scheme may name a driver, as SQLAlchemy has it
// ("postgresql+psycopg2://"). Its error is permanent and holds nothing of the URL.
func PostgresConfig(raw string) (PGConfig, error) {
	dsn, err := PostgresDSN(raw)
	if err != nil {
		return PGConfig{}, err
	}
	cfg, err := pgconn.ParseConfig(dsn)
	if err != nil {
		return PGConfig{}, &Error{Reason: "the URL has a part that PostgreSQL clients do not understand, want " + wantPostgres, Permanent: true}
	}
	return PGConfig{cfg}, nil
}

const wantPostgres = "postgres://user:password@host:port/database"

// PostgresDSN is raw without a driver's name in the scheme, in the form that pgx reads.
func PostgresDSN(raw string) (string, error) {
	scheme, rest, isURL := strings.Cut(raw, "://")
	if !isURL && strings.Contains(raw, "=") {
		return raw, nil
	}
	scheme, _, _ = strings.Cut(scheme, "+")
	dsn := scheme + "://" + rest
	if !isURL {
		dsn = raw
	}
	if _, err := parseURL(dsn, wantPostgres, "postgres", "postgresql"); err != nil {
		return "", err
	}
	return dsn, nil
}

// PostgresError says in a few words why a PostgreSQL server could not be used, and whether that can pass.
func PostgresError(target string, err error) *Error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		var dial *pgconn.ConnectError // its text repeats user and database, and has a line an address
		if errors.As(err, &dial) {
			err = dial.Unwrap()
		}
		return netError(target, err)
	}
	e := &Error{Target: target, Reason: pg.Message + " (SQLSTATE " + pg.Code + ")", cause: pg}
	switch pg.Code {
	case codeInvalidPassword, codeInvalidAuth, codeInsufficientRight:
		e.Permanent = true
	}
	return e
}

// isReady sends the start of a login and reads one message, as libpq's PQping does. It never gets as far as a password, so
// the server does not log a failed login.
func isReady(ctx context.Context, cfg PGConfig) error {
	network, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return netError(cfg.Target(), err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	front := pgproto3.NewFrontend(conn, conn)
	front.Send(&pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters:      map[string]string{"user": cfg.User, "database": cfg.Database},
	})
	if err := front.Flush(); err != nil {
		return netError(cfg.Target(), err)
	}
	msg, err := front.Receive()
	if err != nil {
		return netError(cfg.Target(), err)
	}
	if refused, ok := msg.(*pgproto3.ErrorResponse); ok && refused.Code == codeCannotConnectNow {
		return PostgresError(cfg.Target(), pgconn.ErrorResponseToPgError(refused))
	}
	front.Send(&pgproto3.Terminate{})
	front.Flush() // the answer is known; a server that is gone by now changes nothing
	return nil
}

func closeConn(ctx context.Context, conn *pgconn.PgConn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	conn.Close(ctx)
}
