//go:build e2e

package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestInit runs what init writes, as it is.
func TestInit(t *testing.T) {
	dumpOnFailure(t, "page")
	const port = "28091"
	dir := filepath.Join(t.TempDir(), "page")
	t.Cleanup(func() { packctl(t, "stop", "page") })
	mustPackctl(t, "init", dir)
	mustPackctl(t, "run", dir, "-var", "port="+port)
	url := "http://localhost:" + port + "/"
	if code, body, err := get(http.DefaultClient, url); err != nil || code != http.StatusOK || !strings.Contains(body, "Hello from dev") {
		t.Fatalf("GET %s: %d %q %v", url, code, body, err)
	}
}
