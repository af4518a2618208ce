//go:build e2e

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
)

const (
	prodHTTPS = "29443"
	prodHTTP  = "29081"
)

// prodArgs are the arguments of a small production release on this package's agents, with the images built here.
func prodArgs(extra ...string) []string {
	return append([]string{
		"run", "appstack", "--name", "late", "-var", "env=prod",
		"-var", "https_port=" + prodHTTPS, "-var", "http_port=" + prodHTTP, "-var", "host_network=local", "-var", "domain=localhost",
		"-var", "consul_address=${attr.unique.network.ip-address}:" + consulPort,
		"-var", "redis_image=packctl/redis:dev", "-var", "nginx_image=packctl/nginx:dev", "-var", "resources=" + prodSizes,
	}, extra...)
}

// prodSizes are what each tier needs where nobody but a test uses it.
const prodSizes = `{
	postgres = { cpu = 100, memory = 256 }, redis = { cpu = 50, memory = 64 }, backend = { cpu = 100, memory = 192 },
	celery-worker = { cpu = 50, memory = 288 }, celery-beat = { cpu = 50, memory = 128 },
	nginx = { cpu = 50, memory = 64 }, frontend = { cpu = 50, memory = 32 }, monitor = { cpu = 50, memory = 64 },
}`

// withPack are the same arguments for another folder of the pack.
func withPack(args []string, pack string) []string {
	args = slices.Clone(args)
	args[1] = pack
	return args
}

// TestProduction runs the stack as production does: the operator's certificate, two backends, a database that is late. Then
// it rolls, loses an instance under load, is upgraded and rolled back under load, and is given a backend that cannot become healthy.
func TestProduction(t *testing.T) {
	dumpOnFailure(t, "late")
	c := nomadClient(t)
	const postgres = "packctl/e2e-late-postgres:dev"
	dockerBuild(t, postgres, `FROM packctl/postgres:dev
ENTRYPOINT ["/bin/sh", "-c", "sleep 15; exec docker-entrypoint.sh \"$@\"", "sh"]
CMD ["postgres"]
`)
	args := prodArgs("-var", "postgres_image="+postgres)

	refused := packctl(t, args...)
	if refused.code == 0 || !strings.Contains(refused.stderr, "nomad var put") || !strings.Contains(refused.stderr, "tls_certificate") {
		t.Fatalf("without the operator's certificate: %s", refused)
	}
	if jobs, _, err := c.Jobs().PrefixList("late-"); err != nil || len(jobs) != 0 {
		t.Fatalf("the refused run left %d jobs: %v", len(jobs), err)
	}
	putCertificate(t, c, "late-web")
	t.Cleanup(func() {
		if r := packctl(t, "stop", "late"); r.code != 0 {
			t.Error(r)
		}
	})

	// All at once, so that the gates hold the tiers back and not run's waves; the second run watches.
	mustPackctl(t, append(args, "--detach")...)
	run := mustPackctl(t, args...)
	d := newDoor(prodHTTPS)
	t.Run("postgres was late and nobody restarted", func(t *testing.T) {
		if !strings.Contains(run.stderr, "waits for postgres") {
			t.Errorf("run does not say that tiers waited for postgres:\n%s", run)
		}
		for _, group := range []string{"backend", "celery-worker", "celery-beat"} {
			for id := range liveAllocs(t, c, "late-app", group) {
				noRestart(t, c, id)
			}
		}
	})
	password := loginPassword(t, c, "late")
	d.login(t, "admin", password)
	t.Run("two backends migrated once", func(t *testing.T) {
		if n := len(liveAllocs(t, c, "late-app", "backend")); n != 2 {
			t.Errorf("%d backends, want 2", n)
		}
		var applied []struct{ Revision, Instance string }
		if err := d.get("/api/migrations", &applied); err != nil {
			t.Fatal(err)
		}
		if len(applied) != 2 || applied[0].Revision != "0001" || applied[1].Revision != "0002" {
			t.Errorf("the audit has %v, want each revision once", applied)
		}
	})
	t.Run("the front door is production's", func(t *testing.T) { checkProductionDoor(t, d) })
	t.Run("no request is lost when a backend moves", func(t *testing.T) { checkMove(t, c, d) })
	t.Run("no request is lost in upgrades and a rollback", func(t *testing.T) {
		checkUpgrades(t, &upgrades{args: withPack(args, ofAPI(t)), client: c, door: d}, password)
	})
	t.Run("a backend that cannot become healthy", func(t *testing.T) { checkBroken(t, args, d) })
}

// putCertificate does what an operator does in production: it puts a certificate of its own where the web job reads it.
func putCertificate(t *testing.T, c *api.Client, job string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(4711), Subject: pkix.Name{CommonName: "operator"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	v := &api.Variable{Path: "nomad/jobs/" + job, Items: api.VariableItems{
		"tls_certificate": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		"tls_key":         string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})),
	}}
	if _, _, err := c.Variables().Create(v, nil); err != nil {
		t.Fatalf("put the certificate: %v", err)
	}
}

func checkProductionDoor(t *testing.T, d *door) {
	conn, err := tls.Dial("tcp", "localhost:"+prodHTTPS, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the serial is checked
	if err != nil {
		t.Fatal(err)
	}
	serial := conn.ConnectionState().PeerCertificates[0].SerialNumber
	_ = conn.Close()
	if serial.Int64() != 4711 {
		t.Errorf("nginx shows certificate %v, not the operator's", serial)
	}
	resp, err := d.http.Get(d.base + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	for _, h := range []string{"Strict-Transport-Security", "X-Content-Type-Options", "Content-Security-Policy"} {
		if resp.Header.Get(h) == "" {
			t.Errorf("GET / has no header %s: %v", h, resp.Header)
		}
	}
	_, page, err := get(d.http, d.base+"/")
	if err != nil || strings.Contains(page, "@vite/client") {
		t.Errorf("the page is the development server's: %v", err)
	}
	_, after, found := strings.Cut(page, `src="/assets/`)
	asset, _, _ := strings.Cut(after, `"`)
	if !found {
		t.Fatalf("the page names no built asset:\n%s", page)
	}
	resp, err = d.http.Get(d.base + "/assets/" + asset)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if cc := resp.Header.Get("Cache-Control"); resp.StatusCode != http.StatusOK || !strings.Contains(cc, "max-age=31536000") {
		t.Errorf("GET %s: %s, Cache-Control %q", asset, resp.Status, cc)
	}
	body := strings.NewReader(strings.Repeat("x", 12<<20))
	if err := d.do("POST", "/api/uploads", "multipart/form-data; boundary=x", body, nil); err == nil || !strings.Contains(err.Error(), "413") {
		t.Errorf("an upload of 12 MiB: %v, want 413", err)
	}
	if resp, err := http.Get("http://127.0.0.1:18025/"); err == nil {
		_ = resp.Body.Close()
		if list, lerr := monitorTiers(d); lerr == nil {
			for _, tier := range list {
				if tier.Name == "mail" {
					t.Error("production has a mail sink")
				}
			}
		}
	}
}

// checkMove stops one of two backends while requests go through the front door, twenty a second, until its successor serves.
func checkMove(t *testing.T, c *api.Client, d *door) {
	before := liveAllocs(t, c, "late-app", "backend")
	noRequestLost(t, d.http, d.base+"/api/health", func() {
		stopOne(t, c, before)
		await(t, "the new backend behind the front door", 90*time.Second, func() error {
			now := liveAllocs(t, c, "late-app", "backend")
			if len(now) != 2 {
				return fmt.Errorf("%d live backends", len(now))
			}
			for id := range now {
				if _, old := before[id]; old {
					continue
				}
				var health struct{ Instance string }
				if err := d.get("/api/health", &health); err != nil {
					return err
				}
				if !strings.HasPrefix(id, health.Instance) {
					return fmt.Errorf("answered by %s, waiting for %s", health.Instance, id[:8])
				}
				return nil
			}
			return fmt.Errorf("no new allocation yet")
		})
	})
}

// stopOne stops one of the allocations; Nomad replaces it.
func stopOne(t *testing.T, c *api.Client, allocs map[string]*api.AllocationListStub) {
	t.Helper()
	for id := range allocs {
		alloc, _, err := c.Allocations().Info(id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Allocations().Stop(alloc, nil); err != nil {
			t.Fatalf("stop an allocation of %s: %v", alloc.TaskGroup, err)
		}
		return
	}
}

// noRequestLost asks for a page twenty times a second while do is running, and fails when an answer is not 200.
func noRequestLost(t *testing.T, client *http.Client, url string, do func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sent, lost atomic.Int64
	var firstLoss atomic.Value
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				sent.Add(1)
				code, body, err := get(client, url)
				if err != nil || code != http.StatusOK {
					lost.Add(1)
					firstLoss.CompareAndSwap(nil, fmt.Sprintf("%d %v %.200s", code, err, body))
				}
			}
		}
	}()
	do()
	cancel()
	<-stopped
	t.Logf("%d requests, %d lost", sent.Load(), lost.Load())
	if sent.Load() < 50 || lost.Load() != 0 {
		t.Errorf("%d of %d requests were lost; the first: %v", lost.Load(), sent.Load(), firstLoss.Load())
	}
}

// checkBroken upgrades to a backend whose process ends at once. run must say so, and the old backends must go on serving.
func checkBroken(t *testing.T, args []string, d *door) {
	const broken = "packctl/e2e-broken-backend:dev"
	dockerBuild(t, broken, `FROM packctl/enabledrm-backend:dev
USER root
RUN printf '#!/bin/sh\necho "cannot read the license file" >&2\nexit 42\n' > /usr/local/bin/uvicorn && chmod 755 /usr/local/bin/uvicorn
USER 10001
`)
	if out, err := exec.Command("docker", "run", "--rm", "--entrypoint", "uvicorn", broken).CombinedOutput(); err == nil || !strings.Contains(string(out), "license") {
		t.Fatalf("the broken image is not broken: %v %s", err, out)
	}
	r := packctl(t, append(args, "-var", "backend_image="+broken)...)
	if r.code != 4 {
		t.Errorf("exit code %d, want 4", r.code)
	}
	for _, want := range []string{"backend", "42", "cannot read the license file"} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(r)
	}
	var health struct{ Status string }
	if err := d.get("/api/health", &health); err != nil || health.Status != "ok" {
		t.Errorf("the backends that ran before do not serve any more: %v %+v", err, health)
	}
}
