package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestHandler(t *testing.T) {
	for name, c := range map[string]struct {
		path     string
		draining bool
		status   int
		body     string
	}{
		"the page greets, with markup made harmless":   {path: "/", status: 200, body: "Hello &lt;you&gt;"},
		"the health check passes while it serves":      {path: "/health", status: 200, body: "ok"},
		"the health check fails once it is told to go": {path: "/health", draining: true, status: 503, body: "stopping"},
		"other paths are not found":                    {path: "/x", status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			var draining atomic.Bool
			draining.Store(c.draining)
			w := httptest.NewRecorder()
			handler("Hello <you>", &draining).ServeHTTP(w, httptest.NewRequest(http.MethodGet, c.path, nil))
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
				t.Errorf("got %d %q, want %d with %q", w.Code, w.Body.String(), c.status, c.body)
			}
		})
	}
}

func TestRunServesUntilItIsTold(t *testing.T) {
	r, w := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	env := map[string]string{"PORT": "0", "HOST": "127.0.0.1", "GREETING": "Hi"}
	go func() {
		done <- run(ctx, slog.New(slog.NewJSONHandler(w, nil)), func(k string) string { return env[k] })
		w.Close()
	}()
	var line struct{ Address string }
	dec := json.NewDecoder(r)
	if err := dec.Decode(&line); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, io.MultiReader(dec.Buffered(), r))
	resp, err := http.Get("http://" + line.Address + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if !bytes.Contains(body, []byte("Hi")) {
		t.Errorf("the page is %q", body)
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("run ended with %v", err)
	}
}
