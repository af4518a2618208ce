package monitor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newMonitor(t *testing.T, s Source) *Monitor {
	t.Helper()
	m, err := New(testConfig(), s, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shown publishes what the sample says.
func shown(t *testing.T, m *Monitor, id uint64, s Sample) {
	t.Helper()
	m.act(id, decide(me, nil, s, t0))
}

// event is one server-sent event.
type event struct{ kind, id, data string }

// readEvent reads the next event that is not a heartbeat.
func readEvent(t *testing.T, r *bufio.Reader) event {
	t.Helper()
	var e event
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("read the stream: %v", err)
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "event":
			e.kind = value
		case "id":
			e.id = value
		case "data":
			e.data += value + "\n"
		case "":
			if e.kind != "" && e.kind != "heartbeat" {
				return e
			}
			e = event{}
		}
	}
}

func open(t *testing.T, url string) (*http.Response, *bufio.Reader) {
	t.Helper()
	tr := &http.Transport{}
	resp, err := (&http.Client{Transport: tr}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close(); tr.CloseIdleConnections() })
	return resp, bufio.NewReader(resp.Body)
}

func TestAStreamGivesTheStateAtOnceAndThenEveryChange(t *testing.T) {
	m := newMonitor(t, nil)
	shown(t, m, 1, healthySample())
	srv := httptest.NewServer(m.Handler())
	defer srv.Close()
	defer srv.CloseClientConnections()

	resp, r := open(t, srv.URL+"/monitor/events")
	if ct, buf := resp.Header.Get("Content-Type"), resp.Header.Get("X-Accel-Buffering"); ct != "text/event-stream" || buf != "no" {
		t.Errorf("Content-Type %q, X-Accel-Buffering %q", ct, buf)
	}
	first := readEvent(t, r)
	var page Page
	if err := json.Unmarshal([]byte(first.data), &page); err != nil || first.kind != "snapshot" || page.Banner.Title != "All 9 tiers healthy" {
		t.Fatalf("got %s %q, %v", first.kind, page.Banner.Title, err)
	}
	shown(t, m, 2, failedSample())
	second := readEvent(t, r)
	if err := json.Unmarshal([]byte(second.data), &page); err != nil || second.id != "2" || page.Banner.Title != "backend failed" {
		t.Fatalf("got %s %q, %v", second.id, page.Banner.Title, err)
	}
	_, html := open(t, srv.URL+"/monitor/events?format=html")
	if e := readEvent(t, html); !strings.Contains(e.data, "<h2>backend failed</h2>") {
		t.Errorf("the HTML stream gave %.300s", e.data)
	}
}

func TestAWatcherThatDoesNotReadHoldsNobodyUp(t *testing.T) {
	h := newHub()
	slow, leave := h.subscribe()
	defer leave()
	quick, leaveQuick := h.subscribe()
	defer leaveQuick()
	for id := range uint64(10000) {
		h.publish(&snapshot{id: id})
		if got := <-quick; got.id != id {
			t.Fatalf("the quick one got %d at %d", got.id, id)
		}
	}
	if got := <-slow; got.id != 9999 {
		t.Errorf("the slow one got %d, not the newest", got.id)
	}
	late, leaveLate := h.subscribe()
	if got := <-late; got.id != 9999 {
		t.Errorf("who comes late got %d", got.id)
	}
	leaveLate()
	if h.watchers() != 2 {
		t.Errorf("%d watchers", h.watchers())
	}
}

// recorder is a watcher's connection in memory. It can break.
type recorder struct {
	mu     sync.Mutex
	head   http.Header
	buf    bytes.Buffer
	broken bool
	wrote  chan struct{} // one place: something was written
}

func (r *recorder) Header() http.Header              { return r.head }
func (r *recorder) WriteHeader(int)                  {}
func (r *recorder) Flush()                           {}
func (r *recorder) SetWriteDeadline(time.Time) error { return nil }
func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken {
		return 0, errors.New("write: i/o timeout")
	}
	select {
	case r.wrote <- struct{}{}:
	default:
	}
	return r.buf.Write(b)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

func TestAStreamBeatsAndLeavesWhenItsConnectionBreaks(t *testing.T) {
	m := newMonitor(t, nil)
	synctest.Test(t, func(t *testing.T) {
		w := &recorder{head: http.Header{}, wrote: make(chan struct{}, 1)}
		beats, began := 0, time.Now()
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/monitor/events", nil)
		done := make(chan struct{})
		go func() { defer close(done); m.events(w, r) }()
		for beats < 4 {
			<-w.wrote
			synctest.Wait()
			beats = strings.Count(w.String(), "event: heartbeat\n")
		}
		if took := time.Since(began); beats != 4 || took != 3*heartbeat {
			t.Errorf("%d heartbeats after %s, want one at once and three later:\n%s", beats, took, w)
		}
		w.mu.Lock()
		w.broken = true
		w.mu.Unlock()
		<-done
		if n := m.hub.watchers(); n != 0 {
			t.Errorf("%d watchers are left", n)
		}
	})
}

func TestTheLoopPublishesChangesAndOutlivesNomad(t *testing.T) {
	src := newFakeSource(healthySample())
	m := newMonitor(t, src)
	synctest.Test(t, func(t *testing.T) {
		src.wake = make(chan struct{}, 1) // of this bubble
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); m.Watch(ctx) }()
		pages, leave := m.hub.subscribe()
		defer leave()
		shows := func(when, title string) *Page {
			t.Helper()
			asked := time.Now()
			p := (<-pages).page
			if late := time.Since(asked); p.Banner.Title != title || late > settle {
				t.Errorf("%s: %q after %s, want %q within %s", when, p.Banner.Title, late, title, settle)
			}
			return p
		}
		shows("at first", "All 9 tiers healthy")
		src.set(failedSample())
		shows("after a wake-up", "backend failed")
		select {
		case s := <-pages:
			t.Errorf("nothing happened, and %q was published", s.page.Banner.Title)
		case <-time.After(10 * refresh):
		}
		src.set(nomadDown(Sample{}, time.Now()))
		if p := shows("without Nomad", "Nomad is unreachable"); !p.Stale || len(p.Tiers) != 9 {
			t.Errorf("stale %v, %d tiers", p.Stale, len(p.Tiers))
		}
		src.set(healthySample())
		shows("with Nomad back", "All 9 tiers healthy")
		cancel()
		<-ended
	})
}

func TestABurstOfEventsIsReadOnce(t *testing.T) {
	reads := 0
	src := &countingSource{fakeSource: newFakeSource(healthySample()), reads: &reads}
	m := newMonitor(t, src)
	synctest.Test(t, func(t *testing.T) {
		src.wake = make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); m.Watch(ctx) }()
		synctest.Wait()
		pace := time.NewTicker(settle / 200)
		defer pace.Stop()
		for range 100 {
			src.set(healthySample())
			<-pace.C
		}
		time.AfterFunc(settle, cancel)
		<-ended
		if reads > 3 {
			t.Errorf("%d reads for 100 events within %s", reads, settle/2)
		}
	})
}

type countingSource struct {
	*fakeSource
	reads *int
}

func (c *countingSource) Read(ctx context.Context) Sample {
	*c.reads++
	return c.fakeSource.Read(ctx)
}

func TestTextFromTheClusterStaysText(t *testing.T) {
	m := newMonitor(t, nil)
	shown(t, m, 1, hostileSample())
	html := string(m.hub.newest().html)
	for _, evil := range []string{"<script", "<img", `" onmouseover="`} {
		if strings.Contains(html, evil) {
			t.Errorf("the page holds %s", evil)
		}
	}
	if !strings.Contains(html, "&lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Error("the check's output is missing")
	}
	srv := httptest.NewServer(m.Handler())
	defer srv.Close()
	defer srv.CloseClientConnections()
	_, r := open(t, srv.URL+"/monitor/events?format=html")
	e := readEvent(t, r) // a line break in an output must not start an event of its own
	if e.kind != "snapshot" || !strings.Contains(e.data, "event: evil") || strings.Contains(e.data, "\r") {
		t.Errorf("got %s", e.kind)
	}
}

func TestThePageKeepsToItsContentSecurityPolicy(t *testing.T) {
	m := newMonitor(t, nil)
	shown(t, m, 1, failedSample())
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/monitor", nil))
	if csp := rec.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'self';") {
		t.Errorf("the policy is %q", csp)
	}
	page := rec.Body.String()
	for what, re := range map[string]string{
		"inline style": `<style|\sstyle=`, "inline script": `<script(?:\s+defer)?>|\son[a-z]+=`, "foreign address": `(?:src|href)="(?:https?:)?//`,
	} {
		if found := regexp.MustCompile(re).FindString(page); found != "" {
			t.Errorf("%s: %s", what, found)
		}
	}
	for _, ref := range regexp.MustCompile(`(?:src|href)="(/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ref[1] == "/monitor/events" {
			continue
		}
		rec := httptest.NewRecorder()
		m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", ref[1], nil))
		if rec.Code != 200 {
			t.Errorf("%s: %d", ref[1], rec.Code)
		}
		if strings.Contains(ref[1], "/assets/") && !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s may not be kept: %q", ref[1], rec.Header().Get("Cache-Control"))
		}
	}
}

func TestRoutes(t *testing.T) {
	m := newMonitor(t, nil)
	for name, tc := range map[string]struct {
		method, path string
		code         int
		body         string
	}{
		"the page before the first read": {"GET", "/monitor", 200, "Looking at the cluster"},
		"with a slash":                   {"GET", "/monitor/", 200, "Looking at the cluster"},
		"the root leads to the page":     {"GET", "/", 302, "/monitor"},
		"JSON before the first read":     {"GET", "/monitor/api/tiers", 503, "not been read yet"},
		"no other method":                {"POST", "/monitor", 405, ""},
		"an unknown format":              {"GET", "/monitor/events?format=xml", 400, "use json or html"},
		"no template":                    {"GET", "/monitor/assets/page.tmpl", 404, ""},
		"nothing outside of the assets":  {"GET", "/monitor/assets/..%2fview.go", 404, ""},
		"no such file":                   {"GET", "/monitor/assets/x.js", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			m.Handler().ServeHTTP(rec, httptest.NewRequest(tc.method, tc.path, nil))
			if rec.Code != tc.code || !strings.Contains(rec.Body.String(), tc.body) {
				t.Errorf("got %d %.200s", rec.Code, rec.Body)
			}
		})
	}
}

func TestTheDaemonServesMetricsAndClosesStreamsWhenItIsStopped(t *testing.T) {
	cfg := testConfig()
	cfg.Listen = "127.0.0.1:0"
	m, err := New(cfg, newFakeSource(failedSample()), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	d := m.Daemon()
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, r := open(t, "http://"+d.Addr()+"/monitor/events")
	readEvent(t, r)
	resp, metrics := open(t, "http://"+d.Addr()+"/metrics")
	text, err := io.ReadAll(metrics)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("metrics: %d, %v", resp.StatusCode, err)
	}
	for _, line := range []string{
		`packctl_monitor_tier_desired{job="appstack-app",release="appstack",tier="backend"} 2`,
		`packctl_monitor_tier_healthy{job="appstack-app",release="appstack",tier="backend"} 1`,
		`packctl_monitor_tier_state{job="appstack-app",release="appstack",state="failed",tier="backend"} 1`,
		`packctl_monitor_tier_state{job="appstack-app",release="appstack",state="healthy",tier="backend"} 0`,
		`packctl_monitor_tier_task_restarts{job="appstack-data",release="appstack",tier="redis"} 2`,
		`packctl_monitor_source_up{source="nomad"} 1`,
		`packctl_monitor_watchers 1`,
	} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := d.Stop(ctx); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("an open stream held up the end for %s", took)
	}
	if _, err := r.ReadString(0); err == nil {
		t.Error("the stream is still open")
	}
}

func TestConfig(t *testing.T) {
	env := func(kv ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(kv); i += 2 {
				if kv[i] == name {
					return kv[i+1]
				}
			}
			return ""
		}
	}
	for name, tc := range map[string]struct {
		env   []string
		want  Config
		wrong string
	}{
		"the defaults": {[]string{"PACKCTL_RELEASE", "shop"}, Config{Listen: ":9000", BasePath: "/monitor", Release: "shop", Namespace: "default"}, ""},
		"everything": {[]string{"PACKCTL_RELEASE", "shop", "PORT", "81", "NOMAD_NAMESPACE", "web", "PACKCTL_BASE_PATH", "/ops/shop/", "PACKCTL_NOMAD_UI", "http://n:4646/"},
			Config{Listen: ":81", BasePath: "/ops/shop", Release: "shop", Namespace: "web", NomadUI: "http://n:4646"}, ""},
		"the root as base path": {[]string{"PACKCTL_RELEASE", "shop", "PACKCTL_BASE_PATH", "/"}, Config{Listen: ":9000", Release: "shop", Namespace: "default"}, ""},
		"no release":            {nil, Config{}, "set PACKCTL_RELEASE or --release"},
		"a strange path":        {[]string{"PACKCTL_RELEASE", "shop", "PACKCTL_BASE_PATH", "/{x}"}, Config{}, "--base-path"},
		"a relative path":       {[]string{"PACKCTL_RELEASE", "shop", "PACKCTL_BASE_PATH", "monitor"}, Config{}, "--base-path"},
		"a script as UI":        {[]string{"PACKCTL_RELEASE", "shop", "PACKCTL_NOMAD_UI", "javascript:alert(1)"}, Config{}, "--nomad-ui"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ConfigFromEnv(env(tc.env...)).Validate()
			switch {
			case tc.wrong != "":
				if err == nil || !strings.Contains(err.Error(), tc.wrong) {
					t.Errorf("got %v", err)
				}
			case err != nil || got != tc.want:
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	m, err := New(Config{Release: "shop", NomadUI: "http://n:4646"}, nil, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	shown(t, m, 1, healthySample())
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if body := rec.Body.String(); rec.Code != 200 || !strings.Contains(body, `src="/assets/monitor.js`) || !strings.Contains(body, `href="http://n:4646/ui/allocations/`) {
		t.Errorf("at the root: %d %.300s", rec.Code, body)
	}
}
