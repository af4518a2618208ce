package monitor

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Handler serves the page, its stream, its JSON and its files. Only reading methods exist.
func (m *Monitor) Handler() http.Handler {
	base := m.cfg.BasePath
	mux := http.NewServeMux()
	if base != "" {
		mux.HandleFunc("GET "+base, m.page)
		mux.Handle("GET /{$}", http.RedirectHandler(base, http.StatusFound))
	}
	mux.HandleFunc("GET "+base+"/{$}", m.page)
	mux.HandleFunc("GET "+base+"/events", m.events)
	mux.HandleFunc("GET "+base+"/api/tiers", m.tiers)
	mux.HandleFunc("GET "+base+"/assets/{name}", m.asset)
	return secure(mux)
}

// secure sets the headers that every answer has. The page needs nothing but its own files.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; object-src 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (m *Monitor) page(w http.ResponseWriter, r *http.Request) {
	var s *snapshot
	if s = m.hub.newest(); s == nil {
		empty, err := m.empty()
		if err != nil {
			m.fail(w, "render the page", err)
			return
		}
		s = empty
	}
	out, err := m.view.whole(s)
	if err != nil {
		m.fail(w, "render the page", err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out)
}

// empty is the page before the first read has ended.
func (m *Monitor) empty() (*snapshot, error) {
	p := &Page{Release: m.cfg.Release, Namespace: m.cfg.Namespace, Banner: Banner{Level: LevelBusy, Title: "Looking at the cluster …"}}
	html, err := m.view.board(p)
	if err != nil {
		return nil, err
	}
	return &snapshot{page: p, html: html}, nil
}

// tiers is the page as JSON, 503 before the first read has ended.
func (m *Monitor) tiers(w http.ResponseWriter, r *http.Request) {
	s := m.hub.newest()
	if s == nil {
		http.Error(w, "the cluster has not been read yet: try again in a second", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"`+strconv.FormatUint(s.id, 10)+`"`)
	_, _ = w.Write(append(bytes.Clone(s.json), '\n'))
}

// asset serves an embedded file. Its address holds a hash of all of them, so a browser may keep it.
func (m *Monitor) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	data, err := fs.ReadFile(files, "assets/"+name)
	if err != nil || strings.HasSuffix(name, ".tmpl") {
		http.NotFound(w, r)
		return
	}
	if r.URL.Query().Get("v") == m.view.version {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(data))
}

func (m *Monitor) fail(w http.ResponseWriter, doing string, err error) {
	m.log.Error(doing, "error", err)
	http.Error(w, fmt.Sprintf("the monitor could not %s; its log says why", doing), http.StatusInternalServerError)
}
