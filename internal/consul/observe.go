package consul

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

const (
	longPoll = 5 * time.Minute
	breath   = 250 * time.Millisecond // between two questions: all checks of a cluster may change often
	look     = time.Second            // how often the output of a failing check is looked at
	retry    = time.Second
)

// Observe sends the checks of services at first and after each change.
//
// One blocking query asks for all of them: Consul lets one address have 200 connections (limits.http_max_conns_per_client),
// which a release of 100 services would use up with a query each, and one that ends beside one that begins.
func (c *Client) Observe(ctx context.Context, services []string) <-chan release.Checks {
	out := make(chan release.Checks)
	go func() {
		defer close(out)
		if len(services) > 0 {
			c.poll(ctx, services, out)
		} else if send(ctx, out, release.Checks{ByAlloc: byAlloc(nil)}) {
			<-ctx.Done()
		}
	}()
	return out
}

// poll asks again and again; each question waits in Consul until the answer is another, but not long while a check fails:
// its output may change then without Consul's catalog being told.
func (c *Client) poll(ctx context.Context, services []string, out chan<- release.Checks) {
	var index uint64
	var sent api.HealthChecks
	wait, told := longPoll, false
	for ctx.Err() == nil {
		q := (&api.QueryOptions{WaitIndex: index, WaitTime: wait, Filter: oneOf(services)}).WithContext(ctx)
		checks, meta, err := c.api.Health().State(api.HealthAny, q)
		if err != nil {
			index, told, wait = 0, false, longPoll
			if !send(ctx, out, release.Checks{Err: c.fault("read the checks of the release's services", err)}) || !pause(ctx, retry) {
				return
			}
			continue
		}
		if index, wait = max(1, meta.LastIndex), longPoll; meta.LastIndex < q.WaitIndex {
			index = 0 // Consul started anew
		}
		if failing(checks) {
			wait = look
			c.freshen(ctx, services, checks)
		}
		if !told || !slices.EqualFunc(sent, checks, sameCheck) {
			if !send(ctx, out, release.Checks{ByAlloc: byAlloc(checks)}) {
				return
			}
			sent, told = checks, true
		}
		if !pause(ctx, breath) {
			return
		}
	}
}

// oneOf is a filter for what belongs to one of the services.
func oneOf(services []string) string {
	quoted := make([]string, len(services))
	for i, s := range services {
		quoted[i] = regexp.QuoteMeta(s)
	}
	return fmt.Sprintf("ServiceName matches %q", "^("+strings.Join(quoted, "|")+")$")
}

func send(ctx context.Context, out chan<- release.Checks, c release.Checks) bool {
	select {
	case out <- c:
		return true
	case <-ctx.Done():
		return false
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
func (c *Client) freshen(ctx context.Context, services []string, checks api.HealthChecks) {
	own, err := c.api.Agent().ChecksWithFilterOpts(oneOf(services), (&api.QueryOptions{}).WithContext(ctx))
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
func byAlloc(checks api.HealthChecks) map[string][]status.Check {
	out := map[string][]status.Check{}
	for _, c := range checks {
		if id, ok := allocOf(c.ServiceID); ok {
			out[id] = append(out[id], status.Check{Name: c.Name, Service: c.ServiceName, Status: c.Status, Output: c.Output})
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
