package gate

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/probe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// catalog is Consul's health endpoint in memory: an index, the instances of one service, and answers to queries that block.
type catalog struct {
	mu      sync.Mutex
	index   uint64
	entries []*api.ServiceEntry
	meta    api.QueryMeta
	err     error
	moved   chan struct{}

	rightless bool
	// restored makes the next answer, and the index, this low: a server that came back from a snapshot.
	restored uint64
	queries  chan uint64 // the index of each query, for who listens
}

func newCatalog() *catalog {
	return &catalog{index: 10, moved: make(chan struct{}), queries: make(chan uint64, 100)}
}

// set changes what is answered, and wakes the queries that wait.
func (c *catalog) set(change func(*catalog)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.index++
	change(c)
	close(c.moved)
	c.moved = make(chan struct{})
}

func (c *catalog) Service(_, _ string, passingOnly bool, q *api.QueryOptions) ([]*api.ServiceEntry, *api.QueryMeta, error) {
	if passingOnly || q.UseCache || q.AllowStale {
		return nil, nil, errors.New("a gate must ask the servers for all instances")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.queries <- q.WaitIndex:
	default: // nobody listens
	}
	deadline := time.After(q.WaitTime)
	for q.WaitIndex >= c.index && c.err == nil && q.WaitIndex > 0 {
		moved := c.moved
		c.mu.Unlock()
		select {
		case <-moved:
			c.mu.Lock()
		case <-deadline:
			c.mu.Lock()
			q.WaitIndex = 0
		case <-q.Context().Done():
			c.mu.Lock()
			return nil, nil, &url.Error{Op: "Get", URL: "http://consul", Err: q.Context().Err()}
		}
	}
	if c.restored > 0 {
		c.index, c.restored = c.restored, 0
	}
	meta := c.meta
	meta.LastIndex = c.index
	return c.entries, &meta, c.err
}

func (c *catalog) Rightless(context.Context) bool { return c.rightless }

func instance(status, output string) *api.ServiceEntry {
	return &api.ServiceEntry{Checks: api.HealthChecks{
		{Name: "Serf Health Status", Status: api.HealthPassing},
		{Name: "db ready", Status: status, Output: output + "\nsecond line"},
	}}
}

// recorder keeps the reasons of the first condition, each once.
type recorder struct{ reasons []string }

func (r *recorder) Conditions(c []spec.Condition) {
	if n := len(r.reasons); n == 0 || r.reasons[n-1] != c[0].Reason {
		r.reasons = append(r.reasons, c[0].Reason)
	}
}

func serviceCondition(s spec.Service) []spec.WaitFor {
	return []spec.WaitFor{{Name: "db", Kind: spec.KindService, Timeout: spec.Duration(time.Minute), Interval: spec.Duration(time.Second), Service: &s}}
}

func TestAServiceIsFollowedThroughItsStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rec := newCatalog(), &recorder{}
		var log bytes.Buffer
		done := make(chan error, 1)
		start := time.Now()
		go func() {
			done <- Run(t.Context(), Config{
				WaitFor:  serviceCondition(spec.Service{Name: "shop-db", Min: 2, StableFor: spec.Duration(5 * time.Second)}),
				Consul:   c,
				Reporter: rec,
				Logger:   hclog.New(&hclog.LoggerOptions{Output: &log, JSONFormat: true}),
			})
		}()
		at := func(d time.Duration, change func(*catalog)) {
			time.AfterFunc(time.Until(start.Add(d)), func() { c.set(change) })
		}
		at(5*time.Second, func(c *catalog) { c.entries = []*api.ServiceEntry{instance("critical", "refused")} })
		at(6*time.Second, func(c *catalog) { c.entries = []*api.ServiceEntry{instance("passing", "")} })
		at(7*time.Second, func(c *catalog) {
			c.entries = []*api.ServiceEntry{instance("passing", ""), instance("passing", "")}
		})
		at(9*time.Second, func(c *catalog) {
			c.entries = []*api.ServiceEntry{instance("passing", ""), instance("warning", "slow")}
		})
		at(10*time.Second, func(c *catalog) {
			c.entries = []*api.ServiceEntry{instance("passing", ""), instance("passing", "")}
		})
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 15*time.Second || took > 15100*time.Millisecond {
			t.Errorf("opened after %s, want 5s after the last change at 10s", took)
		}
		want := []string{
			"not asked yet",
			"no instance of service shop-db in Consul",
			`0 of 1 instances of service shop-db pass: check "db ready" is critical: refused`,
			"1 of 1 instances of service shop-db pass: 2 wanted",
			"2 of 2 instances of service shop-db pass, but not yet for 5s",
			`1 of 2 instances of service shop-db pass: check "db ready" is warning: slow`,
			"2 of 2 instances of service shop-db pass, but not yet for 5s",
			"2 of 2 instances of service shop-db pass",
		}
		if got := strings.Join(rec.reasons, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("reasons:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
		}
		if lines := strings.Count(log.String(), "\n"); lines != len(want) {
			t.Errorf("%d log lines, want one a change and one for the end:\n%s", lines, &log)
		}
	})
}

func TestAWaitThatGoesOnUnchangedIsLoggedNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		err := Run(t.Context(), Config{
			WaitFor: serviceCondition(spec.Service{Name: "shop-db"}),
			Consul:  newCatalog(),
			Logger:  hclog.New(&hclog.LoggerOptions{Output: &log, JSONFormat: true}),
			Remind:  25 * time.Second,
		})
		var timeout *TimeoutError
		if !errors.As(err, &timeout) || timeout.After != time.Minute {
			t.Fatalf("got %v, want a timeout after 1m", err)
		}
		if !strings.Contains(err.Error(), "db: no instance of service shop-db") {
			t.Errorf("the error does not say what was waited for: %v", err)
		}
		if got := strings.Count(log.String(), "still waiting"); got != 2 {
			t.Errorf("%d reminders, want 2:\n%s", got, &log)
		}
	})
}

func TestConsulsTroubles(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*catalog)
		denied bool
		says   string
	}{
		"a token that nobody knows is permanent": {
			func(c *catalog) { c.err = api.StatusError{Code: 403, Body: "ACL not found"} }, true, "refuses the token (ACL not found)"},
		"a token that sees nothing is permanent": {
			func(c *catalog) { c.meta.ResultsFilteredByACLs = true }, true, "service:read on it and node:read"},
		"no token where ACLs deny by default is told": {
			func(c *catalog) { c.meta.DefaultACLPolicy = "deny" }, false, "deny by default"},
		"no token where ACLs deny by default and anonymous may nothing is permanent": {
			func(c *catalog) { c.meta.DefaultACLPolicy, c.rightless = "deny", true }, true, "has no right at all"},
		"a server that is being restarted may pass": {
			func(c *catalog) { c.err = api.StatusError{Code: 500, Body: "No cluster leader"} }, false, "No cluster leader"},
		"an agent that cannot be reached may pass": {
			func(c *catalog) {
				c.err = &url.Error{Op: "Get", URL: "http://x?index=7", Err: errors.New("connection refused")}
			}, false, "reached: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCatalog()
				c.set(tc.change)
				start := time.Now()
				err := Run(t.Context(), Config{WaitFor: serviceCondition(spec.Service{Name: "shop-db"}), Consul: c})
				if took := time.Since(start); tc.denied && took > 2*time.Second {
					t.Errorf("took %s to give up", took)
				}
				var denied *DeniedError
				if errors.As(err, &denied) != tc.denied {
					t.Errorf("denied %v, want %v: %v", !tc.denied, tc.denied, err)
				}
				if err == nil || !strings.Contains(err.Error(), tc.says) {
					t.Errorf("says %v, want %q in it", err, tc.says)
				}
			})
		})
	}
}

func TestTheIndexStartsOverAfterAnErrorAndWhenItWentBackwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := newCatalog()
		done := make(chan error, 1)
		go func() { done <- Run(ctx, Config{WaitFor: serviceCondition(spec.Service{Name: "x"}), Consul: c}) }()
		asked := func(want ...uint64) {
			t.Helper()
			for _, index := range want {
				if got := <-c.queries; got != index {
					t.Errorf("asked with the index %d, want %d", got, index)
				}
			}
			synctest.Wait() // the last query waits for news
		}
		asked(0, 10)
		c.set(func(c *catalog) { c.err = api.StatusError{Code: 500} })
		synctest.Wait()
		c.set(func(c *catalog) { c.err = nil }) // asked again from 0
		asked(0, 12)
		c.set(func(c *catalog) { c.restored = 3 }) // answered with 3, asked again from 0
		asked(0, 3)
		cancel()
		<-done
		if n := len(c.queries); n != 0 {
			t.Errorf("asked %d times more", n)
		}
	})
}

func TestAnAnswerThatIsEmptyOnceIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rec := newCatalog(), &recorder{}
		c.entries = []*api.ServiceEntry{instance("critical", "refused")}
		done := make(chan error, 1)
		go func() {
			done <- Run(t.Context(), Config{WaitFor: serviceCondition(spec.Service{Name: "db"}), Consul: c, Reporter: rec})
		}()
		synctest.Wait()
		c.set(func(c *catalog) { c.entries = nil })
		synctest.Wait()
		c.set(func(c *catalog) { c.entries = []*api.ServiceEntry{instance("passing", "")} })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(rec.reasons, "\n"); strings.Contains(got, "no instance") {
			t.Errorf("an answer that was empty once counted:\n%s", got)
		}
	})
}

func TestAProbeIsAskedByIntervalAndLessOftenOnceItHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var times []time.Duration
		start := time.Now()
		p := &prober{interval: time.Second, timeout: time.Second, try: func(context.Context) (string, error) {
			times = append(times, time.Since(start))
			if len(times) < 4 {
				return "", &probe.Error{Reason: "not yet"}
			}
			return "up", nil
		}}
		never := &prober{interval: time.Second, timeout: time.Second, try: func(ctx context.Context) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}}
		rules := []rule{{name: "a", min: 1, timeout: 30 * time.Second}, {name: "b", min: 1, timeout: 30 * time.Second}}
		err := run(t.Context(), Config{Logger: hclog.NewNullLogger(), Remind: time.Hour}, rules, []source{p, never})
		var timeout *TimeoutError
		if !errors.As(err, &timeout) || !timeout.Conditions[0].Ready || timeout.Conditions[1].Ready {
			t.Fatalf("got %v", err)
		}
		for i := 1; i < len(times); i++ {
			low, high := 750*time.Millisecond, 1250*time.Millisecond
			if i >= 4 {
				low, high = calm*low, calm*high
			}
			if gap := times[i] - times[i-1]; gap < low || gap > high {
				t.Errorf("pause %d was %s, want %s to %s", i, gap, low, high)
			}
		}
	})
}

func TestACancelledGateReturnsTheCauseAndLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("SIGTERM")
		time.AfterFunc(time.Second, func() { cancel(cause) })
		if err := Run(ctx, Config{WaitFor: serviceCondition(spec.Service{Name: "x"}), Consul: newCatalog()}); !errors.Is(err, cause) {
			t.Errorf("got %v", err)
		}
	})
}

func TestConditionsThatCannotBeAskedAreConfigErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		w    spec.WaitFor
		says string
	}{
		"nothing asked": {spec.WaitFor{Name: "x"}, "asks for nothing"},
		"no Consul":     {spec.WaitFor{Name: "x", Service: &spec.Service{Name: "db"}}, "CONSUL_HTTP_ADDR"},
		"an empty environment variable": {
			spec.WaitFor{Name: "x", Postgres: &spec.Postgres{URLEnv: "DB"}}, "the environment variable DB is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Run(t.Context(), Config{WaitFor: []spec.WaitFor{tc.w}, Getenv: func(string) string { return "" }})
			var bad *ConfigError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), `"x"`) {
				t.Errorf("got %v", err)
			}
		})
	}
}
