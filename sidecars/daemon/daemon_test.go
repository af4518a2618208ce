package daemon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestServesHealthAndMetricsOnThePickedPort(t *testing.T) {
	defer goleak.VerifyNone(t)
	var sick error
	d := New(Config{Name: "x", Listen: "127.0.0.1:0", Health: func() error { return sick }})
	d.Handle("GET /hello", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hi") }))
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer d.Stop(t.Context())
	base := "http://" + d.Addr()
	if code, body := get(t, base+"/healthz"); code != 200 || body != "ok\n" {
		t.Errorf("healthy: got %d %q", code, body)
	}
	sick = errors.New("no leader")
	if code, body := get(t, base+"/healthz"); code != 503 || body != "no leader\n" {
		t.Errorf("sick: got %d %q", code, body)
	}
	if code, body := get(t, base+"/metrics"); code != 200 || !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics: got %d, %d bytes", code, len(body))
	}
	if _, body := get(t, base+"/hello"); body != "hi" {
		t.Errorf("own handler: got %q", body)
	}
}

func TestStopEndsWorkersThenRunsCleanUpsLastFirstAndJoinsTheirErrors(t *testing.T) {
	defer goleak.VerifyNone(t)
	var order []string
	d := New(Config{Listen: "127.0.0.1:0"})
	d.OnStop("first", func(context.Context) error { order = append(order, "first"); return errors.New("one") })
	d.OnStop("second", func(context.Context) error { order = append(order, "second"); return errors.New("two") })
	d.Go("worker", func(ctx context.Context) error {
		<-ctx.Done()
		order = append(order, "worker")
		return ctx.Err()
	})
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := d.Stop(t.Context())
	if want := []string{"worker", "second", "first"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	if err == nil || err.Error() != "second: two\nfirst: one" {
		t.Errorf("got %v", err)
	}
	if again := d.Stop(t.Context()); again != err || len(order) != 3 {
		t.Errorf("a second Stop did work again: %v %v", again, order)
	}
}

func TestRunEndsWhen(t *testing.T) {
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		worker func(context.Context, context.CancelFunc) error
		want   error
	}{
		"a worker fails: with its error": {func(context.Context, context.CancelFunc) error { return broken }, broken},
		"its context is cancelled: without an error": {func(ctx context.Context, cancel context.CancelFunc) error {
			cancel()
			<-ctx.Done()
			return ctx.Err()
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			d := New(Config{Listen: "127.0.0.1:0"})
			d.Go("w", func(c context.Context) error { return tc.worker(c, cancel) })
			if err := d.Run(ctx); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestAnOpenEventStreamDoesNotHoldUpStop(t *testing.T) {
	defer goleak.VerifyNone(t)
	d := New(Config{Listen: "127.0.0.1:0"})
	open := make(chan struct{})
	d.Handle("GET /events", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		http.NewResponseController(w).Flush()
		close(open)
		<-r.Context().Done()
	}))
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Get("http://" + d.Addr() + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	<-open
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := d.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func TestATakenPortIsAnErrorThatNamesItAndStillRunsTheCleanUps(t *testing.T) {
	defer goleak.VerifyNone(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cleaned := false
	d := New(Config{Listen: ln.Addr().String()})
	d.OnStop("x", func(context.Context) error { cleaned = true; return nil })
	if err := d.Run(t.Context()); err == nil || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("got %v", err)
	}
	if !cleaned {
		t.Error("clean-up did not run")
	}
}

func TestTheLoggerWritesJSONAndRefusesUnknownLevels(t *testing.T) {
	var buf bytes.Buffer
	log, err := NewLogger(&buf, "gate", "")
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("hidden")
	log.Info("ready", "condition", "db")
	var line map[string]any
	if err := json.Unmarshal(buf.Bytes(), &line); err != nil {
		t.Fatalf("%v in %q", err, buf.String())
	}
	if line["@message"] != "ready" || line["condition"] != "db" || line["@module"] != "gate" {
		t.Errorf("got %v", line)
	}
	if _, err := NewLogger(&buf, "gate", "loud"); err == nil {
		t.Error("level loud was accepted")
	}
}
