package main

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"
)

const maxBody = 64 << 10

// api answers: POST /orders, GET /products, GET /effects, GET /health.
type api struct {
	log   *slog.Logger
	book  *Book
	share func() float64                              // of ordinaryDelay, in [0, 1)
	wait  func(r *http.Request, d time.Duration) bool // false when the client went away first
}

func newAPI(log *slog.Logger, book *Book) *api {
	return &api{log: log, book: book, share: rand.Float64, wait: wait}
}

func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", a.order)
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"data": catalogue()})
	})
	mux.HandleFunc("GET /effects", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, map[string]any{"data": a.book.Effects(r.URL.Query().Get("key"))})
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		if err := a.book.Healthy(); err != nil {
			problem(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	return mux
}

// order takes an order. The attempt is counted before anything else, the effect comes after the delay and right before the
// answer: a client that gave up in between has an attempt without an effect, and one that was cut off from its answer asks
// again and gets the same.
func (a *api) order(w http.ResponseWriter, r *http.Request) {
	var in struct {
		SKU      string `json:"sku"`
		Quantity int    `json:"quantity"`
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" || len(key) > 200 {
		problem(w, http.StatusBadRequest, "the header Idempotency-Key is missing or too long")
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
		problem(w, http.StatusBadRequest, "the body is not an order: "+err.Error())
		return
	}
	if in.SKU == "" || in.Quantity < 1 {
		problem(w, http.StatusUnprocessableEntity, "an order needs a sku, and a quantity of at least 1")
		return
	}
	entry, err := a.book.Attempt(key, in.SKU, in.Quantity)
	switch {
	case errors.Is(err, ErrOtherOrder):
		problem(w, http.StatusUnprocessableEntity, err.Error())
		return
	case err != nil:
		a.failed(w, key, err)
		return
	}

	log := a.log.With("key", key, "sku", in.SKU, "attempt", entry.Attempts)
	act := behaviourOf(in.SKU, a.share())
	switch {
	case entry.Effects > 0:
		log.Info("asked again; the answer is the same")
	case act.refused:
		log.Info("refused")
		problem(w, http.StatusUnprocessableEntity, in.SKU+" is no longer made")
		return
	case entry.Attempts <= act.failures:
		log.Info("failing on purpose")
		problem(w, http.StatusServiceUnavailable, "try again later")
		return
	case !a.wait(r, act.delay):
		log.Info("the client went away")
		return
	}
	entry, err = a.book.Take(key)
	if err != nil {
		a.failed(w, key, err)
		return
	}
	log.Info("taken", "reference", entry.Reference)
	answer(w, http.StatusOK, map[string]any{"reference": entry.Reference, "key": entry.Key, "sku": entry.SKU, "quantity": entry.Quantity})
}

func (a *api) failed(w http.ResponseWriter, key string, err error) {
	a.log.Error("order not taken", "key", key, "error", err.Error())
	problem(w, http.StatusInternalServerError, "the order could not be written down")
}

func problem(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"message": message})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error here means that the client went away.
	_ = json.NewEncoder(w).Encode(body)
}
