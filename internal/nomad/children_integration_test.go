//go:build integration

package nomad

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/realtest"
	"github.com/packctl/packctl/internal/status"
)

// counted passes requests on to an agent and counts them.
type counted struct {
	next http.Handler

	mu               sync.Mutex
	all, open, limit int
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.all++
	c.open++
	c.limit = max(c.limit, c.open)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.open--
		c.mu.Unlock()
	}()
	c.next.ServeHTTP(w, r)
}

func (c *counted) count() (all, limit int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all, c.limit
}

func TestTheChildrenOfARealPeriodicJob(t *testing.T) {
	s := realtest.Nomad(t, nil)
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1}
	count := &counted{next: proxy}
	front := httptest.NewServer(count)
	defer front.Close()
	c, err := New(Config{Address: front.URL})
	if err != nil {
		t.Fatal(err)
	}
	direct, err := api.NewClient(&api.Config{Address: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	job := sleeper("cron").AddPeriodicConfig(&api.PeriodicConfig{Specs: []string{"*/2 * * * * * *"}})
	kind := api.JobTypeBatch
	job.Type, job.Meta = &kind, map[string]string{MetaRelease: "r"}
	job.TaskGroups[0].Tasks[0].SetConfig("args", []string{"0.5"})
	if _, _, err := direct.Jobs().Register(job, nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out := c.Observe(ctx, []string{"cron"})
	members := c.Follow(ctx, "r")
	defer func() {
		cancel()
		for range out {
		}
		for range members {
		}
	}()
	go func() {
		for m := range members {
			if m.Err != nil || len(m.IDs) != 1 {
				t.Errorf("members %+v", m)
			}
		}
	}()

	ended := func(kids []status.Child) (n int) {
		for _, k := range kids {
			if k.Dead {
				n++
			}
		}
		return n
	}
	began, before := time.Time{}, 0
	first := 0
	for f := range out {
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		kids := f.Jobs[0].Children
		for i, k := range kids {
			if k.Launched.IsZero() || (i > 0 && !k.Launched.Before(kids[i-1].Launched)) {
				t.Fatalf("children are not told newest first: %+v", kids)
			}
		}
		if n := ended(kids); n > 0 && began.IsZero() {
			began, first = time.Now(), n
			before, _ = count.count()
		} else if n >= first+4 {
			break
		}
	}
	if ctx.Err() != nil {
		t.Fatal("no four runs within a minute")
	}
	all, limit := count.count()
	t.Logf("%d requests in %s for 4 runs, at most %d at once", all-before, time.Since(began).Round(100*time.Millisecond), limit)
	if each := (all - before) / 4; each > 20 {
		t.Errorf("%d requests for each run", each)
	}
	if limit > 6 {
		t.Errorf("%d requests at once", limit)
	}

	job.Periodic.Specs = []string{"0 3 * * *"} // no more of them
	if _, _, err := direct.Jobs().Register(job, nil); err != nil {
		t.Fatal(err)
	}
	var newest string
	for f := range out { // until it is quiet
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		if kids := f.Jobs[0].Children; *f.Jobs[0].Job.Version == 1 && ended(kids) == len(kids) {
			newest = kids[0].ID
			break
		}
	}
	if err := direct.System().GarbageCollect(); err != nil {
		t.Fatal(err)
	}
	for f := range out {
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		if kids := f.Jobs[0].Children; kids[0].Gone {
			if kids[0].ID != newest || len(kids) != keptChildren || len(kids[0].Allocs) != 1 {
				t.Errorf("what is kept is not the newest: %+v", kids)
			}
			return
		}
	}
	t.Fatal("nothing was told of the collection")
}
