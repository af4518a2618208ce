//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// requestsPerSecond is what users ask of the front door while a release changes.
const requestsPerSecond = 22

// userRequests are what they ask for, in turn: each second two users log in, which costs a backend the tenth of a second that a
// password's hash takes, six write and fourteen read.
var userRequests = [...]string{"read", "write", "read", "read", "write", "read", "login", "read", "write", "read", "read"}

// traffic is users at work: they log in, write, and read what was written last. Each request has a connection of its own, so
// that a refused one counts, and nothing is sent a second time behind the test's back.
type traffic struct {
	door           door
	user, password string
	run            string
	end            func()

	mu      sync.Mutex
	token   string
	written []item // that were answered 2xx
	sent    []exchange
	phases  []phase
}

// exchange is one request and what became of it.
type exchange struct {
	at   time.Time
	took time.Duration
	kind string
	err  error
}

type phase struct {
	name string
	at   time.Time
}

// startTraffic begins the load, which goes on until stop. The first user has logged in and written before it returns.
func startTraffic(t *testing.T, port, user, password string) *traffic {
	t.Helper()
	d := newDoor(port)
	d.http.Transport.(*http.Transport).DisableKeepAlives = true
	// A redirect is an answer: a client that follows it would hide what came of it.
	d.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	tr := &traffic{door: *d, user: user, password: password, run: fmt.Sprintf("traffic %x", time.Now().UnixNano())}
	for i, kind := range []string{"login", "write"} {
		if err := tr.request(kind, -1-i); err != nil {
			t.Fatalf("before the load: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); tr.flow(ctx) }()
	tr.end = func() { cancel(); <-ended }
	t.Cleanup(tr.end)
	return tr
}

// flow sends at the rate whatever the answers take, and makes up for ticks that a busy machine swallowed. It returns when all
// have been answered.
func (tr *traffic) flow(ctx context.Context) {
	begin := time.Now()
	tick := time.NewTicker(time.Second / requestsPerSecond)
	defer tick.Stop()
	var running sync.WaitGroup
	defer running.Wait()
	for sent := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for due := int(time.Since(begin).Seconds() * requestsPerSecond); sent < due; sent++ {
			i, kind := sent, userRequests[sent%len(userRequests)]
			running.Go(func() {
				at := time.Now()
				err := tr.request(kind, i)
				tr.mu.Lock()
				defer tr.mu.Unlock()
				tr.sent = append(tr.sent, exchange{at: at, took: time.Since(at), kind: kind, err: err})
			})
		}
	}
}

// request is one request; an answer that is neither 2xx nor 3xx, or is not what was written, is an error.
func (tr *traffic) request(kind string, i int) error {
	d := tr.door
	tr.mu.Lock()
	d.token = tr.token
	var last item
	if len(tr.written) > 0 {
		last = tr.written[len(tr.written)-1]
	}
	tr.mu.Unlock()
	switch kind {
	case "login":
		d.token = ""
		var answer struct {
			Token string `json:"access_token"`
		}
		if err := d.post("/api/login", map[string]string{"username": tr.user, "password": tr.password}, &answer); err != nil {
			return err
		}
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.token = answer.Token
	case "write":
		var made item
		if err := d.post("/api/items", map[string]string{"name": fmt.Sprintf("%s %d", tr.run, i)}, &made); err != nil {
			return err
		}
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.written = append(tr.written, made)
	default:
		var got item
		if err := d.get(fmt.Sprintf("/api/items/%d", last.ID), &got); err != nil {
			return err
		}
		if got != last {
			return fmt.Errorf("read %v where %v was written", got, last)
		}
	}
	return nil
}

// phase says what begins now, for the report.
func (tr *traffic) phase(name string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.phases = append(tr.phases, phase{name, time.Now()})
}

// acknowledged are the names of what was written so far and answered 2xx.
func (tr *traffic) acknowledged() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var names []string
	for _, w := range tr.written {
		names = append(names, w.Name)
	}
	return names
}

// stop ends the load, prints what it did in each phase, and fails the test when one request of any phase failed.
func (tr *traffic) stop(t *testing.T) {
	t.Helper()
	tr.end()
	ended := time.Now()
	if len(tr.phases) == 0 || len(tr.sent) == 0 {
		t.Fatal("there was no load")
	}
	var table, lost strings.Builder
	fmt.Fprintf(&table, "%-44s %8s %9s %11s %8s %8s %9s\n", "while", "seconds", "requests", "per second", "failed", "median", "slowest")
	failed := 0
	for i, p := range tr.phases {
		until := ended
		if i+1 < len(tr.phases) {
			until = tr.phases[i+1].at
		}
		var took []time.Duration
		bad := 0
		for _, x := range tr.sent {
			if x.at.Before(p.at) || !x.at.Before(until) {
				continue
			}
			took = append(took, x.took)
			if x.err == nil {
				continue
			}
			if bad++; bad <= 5 {
				fmt.Fprintf(&lost, "%s, %s, %s, after %.2fs: %.300v\n", p.name, x.at.UTC().Format("15:04:05.000"), x.kind, x.took.Seconds(), x.err)
			}
		}
		failed += bad
		seconds := until.Sub(p.at).Seconds()
		median, slowest := spread(took)
		fmt.Fprintf(&table, "%-44s %8.1f %9d %11.1f %8d %7.2fs %8.2fs\n", p.name, seconds, len(took), float64(len(took))/seconds, bad, median.Seconds(), slowest.Seconds())
	}
	first := tr.phases[0].at
	rate := float64(len(tr.sent)) / ended.Sub(first).Seconds()
	t.Logf("%d requests in %.0f s, %.1f a second, %d failed\n%s%s", len(tr.sent), ended.Sub(first).Seconds(), rate, failed, &table, &lost)
	if failed != 0 {
		t.Errorf("%d of %d requests failed", failed, len(tr.sent))
	}
	if rate < 20 {
		t.Errorf("%.1f requests a second: that is no load", rate)
	}
}

// spread is the median of some durations, and the longest.
func spread(took []time.Duration) (median, slowest time.Duration) {
	if len(took) == 0 {
		return 0, 0
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)-1]
}
