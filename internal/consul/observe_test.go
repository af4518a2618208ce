package consul

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"github.com/packctl/packctl/internal/release"
)

const alloc = "6f1b0a5e-1111-2222-3333-444455556666"

// catalog is a Consul in memory: what it says of a service's checks, in turn, and what its agent says.
type catalog struct {
	answers chan api.HealthChecks
	asked   chan string // the filters of the questions
	agent   map[string]*api.AgentCheck
}

func (c *catalog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply := func(v any) {
		w.Header().Set("X-Consul-Index", "7")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			panic(err)
		}
	}
	if strings.HasPrefix(r.URL.Path, "/v1/agent/checks") {
		reply(c.agent)
		return
	}
	select {
	case c.asked <- r.URL.Query().Get("filter"):
	default:
	}
	select {
	case a := <-c.answers:
		reply(a)
	case <-r.Context().Done():
	}
}

func newClient(t *testing.T, h http.Handler) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Config{Address: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func check(status, output string) *api.HealthCheck {
	return &api.HealthCheck{Node: "n1", CheckID: "c1", Name: "http", ServiceName: "shop-api", Status: status, Output: output,
		ServiceID: "_nomad-task-" + alloc + "-group-api-shop-api-http"}
}

func TestAnInstancesChecksComeUnderItsAllocation(t *testing.T) {
	s := &catalog{answers: make(chan api.HealthChecks, 2), agent: map[string]*api.AgentCheck{
		"c1": {CheckID: "c1", Status: "critical", Output: "connection refused", ServiceID: check("", "").ServiceID}}}
	s.answers <- api.HealthChecks{check("critical", ""), {CheckID: "x", ServiceID: "somebody-else", ServiceName: "shop-api", Status: "passing"}}
	ctx, cancel := context.WithCancel(t.Context())
	out := newClient(t, s).Observe(ctx, []string{"shop-api"})
	first := <-out
	got := first.ByAlloc[alloc]
	if first.Err != nil || len(first.ByAlloc) != 1 || len(got) != 1 || got[0].Service != "shop-api" || got[0].Status != "critical" {
		t.Fatalf("%+v", first)
	}
	if got[0].Output != "connection refused" {
		t.Errorf("the agent's output is missing: %+v", got[0])
	}
	s.answers <- api.HealthChecks{check("passing", "ok")}
	if next := <-out; next.ByAlloc[alloc][0].Status != "passing" {
		t.Errorf("%+v", next)
	}
	cancel()
	for range out { // it is closed
	}
}

func TestOneQuestionAsksForAllServices(t *testing.T) {
	s := &catalog{answers: make(chan api.HealthChecks, 1), asked: make(chan string, 10)}
	s.answers <- nil
	ctx, cancel := context.WithCancel(t.Context())
	out := newClient(t, s).Observe(ctx, []string{"shop-api", "shop-db", "shop.web"})
	if first := <-out; first.Err != nil || first.ByAlloc == nil || len(first.ByAlloc) != 0 {
		t.Errorf("%+v", first)
	}
	<-s.asked
	<-s.asked // the next one waits for an answer
	cancel()
	for range out {
	}
	if len(s.asked) > 0 {
		t.Error("more than one question at a time")
	}
	if got, want := oneOf([]string{"shop-api", "shop.web"}), `ServiceName matches "^(shop-api|shop\\.web)$"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTheWorstCheckStandsFirst(t *testing.T) {
	list := api.HealthChecks{check("passing", ""), check("warning", ""), check("critical", "")}
	list[0].Name, list[1].Name, list[2].Name = "a", "b", "c"
	var got []string
	for _, c := range byAlloc(list)[alloc] {
		got = append(got, c.Name)
	}
	if strings.Join(got, "") != "cba" {
		t.Errorf("%v", got)
	}
}

func TestOnlyNomadsServicesHaveAnAllocation(t *testing.T) {
	for id, want := range map[string]string{
		"_nomad-task-" + alloc + "-group-api-shop-api-http": alloc,
		"_nomad-task-" + alloc + "-main-x-http":             alloc,
		"_nomad-task-short":                                 "",
		"_nomad-client-" + alloc:                            "",
		"web1":                                              "",
	} {
		if got, ok := allocOf(id); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", id, got, ok)
		}
	}
}

func TestAFaultSaysWhatItIs(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	c, err := New(Config{Address: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	var unreachable release.FaultUnreachable
	if err := c.Ping(t.Context()); !errors.As(err, &unreachable) || unreachable.Hint() == "" || !strings.Contains(err.Error(), strings.TrimPrefix(s.URL, "http://")) {
		t.Errorf("nobody there: %v", err)
	}
	denying := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	var denied release.FaultDenied
	if err := denying.Ping(t.Context()); !errors.As(err, &denied) || denied.Hint() == "" {
		t.Errorf("no right: %v", err)
	}
}
