package migrate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheLockKeyNeverChanges(t *testing.T) {
	// Runners of different versions exclude each other only while this number stays.
	if got, want := lockKey("shop/schema"), int64(4242509207772328861); got != want {
		t.Errorf("got %d, want %d", got, want)
	}
	for name, want := range map[string]string{"schema": "packctl 62d707b5b50a70be088f376e77af6e5b191d82cd", "Schema": "packctl 8d7f7da0c53819a23caca7ca46ed3507a478384b"} {
		if got := lockName("shop", name); got != want || len(got) > 64 {
			t.Errorf("MySQL's name of %s: got %s, want %s", name, got, want)
		}
	}
	l := postgres{key: -2}
	if got := l.isKey("k"); !strings.Contains(got, "classid = 4294967295") || !strings.Contains(got, "objid = 4294967294") {
		t.Errorf("the halves of a negative key: %s", got)
	}
}

func TestMajorVersion(t *testing.T) {
	for text, want := range map[string]int{
		"15.18 (Debian 15.18-0+deb12u1)": 15, "14": 14, "19beta1": 19, "9.6.24": 9, "": 0, "devel": 0,
	} {
		if got := majorVersion(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

func TestCommandEnv(t *testing.T) {
	for name, tc := range map[string]struct {
		env     []string
		version int
		want    []string
	}{
		"sessions are named and watched":  {[]string{"A=1"}, 15, []string{"A=1", "PGAPPNAME=w", "PGOPTIONS=-c client_connection_check_interval=500"}},
		"an old server would refuse that": {nil, 13, []string{"PGAPPNAME=w"}},
		"MySQL's clients know none of it": {[]string{"A=1"}, -1, []string{"A=1"}},
		"what the author set stays":       {[]string{"PGOPTIONS=-c x=1", "PGAPPNAME=mine"}, 15, []string{"PGOPTIONS=-c x=1", "PGAPPNAME=mine"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := slices.Clone(tc.env)
			s := Server{Version: tc.version, AppName: "w"}
			if tc.version < 0 {
				s = Server{mysql: new(mysql)}
			}
			if got := commandEnv(tc.env, s); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if !slices.Equal(tc.env, before) {
				t.Error("the environment that was passed in changed")
			}
		})
	}
}

func TestACommandEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		script string
		cancel error // the cause with which the context ends as soon as the script has printed "up"
		code   int
		signal string
	}{
		"well":                                    {script: "exit 0"},
		"with its exit code":                      {script: "exit 7", code: 7},
		"with a signal of its own":                {script: "kill -KILL $$", code: 137, signal: "killed"},
		"on SIGTERM":                              {script: "echo up; exec sleep 60", cancel: context.Canceled, code: 143, signal: "terminated"},
		"on SIGTERM in its own way":               {script: "trap 'exit 9' TERM; echo up; sleep 60 & wait", cancel: context.Canceled, code: 9},
		"on SIGKILL when it does not listen":      {script: "trap '' TERM; echo up; while :; do sleep 0.05; done", cancel: context.Canceled, code: 137, signal: "killed"},
		"soon when the lock is lost, deaf or not": {script: "trap '' TERM; echo up; while :; do sleep 0.05; done", cancel: &LockLostError{}, code: 137, signal: "killed"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			out := &trigger{word: "up", hit: func() { cancel(tc.cancel) }}
			c := &Command{Args: []string{"sh", "-c", tc.script}, Env: []string{"PATH=/usr/bin:/bin"}, Stdout: out, Grace: 200 * time.Millisecond}
			err := c.Do(ctx, Server{})
			var failed *CommandError
			if tc.code == 0 {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !errors.As(err, &failed) || failed.Code != tc.code || failed.Signal != tc.signal {
				t.Errorf("got %v, want code %d, signal %q", err, tc.code, tc.signal)
			}
		})
	}
}

// trigger calls hit once, when it is written word.
type trigger struct {
	buf  bytes.Buffer
	word string
	hit  func()
}

func (w *trigger) Write(p []byte) (int, error) {
	w.buf.Write(p)
	if w.hit != nil && strings.Contains(w.buf.String(), w.word) {
		w.hit()
		w.hit = nil
	}
	return len(p), nil
}

func TestTheGraceIsShortWhenTheLockIsLost(t *testing.T) {
	c := &Command{Grace: time.Hour}
	if got := c.grace(&LockLostError{}); got != lostGrace {
		t.Errorf("lock lost: %s", got)
	}
	if got := c.grace(context.Canceled); got != time.Hour {
		t.Errorf("otherwise: %s", got)
	}
	if got := new(Command).grace(context.Canceled); got != DefaultGrace {
		t.Errorf("default: %s", got)
	}
}

func TestWhatAChildLeavesBehindIsKilled(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	c := &Command{Args: []string{"sh", "-c", "sleep 60 & echo started"}, Env: []string{"PATH=/usr/bin:/bin"}, Stdout: w}
	err = c.Do(t.Context(), Server{})
	if err = errors.Join(err, w.Close(), r.SetReadDeadline(time.Now().Add(10*time.Second))); err != nil {
		t.Fatal(err)
	}
	// The pipe ends when the last process that can write to it has ended.
	if out, err := io.ReadAll(r); err != nil || string(out) != "started\n" {
		t.Errorf("the child still holds the pipe: %q, %v", out, err)
	}
}

func TestConfigurationFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		cfg  Config
		says string
	}{
		"no lock":                        {Config{URL: "postgres://u:p@127.0.0.1:1/d"}, "the lock has no name"},
		"no URL":                         {Config{Lock: "x"}, "URL"},
		"not a URL":                      {Config{Lock: "x", URL: "s3cr3t"}, "URL"},
		"the driver of another URL":      {Config{Lock: "x", Driver: "postgres", URL: "mysql://u:s3cr3t@h/d"}, `set driver = "mysql"`},
		"MySQL with PostgreSQL's URL":    {Config{Lock: "x", Driver: "mysql", URL: "postgres://u:s3cr3t@h/d"}, "mysql://"},
		"MySQL without a database":       {Config{Lock: "x", URL: "mysql://u:s3cr3t@h"}, "names no database"},
		"MySQL with an unknown TLS mode": {Config{Lock: "x", URL: "mysql://u:s3cr3t@h/d?tls=s3cr3t"}, "about TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.cfg.Work = &SQL{FS: fstest.MapFS{}}
			err := Run(t.Context(), tc.cfg)
			var bad *ConfigError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheDriverIsThatOfTheURL(t *testing.T) {
	for url, want := range map[string]string{
		"mysql://u:p@h/d": "mysql", "mariadb+pymysql://u:p@h/d": "mysql", "postgresql+psycopg2://u:p@h/d": "postgres", "host=h": "postgres", "": "postgres",
	} {
		if got := driverOf(url); got != want {
			t.Errorf("%q: %s, want %s", url, got, want)
		}
	}
}

func TestADatabaseThatIsNotThereIsWaitedForUntilTheLockTimeout(t *testing.T) {
	for _, scheme := range []string{"postgres", "mysql"} {
		t.Run(scheme, func(t *testing.T) {
			var told []string
			err := Run(t.Context(), Config{
				URL: scheme + "://u:s3cr3t@127.0.0.1:1/d", Lock: "shop/schema", LockTimeout: 200 * time.Millisecond,
				Work: &SQL{FS: fstest.MapFS{}}, Report: func(s string) { told = append(told, s) },
			})
			var timeout *LockTimeoutError
			if !errors.As(err, &timeout) || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("got %v", err)
			}
			if len(told) != 1 || !strings.Contains(told[0], `waits for the lock "shop/schema"`) {
				t.Errorf("told %q", told)
			}
		})
	}
}

func TestACancelledWaitReturnsItsCause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("SIGTERM")
	err := Run(ctx, Config{
		URL: "postgres://u:p@127.0.0.1:1/d", Lock: "x", Work: &SQL{FS: fstest.MapFS{}},
		Report: func(string) { cancel(cause) },
	})
	if !errors.Is(err, cause) {
		t.Errorf("got %v", err)
	}
}
