package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/sidecars/migrate"
)

func newMigrateCmd(h host) *cobra.Command {
	var m spec.Migration
	var timeout, lockTimeout, grace time.Duration
	cmd := &cobra.Command{
		Use:   "migrate --lock name (--sql folder | -- command [argument …])",
		Short: "Run a command or SQL files under a lock in the database",
		Long: `migrate takes a lock in the database (an advisory lock of PostgreSQL, GET_LOCK of MySQL and MariaDB), runs the command or applies the SQL files, and gives the lock back. Of all
runners that name the same lock in the same database one works at a time. The command's output goes through; it is ended
(SIGTERM, then SIGKILL after --grace) when the lock is lost, when it takes too long and when migrate itself is ended.

` + exitCodeHelp,
		Example: `  sidecar migrate --lock shop/schema -- alembic upgrade head
  sidecar migrate --lock shop/schema --url-env SHOP_DB --sql ./migrations`,
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := h.logger(h.stderr, "sidecar")
			if err != nil {
				return err
			}
			if (len(args) == 0) == (m.SQL == "") {
				return &usageError{errors.New("give either --sql and a folder, or -- and a command")}
			}
			if m.Lock == "" {
				return &usageError{errors.New("--lock is missing: the name that all runners of this migration share")}
			}
			m.Name, m.Command = m.Lock, args
			m.Timeout, m.LockTimeout = spec.Duration(timeout), spec.Duration(lockTimeout)
			err = runMigration(cmd.Context(), h, log, m, nil, grace, nil)
			if err == nil {
				return nil
			}
			var failed *migrate.CommandError
			if errors.As(err, &failed) {
				err = &passError{err, failed.Code}
			}
			log.Error("failed", "reason", err.Error(), "exit_code", exitCode(err))
			return &loggedError{err}
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&m.Lock, "lock", "", "name of the lock (required)")
	fl.StringVar(&m.SQL, "sql", "", "folder with files named like 00001_name.sql")
	fl.StringVar(&m.Database.URLEnv, "url-env", "DATABASE_URL", "environment variable with the database's URL")
	fl.StringVar(&m.Database.Driver, "driver", "", "postgres or mysql (default: what the URL's scheme says)")
	fl.DurationVar(&timeout, "timeout", spec.DefaultMigrationTimeout, "for the migration itself")
	fl.DurationVar(&lockTimeout, "lock-timeout", 0, "for the wait for the lock (default: --timeout)")
	fl.DurationVar(&grace, "grace", migrate.DefaultGrace, "between SIGTERM and SIGKILL of the command")
	return cmd
}
