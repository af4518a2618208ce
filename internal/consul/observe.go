package consul

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

const (
	settle   = 100 * time.Millisecond // changes that come together are sent together
	longPoll = 5 * time.Minute
	look     = time.Second // how often the output of a failing check is looked at
	retry    = time.Second
)

// reading is what one service's query answered.
type reading struct {
	service string
	checks  api.HealthChecks
	err     error
}

// Observe holds one blocking query a service and sends all of them together after each change. Nothing is sent before
// each service has answered once.
func (c *Client) Observe(ctx context.Context, services []string) <-chan release.Checks {
	out := make(chan release.Checks)
	readings := make(chan reading)
	var polls sync.WaitGroup
	for _, s := range services {
		polls.Go(func() { c.poll(ctx, s, readings) })
	}
	go func() {
		defer close(out)
		defer polls.Wait()
		merge(ctx, services, readings, out)
	}()
	return out
}

// merge is the one goroutine that knows the latest reading of each service.
func merge(ctx context.Context, services []string, readings <-chan reading, out chan<- release.Checks) {
	latest := map[string]api.HealthChecks{}
	var timer <-chan time.Time
	if len(services) == 0 {
		timer = time.After(0)
	}
	for {
		var message release.Checks
		select {
		case <-ctx.Done():
			return
		case r := <-readings:
			if r.err == nil {
				latest[r.service] = r.checks
				if timer == nil && len(latest) == len(services) {
					timer = time.After(settle)
				}
				continue
			}
			message = release.Checks{ByAlloc: byAlloc(services, latest), Err: r.err}
		case <-timer:
			timer = nil
			message = release.Checks{ByAlloc: byAlloc(services, latest)}
		}
		select {
		case out <- message:
		case <-ctx.Done():
			return
		}
	}
}

// poll asks for one service again and again; each question waits in Consul until the answer is another, but not long while
// a check fails: its output may change then without Consul's catalog being told.
func (c *Client) poll(ctx context.Context, service string, readings chan<- reading) {
	var index uint64
	var sent api.HealthChecks
	wait := longPoll
	for ctx.Err() == nil {
		q := (&api.QueryOptions{WaitIndex: index, WaitTime: wait}).WithContext(ctx)
		checks, meta, err := c.api.Health().Checks(service, q)
		r := reading{service: service, checks: checks}
		wait = longPoll
		if err != nil {
			r.err, index = c.fault("read the checks of service "+service, err), 0
		} else if meta.LastIndex < index {
			index = 0 // Consul started anew
		} else {
			index = max(1, meta.LastIndex)
		}
		if failing(checks) {
			wait = look
			c.freshen(ctx, service, checks)
		}
		if err == nil && sent != nil && slices.EqualFunc(sent, checks, sameCheck) {
			continue
		}
		sent = checks
		select {
		case readings <- r:
		case <-ctx.Done():
			return
		}
		if err != nil && !pause(ctx, retry) {
			return
		}
	}
}

func failing(checks api.HealthChecks) bool {
	return slices.ContainsFunc(checks, func(c *api.HealthCheck) bool { return c.Status != api.HealthPassing })
}

func sameCheck(a, b *api.HealthCheck) bool {
	return a.Node == b.Node && a.CheckID == b.CheckID && a.ServiceID == b.ServiceID && a.Status == b.Status && a.Output == b.Output
}

// freshen takes the output of failing checks from the agent, where it runs them. An agent tells the catalog a new status at
// once but a mere new output only after minutes (check_update_interval), so a check that has failed from the start stands
// there without a word [measured on 1.22.3]. Another node's checks, and an agent that does not tell, stay as they are.
func (c *Client) freshen(ctx context.Context, service string, checks api.HealthChecks) {
	own, err := c.api.Agent().ChecksWithFilterOpts(fmt.Sprintf("ServiceName == %q", service), (&api.QueryOptions{}).WithContext(ctx))
	if err != nil {
		return
	}
	for _, check := range checks {
		if fresh := own[check.CheckID]; fresh != nil && fresh.Status == check.Status && fresh.ServiceID == check.ServiceID {
			check.Output = fresh.Output
		}
	}
}

// byAlloc files checks under their allocations, worst first, then by service and name. It is never nil.
func byAlloc(services []string, latest map[string]api.HealthChecks) map[string][]status.Check {
	out := map[string][]status.Check{}
	for _, s := range services {
		for _, c := range latest[s] {
			if id, ok := allocOf(c.ServiceID); ok {
				out[id] = append(out[id], status.Check{Name: c.Name, Service: c.ServiceName, Status: c.Status, Output: c.Output})
			}
		}
	}
	for _, checks := range out {
		slices.SortStableFunc(checks, func(a, b status.Check) int {
			if d := severity(a.Status) - severity(b.Status); d != 0 {
				return d
			}
			return strings.Compare(a.Service+"\x00"+a.Name, b.Service+"\x00"+b.Name)
		})
	}
	return out
}

func severity(s string) int {
	return slices.Index([]string{api.HealthCritical, api.HealthWarning, api.HealthPassing}, s)
}

// allocOf reads the allocation from the ID that Nomad gives a service: "_nomad-task-<allocation>-<task>-<service>-<port>".
func allocOf(serviceID string) (string, bool) {
	const prefix, uuid = "_nomad-task-", 36
	rest, ok := strings.CutPrefix(serviceID, prefix)
	if !ok || len(rest) <= uuid || rest[uuid] != '-' {
		return "", false
	}
	return rest[:uuid], true
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
