package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// events streams snapshots: one at once, then one after every change, with heartbeats between. With ?format=html the
// data is the live part of the page, else the page as JSON. A browser that comes back gets the whole newest snapshot, so
// nothing is replayed.
func (m *Monitor) events(w http.ResponseWriter, r *http.Request) {
	html := false
	switch f := r.URL.Query().Get("format"); f {
	case "", "json":
	case "html":
		html = true
	default:
		http.Error(w, fmt.Sprintf("format %q is not known: use json or html", f), http.StatusBadRequest)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	out := &stream{w: w, rc: http.NewResponseController(w)}
	snapshots, leave := m.hub.subscribe()
	defer leave()

	// The heartbeat at the start sends the headers and tells the page at once that the line works.
	err := errors.Join(out.retry(2*time.Second), m.beat(out))
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for err == nil {
		select {
		case <-r.Context().Done():
			return
		case s := <-snapshots:
			data := s.json
			if html {
				data = s.html
			}
			err = out.send("snapshot", strconv.FormatUint(s.id, 10), data)
		case <-ticker.C:
			err = m.beat(out)
		}
	}
	m.log.Debug("a watcher left", "remote", r.RemoteAddr, "error", err)
}

// beat lets the other side see that the line is alive, and set its clock.
func (m *Monitor) beat(out *stream) error {
	data, err := json.Marshal(map[string]time.Time{"now": time.Now().UTC()})
	if err != nil {
		return fmt.Errorf("write a heartbeat: %w", err)
	}
	return out.send("heartbeat", "", data)
}

// stream writes server-sent events, each with a deadline of its own: who does not read is dropped.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (s *stream) retry(d time.Duration) error {
	return s.flush(fmt.Appendf(nil, "retry: %d\n\n", d.Milliseconds()))
}

func (s *stream) send(event, id string, data []byte) error {
	var b bytes.Buffer
	if id != "" {
		fmt.Fprintf(&b, "id: %s\n", id)
	}
	fmt.Fprintf(&b, "event: %s\n", event)
	// A carriage return would end a line of the event stream too.
	data = bytes.ReplaceAll(data, []byte("\r"), nil)
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return s.flush(b.Bytes())
}

func (s *stream) flush(b []byte) error {
	if err := s.rc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("set a write deadline: %w", err)
	}
	if _, err := s.w.Write(b); err != nil {
		return fmt.Errorf("write to a watcher: %w", err)
	}
	if err := s.rc.Flush(); err != nil {
		return fmt.Errorf("flush to a watcher: %w", err)
	}
	return nil
}
