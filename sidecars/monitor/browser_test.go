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

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
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
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}

func emulate(width int64, dark bool) []chromedp.Action {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return []chromedp.Action{
		chromedp.EmulateViewport(width, 800),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
	}
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

func (s *testSite) stopServing() chromedp.Action {
	return chromedp.ActionFunc(func(context.Context) error { s.stop(); return nil })
}

func (s *testSite) startServing() chromedp.Action {
	return chromedp.ActionFunc(func(context.Context) error { s.start(); return nil })
}

func (s *testSite) show(sample Sample, now time.Time) {
	d := decide(Identity{"appstack", "default"}, s.prev, sample, now)
	s.id++
	s.m.act(s.id, d)
	s.m.lastOK.Store(now.Unix())
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
	ctx, cancel := context.WithTimeout(openBrowser(t), 90*time.Second)
	defer cancel()
	var complaints atomic.Int32
	chromedp.ListenTarget(ctx, func(ev any) {
		switch e := ev.(type) {
		case *runtime.EventExceptionThrown:
			complaints.Add(1)
			t.Logf("exception: %s", e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.Source == log.SourceSecurity || e.Entry.Source == log.SourceJavascript {
				complaints.Add(1)
			}
			t.Logf("browser: %s %s", e.Entry.Source, e.Entry.Text)
		}
	})
	site := serve(t)
	now := time.Now().UTC()
	site.show(shift(healthySample(), now), now)

	var title, icon, worker string
	var open, tall, pwned bool
	step := func(what string, acts ...chromedp.Action) {
		t.Helper()
		if err := chromedp.Run(ctx, acts...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	change := func(s Sample) chromedp.Action {
		return chromedp.ActionFunc(func(context.Context) error {
			now := time.Now().UTC()
			site.show(shift(s, now), now)
			return nil
		})
	}
	step("load", append(emulate(400, false), log.Enable(), chromedp.Navigate(site.url), chromedp.WaitVisible(`#line[data-line="live"]`),
		chromedp.Title(&title), chromedp.Evaluate(`document.documentElement.scrollWidth <= 400`, &tall))...)
	if title != "All 9 tiers healthy · appstack" {
		t.Errorf("title is %q", title)
	}
	if !tall {
		t.Error("at 400 px the page scrolls sideways")
	}
	step("a live change", change(failedSample()), chromedp.WaitVisible(`#banner[data-level="bad"]`), chromedp.Title(&title),
		chromedp.AttributeValue(`link[rel=icon]`, "href", &icon, nil))
	if title != "backend failed · appstack" {
		t.Errorf("title is %q", title)
	}
	if want := "/monitor/assets/icon-bad.svg"; len(icon) < len(want) || icon[:len(want)] != want {
		t.Errorf("icon is %q", icon)
	}
	step("what the reader opened stays open", chromedp.Click(`#t-appstack-data-postgres > summary`), change(waitingSample()),
		chromedp.WaitVisible(`#banner[data-level="busy"]`), change(healthySample()), chromedp.WaitVisible(`#banner[data-level="ok"]`),
		chromedp.Evaluate(`document.getElementById("t-appstack-data-postgres").open`, &open))
	if !open {
		t.Error("an update closed the tier that the reader had opened")
	}
	step("the line is lost", site.stopServing(), chromedp.WaitVisible(`#line[data-line="lost"]`), chromedp.Title(&title))
	step("and comes back with the newest state", change(waitingSample()), site.startServing(), chromedp.WaitVisible(`#line[data-line="live"]`),
		chromedp.WaitVisible(`#banner[data-level="busy"]`), chromedp.Text(`#t-appstack-app-celery-worker .pill`, &worker))
	if worker != "waiting" {
		t.Errorf("the worker's state is %q", worker)
	}
	if n := complaints.Load(); n > 0 {
		t.Errorf("the browser complained %d times", n)
	}
	step("hostile text stays text", change(hostileSample()), chromedp.WaitVisible(`#banner[data-level="bad"]`),
		chromedp.Evaluate(`!!document.querySelector("#board script, #board img, [onmouseover]")`, &pwned))
	if pwned {
		t.Error("text from the cluster became an element of the page")
	}
}
