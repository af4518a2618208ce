//go:build integration || look

package monitor

import (
	"context"
	"net"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/hashicorp/go-hclog"
)

// openBrowser starts headless Chromium, or skips the test where there is none.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	const path = "/usr/bin/chromium"
	if _, err := os.Stat(path); err != nil {
		t.Skip("no chromium here")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(60*time.Second))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, done := chromedp.NewContext(ctx)
	t.Cleanup(done)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}

func emulate(width int64, dark bool) chromedp.Action[chromedp.Void] {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return chromedp.Steps(chromedp.EmulateViewport(width, 800), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
}

func visible(css string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS(css))
}

func click(css string) chromedp.Action[chromedp.Void] { return chromedp.Click(chromedp.CSS(css)) }

func do(f func()) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(context.Context, *chromedp.Target) error { f(); return nil })
}

// testSite is a monitor whose pages the test gives, on an address that it keeps when it is stopped and started again.
type testSite struct {
	t    *testing.T
	m    *Monitor
	addr string
	url  string
	srv  *httptest.Server
	prev *Page
	id   uint64
}

func serve(t *testing.T) *testSite {
	t.Helper()
	m, err := New(testConfig(), nil, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	s := &testSite{t: t, m: m, addr: "127.0.0.1:0"}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *testSite) start() {
	s.t.Helper()
	ln, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = ln.Addr().String()
	s.srv = httptest.NewUnstartedServer(s.m.Handler())
	s.srv.Listener.Close()
	s.srv.Listener = ln
	s.srv.Start()
	s.url = "http://" + s.addr + "/monitor"
}

func (s *testSite) stop() {
	if s.srv != nil {
		s.srv.CloseClientConnections()
		s.srv.Close()
		s.srv = nil
	}
}

func (s *testSite) show(sample Sample, now time.Time) {
	d := decide(Identity{"appstack", "default"}, s.prev, sample, now)
	s.id++
	s.m.act(s.id, d)
	s.prev = d.Page
}

// shift moves the fixture's moment to now, so that the page counts small durations.
func shift(s Sample, now time.Time) Sample {
	by := now.Sub(t0)
	s.Time = now
	for i := range s.Tiers {
		for k := range s.Tiers[i].Instances {
			in := &s.Tiers[i].Instances[k]
			in.Since = in.Since.Add(by)
		}
	}
	for _, j := range s.Observation.Jobs {
		for _, p := range j.Progress {
			p.Since = p.Since.Add(by)
			for n := range p.Conditions {
				p.Conditions[n].Since = p.Conditions[n].Since.Add(by)
			}
		}
	}
	return s
}

// TestBrowser goes through the page as a reader does.
func TestBrowser(t *testing.T) {
	tab := openBrowser(t)
	ctx, cancel := context.WithTimeout(tab, 90*time.Second)
	defer cancel()
	var complaints atomic.Int32
	watching := make(chan struct{})
	entries := chromedp.Events(ctx, log.EntryAdded)
	go func() {
		defer close(watching)
		for e, err := range entries {
			if err != nil {
				return
			}
			t.Logf("browser: %s: %s", e.Entry.Source, e.Entry.Text)
			if src := string(e.Entry.Source); src == "security" || src == "javascript" {
				complaints.Add(1)
			}
		}
	}()
	site := serve(t)
	show := func(s Sample) chromedp.Action[chromedp.Void] {
		return do(func() {
			now := time.Now().UTC()
			site.show(shift(s, now), now)
		})
	}
	step := func(what string, acts ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, acts...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	expect := func(what, js string) {
		t.Helper()
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](js)); err != nil || !ok {
			t.Errorf("%s: not so (%s, %v)", what, js, err)
		}
	}

	step("load", show(healthySample()), emulate(400, false), chromedp.Navigate(site.url), visible(`#line[data-line="live"]`))
	expect("the title says how it is", `document.title === "All 9 tiers healthy · appstack"`)
	expect("at 400 px nothing scrolls sideways", `document.documentElement.scrollWidth <= 400`)

	step("a live change", show(failedSample()), visible(`#banner[data-level="bad"]`))
	expect("the title follows", `document.title === "backend failed · appstack"`)
	expect("so does the icon", `document.querySelector("link[rel=icon]").getAttribute("href").startsWith("/monitor/assets/icon-bad.svg")`)
	expect("still nothing scrolls sideways", `document.documentElement.scrollWidth <= 400`)

	step("a tier is opened by its reader", click(`#t-appstack-data-postgres > summary`), show(waitingSample()),
		visible(`#banner[data-level="busy"]`), show(healthySample()), visible(`#banner[data-level="ok"]`))
	expect("an update leaves it as the reader wanted", `!document.getElementById("t-appstack-data-redis").open && document.getElementById("t-appstack-data-postgres").open`)

	step("the line is lost", do(site.stop), visible(`#line[data-line="lost"]`))
	expect("the page greys", `document.documentElement.hasAttribute("data-lost")`)
	step("and comes back with the newest state", show(waitingSample()), do(site.start), visible(`#line[data-line="live"]`), visible(`#banner[data-level="busy"]`))
	expect("the page is live again", `!document.documentElement.hasAttribute("data-lost") && document.querySelector("#t-appstack-app-celery-worker .pill").textContent === "waiting"`)

	step("hostile text", show(hostileSample()), visible(`#banner[data-level="bad"]`))
	expect("it stays text", `!document.querySelector("#board script, #board img, [onmouseover], [onerror]")`)
	cancel()
	<-watching
	if n := complaints.Load(); n > 0 {
		t.Errorf("the browser complained %d times", n)
	}
}
