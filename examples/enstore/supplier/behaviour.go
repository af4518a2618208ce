package main

import (
	"strconv"
	"strings"
	"time"
)

// Product is an article of the catalogue.
type Product struct {
	SKU        string `json:"sku"`
	Name       string `json:"name"`
	PriceCents int    `json:"price_cents"`
	Currency   string `json:"currency"`
	Stock      int    `json:"stock"`
}

// behaviour is how the supplier treats orders of a product.
type behaviour struct {
	failures int           // how many first attempts of a key are answered 503
	delay    time.Duration // how long an answer takes
	refused  bool          // 422, for ever
}

// ordinaryDelay is the most that an answer about an ordinary product takes.
const ordinaryDelay = 80 * time.Millisecond

// behaviourOf reads a SKU: FLAKY-n fails the first n attempts of a key, SLOW-n answers after n seconds (at most a minute), GONE-…
// is refused. Any other is ordinary: share, in [0, 1), says how much of ordinaryDelay it takes.
func behaviourOf(sku string, share float64) behaviour {
	kind, rest, _ := strings.Cut(sku, "-")
	n, err := strconv.Atoi(rest)
	switch {
	case kind == "GONE":
		return behaviour{refused: true}
	case kind == "FLAKY" && err == nil && n > 0:
		return behaviour{failures: n}
	case kind == "SLOW" && err == nil && n > 0:
		return behaviour{delay: time.Duration(min(n, 60)) * time.Second}
	}
	return behaviour{delay: time.Duration(share * float64(ordinaryDelay))}
}

// catalogue is what GET /products lists.
func catalogue() []Product {
	products := []Product{
		{"FLAKY-1", "A lamp that needs two tries", 1990, "EUR", 100},
		{"FLAKY-2", "A lamp that needs three tries", 2490, "EUR", 100},
		{"FLAKY-3", "A lamp that needs four tries", 2990, "EUR", 100},
		{"GONE-1", "A vase that is no longer made", 990, "EUR", 0},
		{"SLOW-2", "A stool that takes its time", 4900, "EUR", 100},
		{"SLOW-5", "A chair that takes its time", 7900, "EUR", 100},
		{"SLOW-20", "A table that takes its time", 19900, "EUR", 100},
	}
	for i := 1; i <= 20; i++ {
		products = append(products, Product{"BOOK-" + strconv.Itoa(i), "Collected stories, volume " + strconv.Itoa(i), 1190 + 100*i, "EUR", 100})
	}
	return products
}
