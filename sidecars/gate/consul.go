package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/packctl/packctl/hcl/spec"
)

// Consul is what the gate asks. The client behind it must not use its agent's cache: that answers even when no server is left.
type Consul interface {
	Service(service, tag string, passingOnly bool, q *api.QueryOptions) ([]*api.ServiceEntry, *api.QueryMeta, error)
	// Rightless says that the token can see nothing at all. When it is not known it is false.
	Rightless(ctx context.Context) bool
}

// Client is a Consul agent's API.
type Client struct {
	*api.Health
	acl *api.ACL
}

var _ Consul = (*Client)(nil)

// NewClient asks with c.
func NewClient(c *api.Client) *Client { return &Client{c.Health(), c.ACL()} }

// Rightless reads the token that requests carry or that the agent uses for them. When there is none at all it reads the
// anonymous one, which must be asked for by name: where ACLs deny by default, its empty answers look like absent services.
func (c *Client) Rightless(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, spec.DefaultTryTimeout)
	defer cancel()
	q := (&api.QueryOptions{}).WithContext(ctx)
	token, _, err := c.acl.TokenReadSelf(q)
	var status api.StatusError
	if errors.As(err, &status) && status.Code == http.StatusForbidden {
		q.Token = "anonymous"
		token, _, err = c.acl.TokenReadSelf(q)
	}
	return err == nil && len(token.Policies)+len(token.Roles)+len(token.ServiceIdentities)+
		len(token.NodeIdentities)+len(token.TemplatedPolicies) == 0
}

// Blocking queries are bounded, so that an index that is too high (a restored server) cannot hide the truth for longer.
const (
	blockFor    = 30 * time.Second
	answerSlack = blockFor/16 + 5*time.Second // Consul adds up to 1/16, the network the rest
	minPause    = 20 * time.Millisecond       // between two answers, however fast the catalog moves
)

// service watches a Consul service by blocking queries. It asks for all instances, not the passing ones: an absent service
// and one whose checks fail look the same otherwise.
type service struct {
	consul Consul
	want   spec.Service
	retry  time.Duration // pause after an error
}

var _ source = (*service)(nil)

func (s *service) watch(ctx context.Context, emit func(Sample)) {
	var index uint64
	known := false // the last answer had instances
	asked, rightless := false, false
	for ctx.Err() == nil {
		entries, meta, err := s.ask(ctx, index)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			index = 0
			emit(failure(err))
			sleep(ctx, jitter(s.retry))
			continue
		case len(entries) == 0 && known:
			// A token that is revoked at the right moment empties one answer (Consul issue 20790): ask again at once.
			known, index = false, 0
			sleep(ctx, minPause)
			continue
		}
		known = len(entries) > 0
		if !known && meta.DefaultACLPolicy == "deny" && !asked {
			asked, rightless = true, s.consul.Rightless(ctx)
		}
		seen := s.sample(entries, meta, rightless)
		emit(seen)
		pause := minPause
		if index = nextIndex(index, meta.LastIndex); seen.Permanent || index == 0 {
			index, pause = 0, jitter(s.retry)
		}
		sleep(ctx, pause)
	}
}

// ask makes one query, that blocks until the service changes when index is not 0.
func (s *service) ask(ctx context.Context, index uint64) ([]*api.ServiceEntry, *api.QueryMeta, error) {
	limit := spec.DefaultTryTimeout
	if index > 0 {
		limit = blockFor + answerSlack
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	q := (&api.QueryOptions{WaitIndex: index, WaitTime: blockFor}).WithContext(ctx)
	return s.consul.Service(s.want.Name, s.want.Tag, false, q)
}

// nextIndex follows the rules of Consul's "Blocking queries" page: an index that went backwards starts over.
func nextIndex(last, got uint64) uint64 {
	if got < last {
		return 0
	}
	return got
}

// sample counts the passing instances and says what keeps the others from it.
func (s *service) sample(entries []*api.ServiceEntry, meta *api.QueryMeta, rightless bool) Sample {
	passing, trouble := 0, ""
	for _, e := range entries {
		if e.Checks.AggregatedStatus() == api.HealthPassing {
			passing++
		} else if trouble == "" {
			trouble = firstTrouble(e.Checks)
		}
	}
	name := s.want.Name
	if s.want.Tag != "" {
		name += " with tag " + s.want.Tag
	}
	switch {
	case len(entries) == 0 && meta.ResultsFilteredByACLs:
		return Sample{Permanent: true, Reason: fmt.Sprintf(
			"Consul's ACLs hide service %s from this token: it needs service:read on it and node:read", name)}
	case len(entries) == 0 && rightless:
		return Sample{Permanent: true, Reason: fmt.Sprintf(
			"Consul's ACLs deny by default and this token has no right at all, so service %s cannot be seen: set CONSUL_HTTP_TOKEN", name)}
	case len(entries) == 0 && meta.DefaultACLPolicy == "deny":
		return Sample{Reason: fmt.Sprintf(
			"no instance of service %s in Consul, or none that this token may see (its ACLs deny by default)", name)}
	case len(entries) == 0:
		return Sample{Reason: fmt.Sprintf("no instance of service %s in Consul", name)}
	}
	reason := fmt.Sprintf("%d of %d instances of service %s pass", passing, len(entries), name)
	if passing < max(1, s.want.Min) {
		if trouble == "" {
			trouble = fmt.Sprintf("%d wanted", s.want.Min)
		}
		reason += ": " + trouble
	}
	return Sample{Passing: passing, Reason: reason}
}

// firstTrouble names the worst check that does not pass, with the first line of its output.
func firstTrouble(checks api.HealthChecks) string {
	var worst *api.HealthCheck
	for _, c := range checks {
		if c.Status != api.HealthPassing && (worst == nil || c.Status == api.HealthCritical && worst.Status != api.HealthCritical) {
			worst = c
		}
	}
	if worst == nil {
		return ""
	}
	text := fmt.Sprintf("check %q is %s", worst.Name, worst.Status)
	if line, _, _ := strings.Cut(strings.TrimSpace(worst.Output), "\n"); line != "" {
		text += ": " + line
	}
	return text
}

// failure says what Consul's refusal means. 403 is permanent: the token is unknown, deleted, or may not do this.
func failure(err error) Sample {
	var status api.StatusError
	if !errors.As(err, &status) {
		if errors.Is(err, context.DeadlineExceeded) {
			return Sample{Reason: "Consul does not answer in time"}
		}
		var ue *url.Error // its text holds the query with its index: a new reason every time
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return Sample{Reason: "Consul cannot be reached: " + err.Error()}
	}
	body, _, _ := strings.Cut(strings.TrimSpace(status.Body), "\n")
	if status.Code == http.StatusForbidden || status.Code == http.StatusUnauthorized {
		return Sample{Permanent: true, Reason: fmt.Sprintf("Consul refuses the token (%s): check CONSUL_HTTP_TOKEN", body)}
	}
	return Sample{Reason: fmt.Sprintf("Consul answers %d: %s", status.Code, body)}
}
