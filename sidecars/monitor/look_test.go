//go:build look

package monitor

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

type step = chromedp.Action[chromedp.Void]

// TestLook takes pictures of the page for somebody to look at:
//
//	LOOK_DIR=/tmp/look go test -tags look -run TestLook ./sidecars/monitor
func TestLook(t *testing.T) {
	dir := os.Getenv("LOOK_DIR")
	if dir == "" {
		t.Skip("LOOK_DIR does not say where to put the pictures")
	}
	ctx := openBrowser(t)
	for name, shot := range map[string]struct {
		first, then Sample
		w           int64
		dark        bool
		do          func(*testSite) []step
	}{
		"healthy-light": {first: waitingSample(), then: healthySample(), w: 1360},
		"healthy-dark":  {first: waitingSample(), then: healthySample(), w: 1360, dark: true},
		"waiting-light": {then: waitingSample(), w: 1360},
		"waiting-dark":  {first: healthySample(), then: waitingSample(), w: 1360, dark: true},
		"failed-light":  {first: healthySample(), then: failedSample(), w: 1360},
		"failed-phone":  {first: healthySample(), then: failedSample(), w: 400},
		"failed-tablet": {first: healthySample(), then: failedSample(), w: 820, dark: true},
		"healthy-phone": {then: healthySample(), w: 400, dark: true},
		"nomad-down":    {first: failedSample(), then: nomadDown(failedSample(), t0), w: 1360},
		"consul-down":   {first: healthySample(), then: consulDown(healthySample()), w: 1360},
		"hostile":       {then: hostileSample(), w: 1000},
		"expanded": {then: healthySample(), w: 1360, do: func(*testSite) []step {
			return []step{click("#expand"), chromedp.Sleep(200 * time.Millisecond)}
		}},
		"periodic": {then: periodicSample(t0, 0, 3, 0), w: 1360, do: func(*testSite) []step {
			return []step{click("#expand"), chromedp.Sleep(200 * time.Millisecond)}
		}},
		"periodic-failed": {then: periodicSample(t0, 3, 0, 0), w: 1000, dark: true},
		"lost": {then: healthySample(), w: 1360, do: func(s *testSite) []step {
			return []step{do(s.stop), visible(`#line[data-line="lost"]`), chromedp.Sleep(3 * time.Second)}
		}},
	} {
		if only := os.Getenv("LOOK_ONLY"); only != "" && only != name {
			continue
		}
		t.Run(name, func(t *testing.T) {
			site := serve(t)
			now := time.Now().UTC()
			if !shot.first.Time.IsZero() {
				site.show(shift(shot.first, now), now.Add(-42*time.Second))
			}
			site.show(shift(shot.then, now), now)
			acts := []step{emulate(shot.w, shot.dark), chromedp.Navigate(site.url), visible(`#line[data-line="live"]`)}
			if shot.do != nil {
				acts = append(acts, shot.do(site)...)
			}
			if err := chromedp.Do(ctx, append(acts, chromedp.Sleep(400*time.Millisecond))...); err != nil {
				t.Fatal(err)
			}
			png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}
