//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/realtest"
)

// catalog is the test's own client of a real Consul.
type catalog struct {
	t *testing.T
	*api.Client
}

func consulClient(t *testing.T, addr, token string) catalog {
	t.Helper()
	c, err := api.NewClient(&api.Config{Address: addr, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return catalog{t, c}
}

// register registers an instance with one TTL check in the given state.
func (c catalog) register(id, name, status, output string) {
	c.t.Helper()
	err := c.Agent().ServiceRegister(&api.AgentServiceRegistration{
		ID: id, Name: name, Port: 1,
		Check: &api.AgentServiceCheck{CheckID: id + "-check", Name: name + " ready", TTL: "1h", Status: status, Notes: output},
	})
	if err == nil {
		err = c.Agent().UpdateTTL(id+"-check", output, status)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

func TestGateOnAConsulService(t *testing.T) {
	consul := realtest.Consul(t, `check_update_interval = "0s"`) // by default a new output alone takes minutes to the catalog
	c := consulClient(t, consul.Addr, "")
	env := []string{"CONSUL_HTTP_ADDR=" + consul.Addr}

	t.Run("absent, then critical with its output, then passing: told each, and open at once", func(t *testing.T) {
		s := start(t, env, "gate", "--service", "shop-db")
		s.says("no instance of service shop-db in Consul")
		c.register("db1", "shop-db", "critical", "connection refused")
		s.says(`check \"shop-db ready\" is critical: connection refused`)
		c.register("db1", "shop-db", "passing", "")
		passing := time.Now()
		s.exits(0)
		took := time.Since(passing)
		t.Logf("the program ended %s after the check passed", took.Round(time.Millisecond))
		if took > time.Second {
			t.Errorf("took %s", took)
		}
	})

	t.Run("enough instances", func(t *testing.T) {
		c.register("api1", "shop-api", "passing", "")
		s := start(t, env, "gate", "--service", "shop-api", "--min", "2")
		s.says("1 of 1 instances of service shop-api pass: 2 wanted")
		c.register("api2", "shop-api", "passing", "")
		s.exits(0)
	})

	t.Run("stable for a while", func(t *testing.T) {
		c.register("q1", "shop-queue", "passing", "")
		s := start(t, env, "gate", "--service", "shop-queue", "--stable-for", "1s")
		s.says("not yet for 1s")
		c.register("q1", "shop-queue", "critical", "flapping")
		s.says("flapping")
		c.register("q1", "shop-queue", "passing", "")
		again := time.Now()
		s.exits(0)
		if took := time.Since(again); took < time.Second {
			t.Errorf("open %s after the break", took)
		}
	})

	t.Run("SIGTERM ends the wait", func(t *testing.T) {
		s := start(t, env, "gate", "--service", "never")
		s.says("no instance")
		s.signal(syscall.SIGTERM)
		s.exits(143)
	})

	t.Run("a timeout says what was waited for", func(t *testing.T) {
		s := start(t, env, "gate", "--service", "never", "--timeout", "300ms")
		s.exits(exitGateTimeout)
		s.says("gave up after 300ms: waits for never: no instance of service never in Consul")
	})
}

func TestGateWhileConsulIsRestarted(t *testing.T) {
	consul := realtest.Consul(t)
	s := start(t, []string{"CONSUL_HTTP_ADDR=" + consul.Addr}, "gate", "--service", "shop-db")
	s.says("no instance")
	consul.Kill()
	s.says("Consul cannot be reached")
	consul.Start()
	consulClient(t, consul.Addr, "").register("db1", "shop-db", "passing", "")
	s.exits(0)
}

func TestGateUnderConsulsACLs(t *testing.T) {
	const management = "11111111-1111-1111-1111-111111111111"
	consul := realtest.Consul(t, `acl { enabled = true  default_policy = "deny"  tokens { initial_management = "`+management+`"  default = "`+management+`" } }`)
	c := consulClient(t, consul.Addr, management)
	c.register("db1", "shop-db", "passing", "")
	token := func(rules string) string {
		policy, _, err := c.ACL().PolicyCreate(&api.ACLPolicy{Name: fmt.Sprintf("p%d", len(rules)), Rules: rules}, nil)
		if err != nil {
			t.Fatal(err)
		}
		tok, _, err := c.ACL().TokenCreate(&api.ACLToken{Policies: []*api.ACLLink{{ID: policy.ID}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return tok.SecretID
	}
	for name, tc := range map[string]struct {
		token string
		exit  int
		says  string
	}{
		"a token that nobody knows":  {"22222222-2222-2222-2222-222222222222", exitDenied, "ACL not found"},
		"service:read alone":         {token(`service_prefix "" { policy = "read" }`), exitDenied, "node:read"},
		"a token with other rights":  {token(`key_prefix "" { policy = "read" }`), exitDenied, "ACLs hide service shop-db"},
		"nothing but anonymous":      {"anonymous", exitDenied, "no right at all"},
		"service:read and node:read": {token(`service_prefix "" { policy = "read" }  node_prefix "" { policy = "read" }`), exitOK, "the gate is open"},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			s := start(t, []string{"CONSUL_HTTP_ADDR=" + consul.Addr, "CONSUL_TOKEN=" + tc.token}, "gate", "--service", "shop-db", "--timeout", "20s")
			s.exits(tc.exit)
			s.says(tc.says)
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
			if strings.Contains(s.out.String(), tc.token) && tc.token != "anonymous" {
				t.Error("the token is in the output")
			}
		})
	}
}

func TestGateOnPostgres(t *testing.T) {
	pg := realtest.Postgres(t)
	withoutPassword := strings.Replace(pg.URL, ":secret@", "@", 1)
	for name, tc := range map[string]struct {
		url  string
		exit int
		says string
	}{
		"with the right password":            {pg.URL, exitOK, "answers queries of postgres"},
		"with the driver of SQLAlchemy":      {strings.Replace(pg.URL, "postgres://", "postgresql+psycopg2://", 1), exitOK, "answers queries"},
		"without password, as pg_isready":    {withoutPassword, exitOK, "accepts connections"},
		"with a wrong password":              {strings.Replace(pg.URL, ":secret@", ":c4n4ry@", 1), exitDenied, "28P01"},
		"with a database that is not there":  {strings.Replace(pg.URL, "/postgres?", "/nowhere?", 1), exitGateTimeout, "3D000"},
		"with a URL that nobody understands": {"c4n4ry", exitDenied, "postgres://user:password@host:port/database"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, []string{"DB=" + tc.url}, "gate", "--postgres-env", "DB", "--timeout", "2s", "--interval", "100ms")
			s.exits(tc.exit)
			s.says(tc.says)
			if strings.Contains(s.out.String(), "c4n4ry") || strings.Contains(s.out.String(), ":secret") {
				t.Error("the password is in the output")
			}
		})
	}
	t.Run("while the server starts", func(t *testing.T) {
		pg.Stop()
		s := start(t, []string{"DB=" + pg.URL, "FREE=" + withoutPassword}, "gate", "--postgres-env", "DB", "--postgres-env", "FREE", "--interval", "20ms")
		s.says("connection refused")
		pg.Start()
		s.exits(0)
	})
}

func TestGateOnMySQL(t *testing.T) {
	server := realtest.MariaDB(t)
	withoutPassword := strings.Replace(server.URL, ":secret@", "@", 1)
	file := filepath.Join(t.TempDir(), "url")
	for name, tc := range map[string]struct {
		url  string
		exit int
		says string
	}{
		"with the right password":                {server.URL, exitOK, "answers queries of root"},
		"with the driver of SQLAlchemy":          {strings.Replace(server.URL, "mysql://", "mysql+pymysql://", 1), exitOK, "answers queries"},
		"without password, as mysqladmin pings":  {withoutPassword, exitOK, "accepts connections"},
		"with a wrong password":                  {strings.Replace(server.URL, ":secret@", ":c4n4ry@", 1), exitDenied, "error 1045"},
		"with a database that is not there":      {strings.Replace(server.URL, "/shop", "/nowhere", 1), exitGateTimeout, "error 1049"},
		"with TLS that the server does not have": {server.URL + "?tls=true", exitDenied, "server does not support TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, []string{"DB=" + tc.url}, "gate", "--mysql-env", "DB", "--timeout", "2s", "--interval", "100ms")
			s.exits(tc.exit)
			s.says(tc.says)
			if strings.Contains(s.out.String(), "c4n4ry") || strings.Contains(s.out.String(), ":secret") {
				t.Error("the password is in the output")
			}
		})
	}
	t.Run("while the server starts, and its URL is not there yet", func(t *testing.T) {
		server.Stop()
		s := start(t, []string{"DB_FILE=" + file, "FREE=" + withoutPassword}, "gate", "--mysql-env", "DB", "--mysql-env", "FREE", "--interval", "20ms")
		s.says("connection refused")
		s.says("is still empty")
		server.Start()
		if err := os.WriteFile(file, []byte(server.URL+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.exits(0)
	})
}

func TestGateOnRedisThatIsLoading(t *testing.T) {
	redis := realtest.Redis(t, "--enable-debug-command", "yes", "--key-load-delay", "2000",
		"--loading-process-events-interval-bytes", "1024", "--dbfilename", "dump.rdb")
	command := func(words ...string) {
		t.Helper()
		conn, err := net.Dial("tcp", redis.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "%s\r\n", strings.Join(words, " "))
		answer := make([]byte, 64)
		if n, err := conn.Read(answer); err != nil || answer[0] != '+' {
			t.Fatalf("%v: %q %v", words, answer[:n], err)
		}
	}
	command("DEBUG", "POPULATE", "1000")
	command("SAVE")
	redis.Stop()
	redis.Start()
	s := start(t, []string{"R=" + redis.URL}, "gate", "--redis-env", "R", "--interval", "50ms")
	s.says("is still loading its data")
	s.exits(0)
	s.says("answers PING")
}

// TestPrepare runs what a group's prestart task runs: everything at once, and the file that tells of it.
func TestPrepare(t *testing.T) {
	consul, pg := realtest.Consul(t), realtest.Postgres(t)
	c := consulClient(t, consul.Addr, "")
	alloc := t.TempDir()
	run := func(what spec.Prepare) *sidecar {
		t.Helper()
		text, err := json.Marshal(what)
		if err != nil {
			t.Fatal(err)
		}
		return start(t, []string{spec.PrepareEnv + "=" + string(text), "CONSUL_HTTP_ADDR=" + consul.Addr,
			"DATABASE_URL=" + pg.URL, "NOMAD_ALLOC_DIR=" + alloc}, "prepare")
	}
	becomes := func(phase spec.Phase, reason string) (p spec.Progress) {
		t.Helper()
		eventually(t, 20*time.Second, func() error {
			data, err := os.ReadFile(filepath.Join(alloc, spec.ProgressFile))
			if err != nil {
				return err
			}
			p = spec.Progress{}
			if err := json.Unmarshal(data, &p); err != nil {
				return fmt.Errorf("the progress file was caught half written: %w", err)
			}
			if p.Phase != phase || !strings.Contains(p.Reason, reason) {
				return fmt.Errorf("progress is %s: %s", p.Phase, p.Reason)
			}
			return nil
		})
		return p
	}
	what := spec.Prepare{
		Release: "shop", Pack: "shop", Job: "shop-app", Group: "api",
		WaitFor: []spec.WaitFor{
			{Name: "cache", Kind: spec.KindService, Timeout: spec.Duration(time.Minute), Service: &spec.Service{Name: "shop-cache", Min: 1}},
			{Name: "db", Kind: spec.KindPostgres, Timeout: spec.Duration(time.Minute), Postgres: &spec.Postgres{URLEnv: "DATABASE_URL"}},
		},
		Migration: &spec.Migration{
			Name: "schema", Lock: "shop/schema", Database: spec.Database{Driver: "postgres"},
			Command: []string{"sh", "-c", `echo migrated; until [ -e ` + alloc + `/go ]; do sleep 0.05; done`},
			Timeout: spec.Duration(time.Minute), LockTimeout: spec.Duration(time.Minute),
		},
	}
	s := run(what)
	becomes(spec.PhaseWaiting, "waits for cache: no instance of service shop-cache in Consul")
	c.register("cache1", "shop-cache", "passing", "")
	p := becomes(spec.PhaseMigrating, "runs sh -c")
	if len(p.Conditions) != 2 || !p.Conditions[0].Ready || !p.Conditions[1].Ready {
		t.Errorf("conditions in the migration's phase: %+v", p.Conditions)
	}
	second := run(what)
	second.says("waits for the lock")
	if err := os.WriteFile(filepath.Join(alloc, "go"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s.exits(0)
	second.exits(0)
	becomes(spec.PhaseDone, "ready")

	what.Migration.Command = []string{"sh", "-c", "exit 3"}
	failed := run(what)
	failed.exits(exitMigration)
	becomes(spec.PhaseFailed, "exit code 3")

	what.Migration = nil
	what.WaitFor[0].Service.Name, what.WaitFor[0].Timeout = "never", spec.Duration(300*time.Millisecond)
	late := run(what)
	late.exits(exitGateTimeout)
	becomes(spec.PhaseFailed, "waits for cache: no instance of service never")
	if files, _ := filepath.Glob(filepath.Join(alloc, "*.json*")); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
}
