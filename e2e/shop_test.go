//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	consul "github.com/hashicorp/consul/api"
)

// shop is a client of enstore's API at the front door.
type shop struct {
	base string
	http *http.Client
}

func newShop(port string) *shop {
	return &shop{base: "http://127.0.0.1:" + port, http: &http.Client{Timeout: 10 * time.Second}}
}

// answerError is an answer that is not 2xx.
type answerError struct {
	request string
	code    int
	body    string
}

func (e *answerError) Error() string { return fmt.Sprintf("%s: %d: %.300s", e.request, e.code, e.body) }

// send is one request; the answer's status and body come back whatever they are.
func (s *shop) send(method, path, key string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = strings.NewReader(string(b))
	}
	req, err := http.NewRequest(method, s.base+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err
	}
	if resp.StatusCode/100 != 2 {
		return resp.StatusCode, &answerError{method + " " + path, resp.StatusCode, string(b)}
	}
	if out == nil {
		return resp.StatusCode, nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return resp.StatusCode, fmt.Errorf("%s %s: %w in %.300s", method, path, err, b)
	}
	return resp.StatusCode, nil
}

func (s *shop) get(path string, out any) error {
	_, err := s.send("GET", path, "", nil, out)
	return err
}

// shopOrder is what the API tells of an order.
type shopOrder struct {
	ID       string `json:"id"`
	SKU      string `json:"sku"`
	Status   string `json:"status"`
	Attempts int    `json:"attempts"`
}

func (s *shop) order(t *testing.T, sku, key string) shopOrder {
	t.Helper()
	var got struct{ Data shopOrder }
	if _, err := s.send("POST", "/api/orders", key, map[string]any{"sku": sku, "quantity": 1}, &got); err != nil {
		t.Fatalf("order %s: %v", sku, err)
	}
	return got.Data
}

// completed awaits the end of an order.
func (s *shop) completed(t *testing.T, id string, limit time.Duration) shopOrder {
	t.Helper()
	var got struct{ Data shopOrder }
	await(t, "the end of order "+id, limit, func() error {
		if err := s.get("/api/orders/"+id, &got); err != nil {
			return err
		}
		if got.Data.Status == "pending" {
			return fmt.Errorf("it is %s after %d attempts", got.Data.Status, got.Data.Attempts)
		}
		return nil
	})
	if got.Data.Status != "completed" {
		t.Errorf("order %s ended as %s", id, got.Data.Status)
	}
	return got.Data
}

// notifications counts what was notified of an order.
func (s *shop) notifications(id string) (int, error) {
	var got struct{ Data []json.RawMessage }
	err := s.get("/api/notifications?order_id="+id, &got)
	return len(got.Data), err
}

// shopStats are the application's own counts.
type shopStats struct {
	Orders        map[string]int `json:"orders"`
	Notifications int            `json:"notifications"`
	Redeliveries  int            `json:"redeliveries"`
}

func (s *shop) stats(t *testing.T) shopStats {
	t.Helper()
	var got shopStats
	if err := s.get("/api/stats", &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// effect is what the supplier did for one order.
type effect struct {
	Key      string `json:"key"`
	Attempts int    `json:"attempts"`
	Effects  int    `json:"effects"`
}

// effects asks the supplier itself, at the address that Consul has, for what it did, by order.
func effects(t *testing.T, release string) map[string]effect {
	t.Helper()
	client, err := consul.NewClient(consul.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	var all []effect
	await(t, "the supplier's answer", time.Minute, func() error {
		entries, _, err := client.Health().Service(release+"-supplier", "", true, nil)
		if err != nil {
			return err
		}
		if len(entries) != 1 {
			return fmt.Errorf("%d suppliers pass their check", len(entries))
		}
		s := &shop{base: fmt.Sprintf("http://%s:%d", entries[0].Service.Address, entries[0].Service.Port), http: http.DefaultClient}
		var got struct{ Data []effect }
		err = s.get("/effects", &got)
		all = got.Data
		return err
	})
	out := map[string]effect{}
	for _, e := range all {
		out[e.Key] = e
	}
	return out
}
