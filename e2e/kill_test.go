//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
)

// kill is the end of one tier's process, as kill -9 makes it.
type kill struct {
	job, tier string
	after     time.Duration // since the load began
}

// load is what goes through the front door while tiers die: 20 reads and 2 orders a second.
const (
	readsPerSecond  = 20
	ordersPerSecond = 2
)

// tried is one request of the load.
type tried struct {
	at    time.Time
	took  time.Duration
	err   error
	order string // of an order that was answered 2xx
	write bool
}

// underLoad sends the load for a time, kills while it goes on, and returns every request and the moment of each kill.
func underLoad(t *testing.T, c *api.Client, s *shop, kills []kill, length time.Duration) ([]tried, []time.Time) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	results := make(chan tried)
	var all []tried
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for r := range results {
			all = append(all, r)
		}
	}()
	begin := time.Now()
	var running sync.WaitGroup
	every := func(rate int, do func(i int) tried) {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				running.Go(func() { results <- do(i) })
			}
		}
	}
	run := strconv.FormatInt(begin.UnixNano(), 36)
	running.Go(func() {
		every(readsPerSecond, func(int) tried {
			at := time.Now()
			_, err := s.send("GET", "/api/products", "", nil, nil)
			return tried{at: at, took: time.Since(at), err: err}
		})
	})
	running.Go(func() {
		every(ordersPerSecond, func(i int) tried {
			at, sku := time.Now(), "BOOK-1"
			if i%8 == 0 {
				sku = "SLOW-2" // so that about half of the time a worker has a job in hand
			}
			var got struct{ Data shopOrder }
			_, err := s.send("POST", "/api/orders", fmt.Sprintf("%s-%d", run, i), map[string]any{"sku": sku, "quantity": 1}, &got)
			return tried{at: at, took: time.Since(at), err: err, order: got.Data.ID, write: true}
		})
	})
	moments := make([]time.Time, len(kills))
	for i, k := range kills {
		timer := time.NewTimer(time.Until(begin.Add(k.after)))
		select {
		case <-timer.C:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
		moments[i] = time.Now()
		killTier(t, c, k)
	}
	running.Wait()
	close(results)
	<-collected
	slices.SortFunc(all, func(a, b tried) int { return a.at.Compare(b.at) })
	return all, moments
}

// killTier sends SIGKILL to the first process of the tier's container. A periodic tier runs for a moment only: that is
// awaited.
func killTier(t *testing.T, c *api.Client, k kill) {
	t.Helper()
	await(t, "a container of "+k.tier, 90*time.Second, func() error {
		running, err := withChildren(c, k.job)
		if err != nil {
			return err
		}
		for _, job := range running {
			for id := range liveAllocs(t, c, job, k.tier) {
				out, err := exec.CommandContext(t.Context(), "docker", "inspect", "-f", "{{.State.Pid}}", k.tier+"-"+id).Output()
				if err != nil {
					continue // not started yet, or over already
				}
				pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
				if err != nil || pid <= 1 {
					continue
				}
				return syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		return errors.New("none runs")
	})
}

// withChildren are a job's ID and those of the runs of a periodic one, newest first.
func withChildren(c *api.Client, id string) ([]string, error) {
	list, _, err := c.Jobs().PrefixList(id)
	if err != nil {
		return nil, err
	}
	ids := []string{id}
	for _, j := range list {
		if j.ParentID == id {
			ids = append(ids, j.ID)
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return strings.Compare(b, a) })
	return ids, nil
}

// costs is the table of what each kill cost the front door, from the kill to the next one.
func costs(all []tried, kills []kill, moments []time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s %8s %8s %8s %13s %11s  %s\n", "kill -9 of", "reads", "failed", "orders", "orders failed", "failing for", "with")
	for i, k := range kills {
		var requests, failed, orders, ordersFailed int
		var first, last time.Time
		kinds, sample := map[string]int{}, ""
		for _, r := range all {
			if r.at.Before(moments[i]) || i+1 < len(kills) && !r.at.Before(moments[i+1]) {
				continue
			}
			if r.write {
				orders++
			} else {
				requests++
			}
			if r.err == nil {
				continue
			}
			if r.write {
				ordersFailed++
			} else {
				failed++
			}
			kinds[failureKind(r.err)]++
			if first.IsZero() {
				first, sample = r.at, fmt.Sprintf("%.250v", r.err)
			}
			last = r.at.Add(r.took)
		}
		fmt.Fprintf(&b, "%-14s %8d %8d %8d %13d %10.1fs  %s\n", k.tier, requests, failed, orders, ordersFailed, last.Sub(first).Seconds(), counts(kinds))
		if sample != "" {
			fmt.Fprintf(&b, "    the first: %s\n", sample)
		}
	}
	return b.String()
}

// failureKind is the answer's status, or that there was none.
func failureKind(err error) string {
	var answer *answerError
	if errors.As(err, &answer) {
		return strconv.Itoa(answer.code)
	}
	return "no answer"
}

func counts(kinds map[string]int) string {
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		out = append(out, fmt.Sprintf("%d × %s", kinds[kind], kind))
	}
	return strings.Join(out, ", ")
}

// checkExactlyOnce awaits the end of every order that was answered, and compares it with what the supplier did and what was
// notified.
func checkExactlyOnce(t *testing.T, s *shop, release string, answered []string, limit time.Duration) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for _, id := range answered {
		s.completed(t, id, max(time.Until(deadline), time.Second))
	}
	done := effects(t, release)
	for _, id := range answered {
		if e := done[id]; e.Effects != 1 {
			t.Errorf("order %s: the supplier did it %d times in %d attempts", id, e.Effects, e.Attempts)
		}
		if n, err := s.notifications(id); err != nil || n != 1 {
			t.Errorf("order %s: %d notifications (%v)", id, n, err)
		}
	}
	// Nor may what was not answered, because the connection broke, have happened twice.
	for key, e := range done {
		if e.Effects > 1 {
			t.Errorf("order %s: the supplier did it %d times", key, e.Effects)
		}
	}
}

// checkKills kills tiers under load, and expects that nothing that was promised is lost or done twice.
func checkKills(t *testing.T, c *api.Client, s *shop, release string, kills []kill, length time.Duration) {
	before := s.stats(t)
	all, moments := underLoad(t, c, s, kills, length)
	var answered []string
	for _, r := range all {
		if r.err == nil && r.write {
			answered = append(answered, r.order)
		}
	}
	t.Logf("what each kill cost the front door, at %d reads and %d orders a second:\n%s", readsPerSecond, ordersPerSecond, costs(all, kills, moments))
	if len(answered) < int(length.Seconds())*ordersPerSecond/4 {
		t.Errorf("only %d orders were answered in %s: that is no load", len(answered), length)
	}
	checkExactlyOnce(t, s, release, answered, 4*time.Minute)
	after := s.stats(t)
	t.Logf("cases: %d kills, %d requests, %d orders answered, %d redelivered", len(kills), len(all), len(answered), after.Redeliveries-before.Redeliveries)
	mustPackctl(t, "scale", release, "queue=1", "backend=1", "--timeout", "2m")
	await(t, "the API to be healthy", time.Minute, func() error { return s.get("/api/health", nil) })
}
