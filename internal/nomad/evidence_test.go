package nomad

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// TestReadingFilesAgainAndAgainKeepsOneConnection stands for a monitor that looks at a waiting gate each second, for hours.
func TestReadingFilesAgainAndAgainKeepsOneConnection(t *testing.T) {
	var opened atomic.Int32
	var s *httptest.Server
	s = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := `{"phase":"waiting","reason":"waits for postgres"}`
		switch {
		case strings.HasPrefix(r.URL.Path, "/v1/node/"): // where the node could be dialled
			body = `{"ID":"n","Status":"ready","HTTPAddr":"` + s.Listener.Addr().String() + `"}`
		case strings.HasPrefix(r.URL.Path, "/v1/client/fs/logs/"):
			body = "the last line\n"
		case strings.HasPrefix(r.URL.Path, "/v1/allocation/"):
			body = `{"ID":"a","NodeID":"n"}`
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Error(err)
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	c, err := New(Config{Address: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		p := c.progress(t.Context(), &api.AllocationListStub{ID: "a", NodeID: "n"})
		if p == nil || p.Phase != spec.PhaseWaiting || p.Reason != "waits for postgres" {
			t.Fatalf("progress: %+v", p)
		}
		if log, err := c.LogTail(t.Context(), "a", "main", "stdout", 100); err != nil || log != "the last line\n" {
			t.Fatalf("log: %q %v", log, err)
		}
	}
	if n := opened.Load(); n > 2 {
		t.Errorf("%d connections for 100 readings, want one that is kept", n)
	}
}
