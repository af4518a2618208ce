package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/sidecars/gate"
	"github.com/packctl/packctl/sidecars/migrate"
)

func TestExitCodes(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"done":                       {nil, 0},
		"anything else":              {errors.New("x"), 1},
		"usage":                      {&usageError{errors.New("x")}, 2},
		"a condition nobody can ask": {&gate.ConfigError{}, 2},
		"a migration nobody can run": {&migrate.ConfigError{}, 2},
		"the gate's timeout":         {&gate.TimeoutError{}, 3},
		"the gate denied":            {&gate.DeniedError{}, 4},
		"the login denied":           {&migrate.DeniedError{}, 4},
		"a failed command, wrapped":  {fmt.Errorf("migration: %w", &migrate.CommandError{Code: 42}), 5},
		"a failed command, passed":   {&passError{&migrate.CommandError{Code: 42}, 42}, 42},
		"a failed file":              {&migrate.SQLError{Err: errors.New("x")}, 5},
		"the lock's timeout":         {&migrate.LockTimeoutError{}, 6},
		"the lock lost":              {&migrate.LockLostError{}, 7},
		"the migration's timeout":    {&migrate.TimeoutError{}, 8},
		"SIGINT":                     {&signalError{syscall.SIGINT}, 130},
		"SIGTERM, logged":            {&loggedError{&signalError{syscall.SIGTERM}}, 143},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exitCode(tc.err); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
			if tc.want < 10 && !strings.Contains(exitCodeHelp, fmt.Sprintf("\n  %d ", tc.want)) {
				t.Errorf("--help does not explain %d", tc.want)
			}
		})
	}
}

func TestCommandLines(t *testing.T) {
	migration := `{"migration":{"name":"m","lock":"l","command":["true"],"timeout":"1s","lock_timeout":"1s","database":{"driver":"%s"}}}`
	for name, tc := range map[string]struct {
		args, env []string
		want      int
		says      string
	}{
		"version":                         {[]string{"version"}, nil, 0, "sidecar devel\n"},
		"help tells the exit codes":       {[]string{"prepare", "--help"}, nil, 0, "7    the migration's lock was lost"},
		"an unknown command":              {[]string{"frob"}, nil, 2, `unknown command "frob"`},
		"an unknown flag":                 {[]string{"gate", "--frob"}, nil, 2, "unknown flag: --frob"},
		"an argument too many":            {[]string{"prepare", "frob"}, nil, 2, "frob"},
		"a gate without conditions":       {[]string{"gate"}, nil, 2, "nothing to wait for"},
		"a migration without lock":        {[]string{"migrate", "--", "true"}, nil, 2, "--lock is missing"},
		"a migration without work":        {[]string{"migrate", "--lock", "x"}, nil, 2, "give either --sql"},
		"a migration with both":           {[]string{"migrate", "--lock", "x", "--sql", "d", "--", "true"}, nil, 2, "give either --sql"},
		"a migration without URL":         {[]string{"migrate", "--lock", "x", "--", "true"}, nil, 2, "DATABASE_URL is empty"},
		"an unknown log level":            {[]string{"gate", "--tcp", "x:1"}, []string{"PACKCTL_LOG_LEVEL=loud"}, 2, `PACKCTL_LOG_LEVEL: log level "loud"`},
		"prepare by hand":                 {[]string{"prepare"}, nil, 2, "PACKCTL_PREPARE is empty"},
		"prepare from a newer packctl":    {[]string{"prepare"}, []string{`PACKCTL_PREPARE={"wait_for":[{"name":"x","amqp":{}}]}`}, 2, `unknown field \"amqp\"`},
		"prepare with nothing to do":      {[]string{"prepare"}, []string{`PACKCTL_PREPARE={}`}, 0, ""},
		"prepare with an unknown driver":  {[]string{"prepare"}, []string{`PACKCTL_PREPARE=` + fmt.Sprintf(migration, "oracle")}, 2, `\"oracle\" is unknown`},
		"prepare with an empty condition": {[]string{"prepare"}, []string{`PACKCTL_PREPARE={"wait_for":[{"name":"x"}]}`}, 2, "asks for nothing"},
		"prepare without a database URL":  {[]string{"prepare"}, []string{`PACKCTL_PREPARE=` + fmt.Sprintf(migration, "postgres")}, 2, "DATABASE_URL is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			got := execute(t.Context(), host{args: tc.args, environ: tc.env, stdout: &out, stderr: &out})
			if got != tc.want || !strings.Contains(out.String(), tc.says) {
				t.Errorf("exit code %d, want %d; output, want %q in it:\n%s", got, tc.want, tc.says, &out)
			}
		})
	}
}

func TestPrepareTellsItsProgress(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	code := execute(t.Context(), host{
		args: []string{"prepare"},
		environ: []string{"NOMAD_ALLOC_DIR=" + dir,
			`PACKCTL_PREPARE={"release":"shop","wait_for":[{"name":"db","timeout":"100ms","interval":"10ms","tcp":{"address":"127.0.0.1:1"}}]}`},
		stdout: &out, stderr: &out,
	})
	if code != exitGateTimeout {
		t.Fatalf("exit code %d\n%s", code, &out)
	}
	p := readProgress(t, dir)
	if p.Phase != spec.PhaseFailed || !strings.Contains(p.Reason, "gave up after 100ms: waits for db: 127.0.0.1:1: connection refused") {
		t.Errorf("got %+v", p)
	}
	if len(p.Conditions) != 1 || p.Conditions[0].Ready || p.Conditions[0].Since.IsZero() {
		t.Errorf("conditions %+v", p.Conditions)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

func readProgress(t *testing.T, dir string) (p spec.Progress) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, spec.ProgressFile))
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProgressSinceMovesWithThePhaseOnly(t *testing.T) {
	dir := t.TempDir()
	p := newProgress(dir, hclog.NewNullLogger())
	p.enter(spec.PhaseWaiting, "a")
	first := readProgress(t, dir)
	p.enter(spec.PhaseWaiting, "b")
	if second := readProgress(t, dir); second.Reason != "b" || !second.Since.Equal(first.Since) {
		t.Errorf("same phase: %+v after %+v", second, first)
	}
	p.enter(spec.PhaseDone, "c")
	if third := readProgress(t, dir); third.Since.Before(first.Since) || third.Since.Equal(first.Since) || time.Since(third.Since) > time.Minute {
		t.Errorf("next phase: %+v after %+v", third, first)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%d files", len(files))
	}
}

func TestAProgressThatCannotBeWrittenIsLoggedOnce(t *testing.T) {
	var out bytes.Buffer
	p := newProgress("/no/such/folder", hclog.New(&hclog.LoggerOptions{Output: &out}))
	p.enter(spec.PhaseWaiting, "a")
	p.enter(spec.PhaseDone, "b")
	if got := strings.Count(out.String(), "cannot tell the progress"); got != 1 {
		t.Errorf("%d lines:\n%s", got, &out)
	}
	newProgress("", hclog.NewNullLogger()).enter(spec.PhaseDone, "nobody asks")
}
