package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// supplier is one on a book of its own; its waits are noted, not waited.
func supplier(t *testing.T, path string) (*httptest.Server, *Book, *[]time.Duration) {
	t.Helper()
	book, err := OpenBook(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	var mu sync.Mutex
	waits := &[]time.Duration{}
	a := newAPI(slog.New(slog.NewTextHandler(io.Discard, nil)), book)
	a.share = func() float64 { return 0.5 }
	a.wait = func(_ *http.Request, d time.Duration) bool {
		mu.Lock()
		defer mu.Unlock()
		*waits = append(*waits, d)
		return true
	}
	server := httptest.NewServer(a.handler())
	t.Cleanup(server.Close)
	return server, book, waits
}

func post(t *testing.T, url, key, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/orders", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	defer res.Body.Close()
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		t.Errorf("the answer is not JSON: %v", err)
	}
	return res.StatusCode, out
}

func TestOrders(t *testing.T) {
	order := `{"sku":"BOOK-1","quantity":2}`
	type ask struct{ key, body string }
	for sentence, test := range map[string]struct {
		asks     []ask
		statuses []int
		effects  int // of key "k"
		attempts int
	}{
		"an ordinary order is taken at once":                 {[]ask{{"k", order}}, []int{200}, 1, 1},
		"the same key acts once":                             {[]ask{{"k", order}, {"k", order}, {"k", order}}, []int{200, 200, 200}, 1, 3},
		"another key is another order":                       {[]ask{{"k", order}, {"l", order}}, []int{200, 200}, 1, 1},
		"a key does not change its order":                    {[]ask{{"k", order}, {"k", `{"sku":"BOOK-1","quantity":3}`}}, []int{200, 422}, 1, 1},
		"FLAKY-2 is taken at the third try, and stays taken": {[]ask{{"k", `{"sku":"FLAKY-2","quantity":1}`}, {"k", `{"sku":"FLAKY-2","quantity":1}`}, {"k", `{"sku":"FLAKY-2","quantity":1}`}, {"k", `{"sku":"FLAKY-2","quantity":1}`}}, []int{503, 503, 200, 200}, 1, 4},
		"GONE-1 is refused each time":                        {[]ask{{"k", `{"sku":"GONE-1","quantity":1}`}, {"k", `{"sku":"GONE-1","quantity":1}`}}, []int{422, 422}, 0, 2},
		"without a key nothing happens":                      {[]ask{{"", order}}, []int{400}, 0, 0},
		"what is no JSON is refused":                         {[]ask{{"k", "order"}}, []int{400}, 0, 0},
		"nothing of something is refused":                    {[]ask{{"k", `{"sku":"BOOK-1","quantity":0}`}}, []int{422}, 0, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			server, book, _ := supplier(t, filepath.Join(t.TempDir(), "book"))
			var first any
			for i, a := range test.asks {
				status, out := post(t, server.URL, a.key, a.body)
				if status != test.statuses[i] {
					t.Fatalf("ask %d: status %d, want %d (%v)", i+1, status, test.statuses[i], out)
				}
				if status == http.StatusOK && a.key == "k" {
					if first == nil {
						first = out["reference"]
					}
					if out["reference"] != first || first == "" {
						t.Errorf("ask %d: reference %v, want %v", i+1, out["reference"], first)
					}
				}
			}
			var got Entry
			if found := book.Effects("k"); len(found) == 1 {
				got = found[0]
			}
			if got.Effects != test.effects || got.Attempts != test.attempts {
				t.Errorf("effects %d, attempts %d; want %d, %d", got.Effects, got.Attempts, test.effects, test.attempts)
			}
		})
	}
}

func TestOneEffectForRequestsAtTheSameTime(t *testing.T) {
	server, book, _ := supplier(t, filepath.Join(t.TempDir(), "book"))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if status, _ := post(t, server.URL, "k", `{"sku":"BOOK-1","quantity":1}`); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	all.Wait()
	if got := book.Effects("k")[0]; got.Effects != 1 || got.Attempts != 20 {
		t.Errorf("effects %d, attempts %d; want 1, 20", got.Effects, got.Attempts)
	}
}

func TestSlowProductsTakeTheirTime(t *testing.T) {
	server, _, waits := supplier(t, filepath.Join(t.TempDir(), "book"))
	post(t, server.URL, "a", `{"sku":"SLOW-20","quantity":1}`)
	post(t, server.URL, "b", `{"sku":"BOOK-1","quantity":1}`)
	post(t, server.URL, "a", `{"sku":"SLOW-20","quantity":1}`) // taken before: nothing to wait for
	if got, want := *waits, []time.Duration{20 * time.Second, ordinaryDelay / 2}; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("waited %v, want %v", got, want)
	}
}

func TestBookOutlivesItsProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	server, _, _ := supplier(t, path)
	post(t, server.URL, "k", `{"sku":"FLAKY-1","quantity":1}`)
	_, first := post(t, server.URL, "k", `{"sku":"FLAKY-1","quantity":1}`)

	// As a kill leaves it: nothing was closed, and a line was being written.
	half, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := half.WriteString(`{"event":"effect","key":"lo`); err != nil {
		t.Fatal(err)
	}
	_ = half.Close()

	again, book, _ := supplier(t, path)
	_, second := post(t, again.URL, "k", `{"sku":"FLAKY-1","quantity":1}`)
	if first["reference"] != second["reference"] || first["reference"] == nil {
		t.Errorf("reference %v became %v", first["reference"], second["reference"])
	}
	if got := book.Effects(""); len(got) != 1 || got[0].Effects != 1 || got[0].Attempts != 3 {
		t.Errorf("the book holds %+v", got)
	}
}

func TestBookWithAForeignLineIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "book")
	if err := os.WriteFile(path, []byte("what?\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenBook(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s", err, path)
	}
}

func TestNothingIsTakenThatCannotBeWritten(t *testing.T) {
	server, book, _ := supplier(t, filepath.Join(t.TempDir(), "book"))
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := post(t, server.URL, "k", `{"sku":"BOOK-1","quantity":1}`); status != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", status)
	}
	res, err := http.Get(server.URL + "/health")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("health %d, want 503", res.StatusCode)
	}
}
