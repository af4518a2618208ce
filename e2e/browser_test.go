//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// checkBrowser does in headless Chromium what a user does: log in, upload a file, have it processed, and see the result
// appear without a reload.
func checkBrowser(t *testing.T, base, password string) {
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.IgnoreCertErrors, chromedp.WindowSize(1280, 900),
		// Chromium calls home by itself; a machine without a way out would log each of these calls as an error.
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.UserDataDir(t.TempDir()),
	)
	parent, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	alloc, cancel := chromedp.NewExecAllocator(parent, opts...)
	defer cancel()
	browser, cancel := chromedp.NewContext(alloc)
	defer cancel()

	file := filepath.Join(t.TempDir(), "browser.txt")
	writeFile(t, file, "six words are in this file\n")
	const row = `//tr[@data-kind="process-file"][@data-state="done"][contains(., "browser.txt")]`
	if err := chromedp.Do(browser, chromedp.Navigate(base+"/")); err != nil {
		t.Fatalf("open the front door in the browser: %v", err)
	}
	ctx, cancel := context.WithTimeout(browser, 2*time.Minute)
	defer cancel()
	err := chromedp.Do(ctx,
		chromedp.WaitVisible("#username"),
		chromedp.SendKeys("#username", "demo"),
		chromedp.SendKeys("#password", password),
		chromedp.Click("#login"),
		chromedp.WaitVisible("#uploads"),
		chromedp.SetUploadFiles("#file", []string{file}),
		chromedp.Click("#upload"),
		chromedp.WaitVisible(`//section[@id="uploads"]//li[contains(., "browser.txt")]`),
		chromedp.Click(`//section[@id="uploads"]//li[contains(., "browser.txt")]//button[contains(@class, "process")]`),
		chromedp.WaitVisible(row),
	)
	if err != nil {
		screenshot(t, browser)
		t.Fatalf("in the browser: %v", err)
	}
	if result, err := chromedp.Run(ctx, chromedp.Text(row)); err != nil || !strings.Contains(result, "6 words") {
		t.Errorf("the page shows %q (%v), want 6 words", result, err)
	}

	err = chromedp.Do(ctx,
		chromedp.Navigate(base+"/monitor"),
		chromedp.WaitVisible(`//main//h2[contains(., "All 9 tiers healthy")]`),
	)
	if err != nil {
		screenshot(t, browser)
		t.Fatalf("the monitor in the browser: %v", err)
	}
	tiers, err := chromedp.Run(ctx, chromedp.Text("body"))
	if err != nil {
		t.Fatalf("read the monitor's page: %v", err)
	}
	for _, groups := range stackTiers {
		for _, tier := range groups {
			if !strings.Contains(tiers, tier) {
				t.Errorf("the monitor's page does not show %s", tier)
			}
		}
	}
}

// screenshot keeps what the browser showed when a step failed.
func screenshot(t *testing.T, browser context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(browser), 10*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Logf("no screenshot: %v", err)
		return
	}
	path := filepath.Join(os.TempDir(), "packctl-e2e-browser.png")
	if err := os.WriteFile(path, png, 0o600); err != nil {
		t.Logf("no screenshot: %v", err)
		return
	}
	t.Logf("what it showed: %s", path)
}
