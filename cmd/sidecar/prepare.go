package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/sidecars/gate"
	"github.com/packctl/packctl/sidecars/migrate"
)

func newPrepareCmd(h host) *cobra.Command {
	return &cobra.Command{
		Use:   "prepare",
		Short: "Wait for a group's conditions, then run its migration",
		Long: `prepare is the prestart task of a group: it waits until every condition holds, then runs the migration under its lock.

It reads what to do from PACKCTL_PREPARE (JSON, written by packctl), Consul's address and token from CONSUL_HTTP_ADDR and
CONSUL_HTTP_TOKEN (or CONSUL_TOKEN, which Nomad sets for a workload identity), and writes its progress to
packctl-prepare.json below NOMAD_ALLOC_DIR.

` + exitCodeHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := h.logger(h.stdout, "prepare")
			if err != nil {
				return err
			}
			p := newProgress(h.getenv("NOMAD_ALLOC_DIR"), log)
			if err := prepare(cmd.Context(), h, log, p); err != nil {
				p.enter(spec.PhaseFailed, err.Error())
				log.Error("failed", "reason", err.Error(), "exit_code", exitCode(err))
				return &loggedError{err}
			}
			p.enter(spec.PhaseDone, "ready")
			return nil
		},
	}
}

// prepare is the gate, then the migration.
func prepare(ctx context.Context, h host, log hclog.Logger, p *progress) error {
	what, err := readPrepare(h.getenv(spec.PrepareEnv))
	if err != nil {
		return &usageError{err}
	}
	log = log.With("release", what.Release, "job", what.Job, "group", what.Group)
	if what.Step == spec.StepVersion {
		return tellVersion(ctx, h, what)
	}
	if err := runGate(ctx, h, log, what.WaitFor, p); err != nil {
		return err
	}
	if what.Migration == nil {
		return nil
	}
	m := *what.Migration
	var to *int64
	if m.SQL != "" && !filepath.IsAbs(m.SQL) {
		m.SQL = filepath.Join(h.getenv("NOMAD_TASK_DIR"), m.SQL)
	}
	if what.Step == spec.StepDown {
		if m, err = backwards(h, m); err != nil {
			return err
		}
		to = &what.To
	}
	report := func(reason string) { p.enter(spec.PhaseMigrating, reason) }
	return runMigration(ctx, h, log.With("migration", m.Name), m, to, 0, report)
}

// readPrepare is strict: a field that is not known here was written by a newer packctl and asks for something that would not
// be done.
func readPrepare(text string) (*spec.Prepare, error) {
	if text == "" {
		return nil, errors.New(spec.PrepareEnv + " is empty: prepare runs as the task that packctl writes; use \"sidecar gate\" or \"sidecar migrate\" by hand")
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	what := new(spec.Prepare)
	if err := d.Decode(what); err != nil {
		return nil, fmt.Errorf("read %s: %w (is this sidecar, %s, as new as the packctl that wrote it?)", spec.PrepareEnv, err, buildVersion())
	}
	return what, nil
}

// runGate waits for the conditions with a Consul client from the environment.
func runGate(ctx context.Context, h host, log hclog.Logger, conditions []spec.WaitFor, r gate.Reporter) error {
	if len(conditions) == 0 {
		return nil
	}
	cfg := api.DefaultConfig()
	if cfg.Token == "" {
		cfg.Token = h.getenv("CONSUL_TOKEN")
	}
	client, err := api.NewClient(cfg)
	if err != nil {
		return &usageError{fmt.Errorf("make the Consul client from CONSUL_HTTP_ADDR and the rest of its environment: %w", err)}
	}
	defer cfg.HttpClient.CloseIdleConnections()
	return gate.Run(ctx, gate.Config{
		WaitFor:  conditions,
		Consul:   gate.NewClient(client),
		Getenv:   h.getenv,
		Logger:   log.Named("gate"),
		Reporter: r,
	})
}

// runMigration runs a command or the SQL files of a folder under the lock; with to it takes back the files above that version.
func runMigration(ctx context.Context, h host, log hclog.Logger, m spec.Migration, to *int64, grace time.Duration, report func(string)) error {
	if d := m.Database.Driver; d != "" && !slices.Contains(spec.Drivers(), d) {
		return &usageError{fmt.Errorf("migration %q: the database driver %q is unknown: use %s", m.Name, d, strings.Join(spec.Drivers(), " or "))}
	}
	env := m.Database.URLEnv
	if env == "" {
		env = "DATABASE_URL"
	}
	url, environ, err := databaseURL(ctx, h, env, urlFileWait)
	if err != nil {
		return fmt.Errorf("migration %q: %w", m.Name, err)
	}
	log = log.Named("migrate")
	var work migrate.Work = &migrate.Command{Args: m.Command, Env: environ, Stdout: h.stdout, Stderr: h.stderr, Grace: grace}
	if m.SQL != "" {
		work = &migrate.SQL{FS: os.DirFS(m.SQL), Folder: m.SQL, Logger: log, To: to}
	}
	return migrate.Run(ctx, migrate.Config{
		Driver:      m.Database.Driver,
		URL:         url,
		Lock:        m.Lock,
		LockTimeout: time.Duration(m.LockTimeout),
		Timeout:     time.Duration(m.Timeout),
		Work:        work,
		Logger:      log,
		Report:      report,
	})
}
