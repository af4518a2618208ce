//go:build e2e

package e2e

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Ports of the production release of enstore, at its front door.
const (
	storeHTTPS   = "39443"
	storeHTTP    = "39081"
	storeFlutter = "35501"
)

// TestEnstoreProduction runs the second stack as production does: two backends, HTTPS with the operator's certificate, both
// web applications behind the front door, no other port, a supplier outside of the stack.
func TestEnstoreProduction(t *testing.T) {
	dumpOnFailure(t, "store")
	c := nomadClient(t)
	args := []string{
		"run", "enstore", "--name", "store", "-var", "env=prod", "-var", "domain=localhost", "-var", "host_network=local",
		"-var", "https_port=" + storeHTTPS, "-var", "http_port=" + storeHTTP, "-var", "flutter_port=" + storeFlutter,
		"-var", `profiles=["frontend", "flutter"]`, "-var", "supplier_url=" + startSupplier(t),
		"-var", "consul_address=${attr.unique.network.ip-address}:" + consulPort, "-var", "mysql_image=packctl/mysql:dev",
		"-var", "redis_image=packctl/redis:dev", "-var", "nginx_image=packctl/nginx:dev",
	}
	if r := packctl(t, args...); r.code == 0 || !strings.Contains(r.stderr, "tls_certificate") {
		t.Fatalf("without the operator's certificate: %s", r)
	}
	putCertificate(t, c, "store-web")
	t.Cleanup(func() {
		if r := packctl(t, "stop", "store"); r.code != 0 {
			t.Error(r)
		}
	})
	mustPackctl(t, args...)
	if n := len(liveAllocs(t, c, "store-app", "backend")); n != 2 {
		t.Errorf("%d backends, want 2", n)
	}

	insecure := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the operator's certificate is the test's own
	client := &http.Client{Timeout: 10 * time.Second, Transport: insecure, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s := &shop{base: "https://127.0.0.1:" + storeHTTPS, http: client}
	o := s.order(t, "FLAKY-2", "")
	if done := s.completed(t, o.ID, time.Minute); done.Attempts != 3 {
		t.Errorf("the order took %d attempts, want 3", done.Attempts)
	}
	for _, w := range []struct{ url, text string }{
		{s.base + "/", "https://localhost:" + storeHTTPS + "/api"},
		{"https://127.0.0.1:" + storeFlutter + "/", "flutter_dir"},
	} {
		awaitPage(t, client, w.url, w.text)
	}
	resp, err := client.Get("http://127.0.0.1:" + storeHTTP + "/api/health")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if want := "https://127.0.0.1:" + storeHTTPS + "/api/health"; resp.StatusCode != http.StatusMovedPermanently || resp.Header.Get("Location") != want {
		t.Errorf("plain HTTP: %s to %q, want a redirect to %q", resp.Status, resp.Header.Get("Location"), want)
	}
	if resp, err = client.Get(s.base + "/api/health"); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error("the front door sends no Strict-Transport-Security")
	}
	for _, port := range []string{"3307", "6379", "8080", "3000", enstorePorts["db"], enstorePorts["redis"]} {
		if conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second); err == nil {
			_ = conn.Close()
			t.Errorf("production listens on %s", port)
		}
	}
}

// startSupplier runs the supplier's stand-in outside of Nomad, on the bridge that containers reach, until the test ends.
func startSupplier(t *testing.T) string {
	t.Helper()
	host := bridgeAddress(t)
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("bin/enstore-supplier")
	cmd.Env = append(os.Environ(), "HOST="+host, "PORT="+port, "DATA_DIR="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the supplier: %v (make build does the set-up)", err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the supplier ended with %v", err)
		}
	})
	url := "http://" + net.JoinHostPort(host, port)
	await(t, "the supplier", 10*time.Second, func() error {
		code, body, err := get(http.DefaultClient, url+"/health")
		if err == nil && (code != http.StatusOK || !json.Valid([]byte(body))) {
			err = fmt.Errorf("%d %s", code, body)
		}
		return err
	})
	return url
}
