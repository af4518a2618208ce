package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"sync"
)

// Entry is what the supplier knows about a key.
type Entry struct {
	Key       string `json:"key"`
	SKU       string `json:"sku"`
	Quantity  int    `json:"quantity"`
	Attempts  int    `json:"attempts"`            // how often it was asked
	Effects   int    `json:"effects"`             // how often it acted; more than 1 would be a fault
	Reference string `json:"reference,omitempty"` // its own number for the order, once it acted
}

// line is one thing that happened, as it stands in the file.
type line struct {
	Event     string `json:"event"` // "attempt" or "effect"
	Key       string `json:"key"`
	SKU       string `json:"sku,omitempty"`
	Quantity  int    `json:"quantity,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// ErrOtherOrder says that a key came with another order than the first time.
var ErrOtherOrder = errors.New("this key belongs to another order")

// Book is the order book: a file to which one line is appended and synced for each thing that happens. Reading it from the
// beginning gives the state; a last line that a crash cut off had not been answered yet, and is dropped.
type Book struct {
	mu      sync.Mutex
	file    *os.File
	entries map[string]*Entry
	effects int
	broken  error // the first failed write: after it nobody knows what the file holds
}

// OpenBook reads the book at path, or begins one.
func OpenBook(path string) (*Book, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	b := &Book{file: file, entries: map[string]*Entry{}}
	if err := b.load(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return b, nil
}

func (b *Book) load() error {
	whole := int64(0)
	for reader := bufio.NewReader(b.file); ; {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		var l line
		if err := json.Unmarshal(bytes.TrimSpace(text), &l); err != nil {
			return fmt.Errorf("%s: the line at byte %d: %w", b.file.Name(), whole, err)
		}
		b.apply(l)
		whole += int64(len(text))
	}
	if err := b.file.Truncate(whole); err != nil {
		return fmt.Errorf("drop a line that was cut off: %w", err)
	}
	if _, err := b.file.Seek(whole, io.SeekStart); err != nil {
		return fmt.Errorf("go to the end: %w", err)
	}
	return nil
}

func (b *Book) apply(l line) {
	e := b.entries[l.Key]
	if e == nil {
		e = &Entry{Key: l.Key, SKU: l.SKU, Quantity: l.Quantity}
		b.entries[l.Key] = e
	}
	switch l.Event {
	case "attempt":
		e.Attempts++
	case "effect":
		e.Effects++
		e.Reference = l.Reference
		b.effects++
	}
}

// write makes something that happened last, then true. The caller holds the lock.
func (b *Book) write(l line) error {
	if b.broken != nil {
		return b.broken
	}
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if _, err = b.file.Write(append(text, '\n')); err == nil {
		err = b.file.Sync()
	}
	if err != nil {
		b.broken = fmt.Errorf("write the order book: %w", err)
		return b.broken
	}
	b.apply(l)
	return nil
}

// Attempt notes that a key was asked for and returns what is known of it then.
func (b *Book) Attempt(key, sku string, quantity int) (Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.entries[key]; e != nil && (e.SKU != sku || e.Quantity != quantity) {
		return *e, ErrOtherOrder
	}
	if err := b.write(line{Event: "attempt", Key: key, SKU: sku, Quantity: quantity}); err != nil {
		return Entry{}, err
	}
	return *b.entries[key], nil
}

// Take acts on an attempted key, unless that was done before, also by a request at the same time.
func (b *Book) Take(key string) (Entry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entries[key]
	if e == nil {
		return Entry{}, fmt.Errorf("nobody asked for key %s", key)
	}
	if e.Effects == 0 {
		if err := b.write(line{Event: "effect", Key: key, Reference: fmt.Sprintf("S-%06d", b.effects+1)}); err != nil {
			return Entry{}, err
		}
	}
	return *e, nil
}

// Effects returns what is known of a key, or of all of them, by key.
func (b *Book) Effects(key string) []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []Entry{}
	for k, e := range b.entries {
		if key == "" || key == k {
			found = append(found, *e)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Key < found[j].Key })
	return found
}

// Healthy returns why the book can take nothing more, if so.
func (b *Book) Healthy() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broken
}

// Close ends the book.
func (b *Book) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken == nil {
		b.broken = errors.New("the order book is closed")
	}
	return b.file.Close()
}
