package nomad

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/release"
)

func answering(t *testing.T, status int, body string) *Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(s.Close)
	c, err := New(Config{Address: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAFaultSaysWhatItIs(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	gone, err := New(Config{Address: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	var unreachable release.FaultUnreachable
	if _, err := gone.Nodes(t.Context()); !errors.As(err, &unreachable) || unreachable.Hint() == "" || !strings.Contains(err.Error(), s.URL) {
		t.Errorf("nobody there: %v", err)
	}
	var denied release.FaultDenied
	if _, err := answering(t, http.StatusForbidden, "Permission denied").Nodes(t.Context()); !errors.As(err, &denied) || denied.Hint() == "" {
		t.Errorf("no right: %v", err)
	}
	if _, err := answering(t, http.StatusInternalServerError, "no leader").Nodes(t.Context()); err == nil || errors.As(err, &denied) || errors.As(err, &unreachable) {
		t.Errorf("a server's own fault: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := gone.Nodes(ctx); !errors.Is(err, context.Canceled) || errors.As(err, &unreachable) {
		t.Errorf("an interruption: %v", err)
	}
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer hanging.Close()
	mute, err := New(Config{Address: hanging.URL})
	if err != nil {
		t.Fatal(err)
	}
	late, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := mute.Nodes(late); !errors.As(err, &unreachable) {
		t.Errorf("no answer in time: %v", err)
	}
}

func TestWhatIsNotThereIsNilAndNoFault(t *testing.T) {
	c := answering(t, http.StatusNotFound, "not found")
	if job, err := c.Job(t.Context(), "x"); job != nil || err != nil {
		t.Errorf("job: %v, %v", job, err)
	}
	if v, err := c.Variable(t.Context(), "x"); v != nil || err != nil {
		t.Errorf("variable: %v, %v", v, err)
	}
	if err := c.Deregister(t.Context(), "x", false); err != nil {
		t.Errorf("deregister: %v", err)
	}
}

func TestWhetherTheAgentIsOnThisMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"http://127.0.0.1:4646":      true,
		"http://[::1]:4646":          true,
		"https://localhost:4646":     true,
		"http://nomad.example:4646":  false,
		"http://10.0.0.7:4646":       false,
		"unix:///alloc/api.sock":     true,
		"http://127.0.0.1.evil:4646": false,
	} {
		c := &Client{address: address}
		if got := c.Local(); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func TestTheEvaluationThatSaysWhyNothingIsPlaced(t *testing.T) {
	index := uint64(50)
	job := &api.Job{JobModifyIndex: &index}
	refused := map[string]*api.AllocationMetric{"api": {}}
	for name, c := range map[string]struct {
		evals     []*api.Evaluation
		want      string
		evaluated bool
	}{
		"none": {nil, "", true},
		"the blocked one": {[]*api.Evaluation{
			{ID: "done", Status: "complete", JobModifyIndex: 50, ModifyIndex: 60, FailedTGAllocs: refused},
			{ID: "blocked", Status: "blocked", JobModifyIndex: 50, ModifyIndex: 59, FailedTGAllocs: refused}}, "blocked", true},
		"the newest, when it placed everything, says nothing": {[]*api.Evaluation{
			{ID: "old", Status: "complete", JobModifyIndex: 50, ModifyIndex: 60, FailedTGAllocs: refused},
			{ID: "new", Status: "complete", JobModifyIndex: 50, ModifyIndex: 61}}, "", true},
		"an earlier specification's does not count": {[]*api.Evaluation{
			{ID: "old", Status: "blocked", JobModifyIndex: 40, ModifyIndex: 45, FailedTGAllocs: refused}}, "", true},
		"a pending one: not all is decided": {[]*api.Evaluation{{ID: "p", Status: "pending", JobModifyIndex: 50}}, "", false},
		"one that waits for its time is not pending": {[]*api.Evaluation{
			{ID: "later", Status: "pending", JobModifyIndex: 50, WaitUntil: time.Now()}}, "", true},
	} {
		got, evaluated := unplaced(job, c.evals)
		id := ""
		if got != nil {
			id = got.ID
		}
		if id != c.want || evaluated != c.evaluated {
			t.Errorf("%s: %q, %v", name, id, evaluated)
		}
	}
}

func TestReleasesAreNamedOnceAndSorted(t *testing.T) {
	const jobs = `[{"ID":"b-web","Meta":{"packctl_release":"b"}},{"ID":"x","Meta":null},{"ID":"a-web","Meta":{"packctl_release":"a"}},{"ID":"b-db","Meta":{"packctl_release":"b"}}]`
	got, err := answering(t, http.StatusOK, jobs).Releases(t.Context())
	if err != nil || strings.Join(got, " ") != "a b" {
		t.Errorf("got %q, %v", got, err)
	}
}
