package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// SQL applies the goose-style files (00001_name.sql) of a folder that the database does not have yet, each in a transaction
// together with its version row. In MySQL each CREATE, ALTER and DROP ends the transaction, so that a file of several that
// fails leaves the statements before the failing one behind.
type SQL struct {
	FS     fs.FS
	Folder string // what FS is, for people
	Logger hclog.Logger
	To     *int64 // take back, newest first, what the database has above this version; nil: apply
}

var _ Work = (*SQL)(nil)

// Describe names the folder.
func (q *SQL) Describe() string { return "the SQL files of " + q.Folder }

// Do applies what is missing. A cancelled ctx ends the running statement in the server, whose transaction rolls back.
func (q *SQL) Do(ctx context.Context, s Server) error {
	if s.mysql != nil {
		ended := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(ended)
			if err := s.mysql.end(); err != nil {
				q.Logger.Warn("the statement under way could not be ended, the server goes on with it and keeps the lock so long", "reason", s.mysql.fault(err).Error())
			}
		})
		err := q.apply(ctx, goose.DialectMySQL, s.mysql.db)
		if !stop() {
			<-ended
		}
		return err
	}
	db, err := openPostgres(s)
	if err != nil {
		return err
	}
	defer db.Close()
	return q.apply(ctx, goose.DialectPostgres, db)
}

func openPostgres(s Server) (*sql.DB, error) {
	cfg, err := pgx.ParseConfig(s.DSN)
	if err != nil {
		return nil, &ConfigError{"the database URL cannot be read"} // err may hold it
	}
	cfg.RuntimeParams["application_name"] = s.AppName
	if s.Version >= checksClients {
		cfg.RuntimeParams["client_connection_check_interval"] = "500"
	}
	cfg.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: 2 * time.Second}
	}
	return stdlib.OpenDB(*cfg), nil
}

func (q *SQL) apply(ctx context.Context, dialect goose.Dialect, db *sql.DB) error {
	provider, err := goose.NewProvider(dialect, db, q.FS,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if errors.Is(err, goose.ErrNoMigrations) {
		return &ConfigError{fmt.Sprintf("%s holds no SQL file named like 00001_name.sql", q.Folder)}
	}
	if err != nil {
		return &ConfigError{fmt.Sprintf("read the SQL files of %s: %v", q.Folder, err)}
	}
	did := "applied"
	work := provider.Up
	if q.To != nil {
		did = "taken back"
		work = func(ctx context.Context) ([]*goose.MigrationResult, error) { return provider.DownTo(ctx, *q.To) }
	}
	applied, err := work(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		applied = partial.Applied
	}
	for _, r := range applied {
		q.Logger.Info(did, "file", r.Source.Path, "after", r.Duration.Round(time.Millisecond).String())
	}
	switch {
	case partial != nil:
		return &SQLError{File: partial.Failed.Source.Path, Applied: len(applied), Err: partial.Err, Down: q.To != nil, Torn: dialect == goose.DialectMySQL}
	case errors.Is(err, goose.ErrVersionNotFound):
		return &ConfigError{fmt.Sprintf("the database has a version above %d that %s does not know, so that nothing was taken back: %v", *q.To, q.Folder, err)}
	case err != nil:
		return fmt.Errorf("apply the SQL files of %s: %w", q.Folder, err)
	}
	return nil
}
