package monitor

import "sync"

// snapshot is one page in every form in which it is sent, made once however many look at it.
type snapshot struct {
	id   uint64
	page *Page
	json []byte
	html []byte // the live part of the page
}

// hub hands the newest snapshot to everybody who watches. A subscriber that is slow misses snapshots and gets the newest
// when it comes back: publish never waits for anybody.
type hub struct {
	mu     sync.Mutex
	latest *snapshot
	subs   map[chan *snapshot]struct{}
}

func newHub() *hub { return &hub{subs: map[chan *snapshot]struct{}{}} }

// publish makes s the newest snapshot.
func (h *hub) publish(s *snapshot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.latest = s
	for ch := range h.subs {
		offer(ch, s)
	}
}

// offer puts s into a channel of capacity one, in place of what lies there. Only the holder of the lock sends, so the
// second send finds room.
func offer(ch chan *snapshot, s *snapshot) {
	select {
	case ch <- s:
		return
	default:
	}
	select {
	case <-ch:
	default:
	}
	ch <- s
}

// subscribe returns a channel that holds the newest snapshot at once, if there is one. leave ends it.
func (h *hub) subscribe() (snapshots <-chan *snapshot, leave func()) {
	ch := make(chan *snapshot, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs[ch] = struct{}{}
	if h.latest != nil {
		ch <- h.latest
	}
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subs, ch)
	}
}

// newest is the last snapshot, nil before the first.
func (h *hub) newest() *snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latest
}

func (h *hub) watchers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subs)
}
