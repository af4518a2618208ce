//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"
)

// enstoreTiers are the tiers of the page by job, as development with both profiles has them, and the stand-in of the supplier.
var enstoreTiers = map[string][]string{
	"data":      {"db", "redis"},
	"app":       {"backend", "queue"},
	"web":       {"backend-nginx", "frontend", "flutter-web"},
	"scheduler": {"scheduler"},
	"tools":     {"phpmyadmin"},
	"supplier":  {"supplier"},
}

// enstorePorts keep the release of this package beside a running demo.
var enstorePorts = map[string]string{
	"http": "38800", "frontend": "33300", "flutter": "35500", "db": "33307", "redis": "36380", "phpmyadmin": "38808",
}

// enstoreArgs are the arguments of `run enstore` in development, with the application's source at src.
func enstoreArgs(t *testing.T, src string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "e2e.hcl")
	p := enstorePorts
	writeFile(t, file, fmt.Sprintf(`
http_port      = %s
frontend_port  = %s
flutter_port   = %s
source_dir     = %q
profiles       = ["frontend", "flutter"]
consul_address = "$${attr.unique.network.ip-address}:%s"
debug_ports    = { db = %s, redis = %s, phpmyadmin = %s }
`, p["http"], p["frontend"], p["flutter"], src, consulPort, p["db"], p["redis"], p["phpmyadmin"]))
	return []string{"run", "enstore", "-var", "env=dev", "-var-file", file}
}

// enstoreKills are the ends of tiers of the short form, in an order that lets each heal while the next dies.
func enstoreKills() []kill {
	return []kill{
		{"enstore-app", "queue", 3 * time.Second},
		{"enstore-data", "redis", 15 * time.Second},
		{"enstore-supplier", "supplier", 27 * time.Second},
		{"enstore-data", "db", 39 * time.Second},
		{"enstore-app", "backend", 54 * time.Second},
		{"enstore-web", "backend-nginx", 66 * time.Second},
	}
}

// TestEnstore brings the second stack up in development with every profile and lives with it. Its parts build on each
// other, in this order.
func TestEnstore(t *testing.T) {
	dumpOnFailure(t, "enstore")
	c := nomadClient(t)
	src := copyTree(t, "examples/enstore")
	args := enstoreArgs(t, src)
	t.Cleanup(func() {
		if r := packctl(t, "stop", "enstore"); r.code != 0 {
			t.Error(r)
		}
	})
	printed := &output{}
	printed.add(mustPackctl(t, args...))
	s := newShop(enstorePorts["http"])
	from := time.Now()

	step := func(name string, f func(*testing.T)) {
		if !t.Run(name, f) && name == "an API request" {
			t.FailNow() // nothing later can be judged
		}
	}
	step("an API request", func(t *testing.T) { checkRequest(t, s) })
	step("every tier is in Nomad and Consul", func(t *testing.T) { checkRegistered(t, c, "enstore", enstoreTiers) })
	step("an order that fails twice", func(t *testing.T) { checkFlakyOrder(t, s) })
	step("what is reachable", checkPorts)
	step("live code", func(t *testing.T) { checkLivePHP(t, s, src) })
	step("workers come and go, no job is lost", func(t *testing.T) { checkScale(t, c, s, printed) })
	step("no request is lost when a backend moves", func(t *testing.T) { checkFPMMove(t, c, s) })
	step("a schedule without gaps", func(t *testing.T) { checkMinutes(t, s, from, 3) })
	step("a second run changes nothing", func(t *testing.T) {
		before, versions := allAllocs(t, c, "enstore", enstoreTiers), jobVersions(t, c, "enstore", enstoreTiers)
		printed.add(mustPackctl(t, args...))
		sameTiers(t, before, allAllocs(t, c, "enstore", enstoreTiers), "scheduler/scheduler")
		if after := jobVersions(t, c, "enstore", enstoreTiers); fmt.Sprint(after) != fmt.Sprint(versions) {
			t.Errorf("job versions moved: %v, then %v", versions, after)
		}
	})
	step("killed under load", func(t *testing.T) { checkKills(t, c, s, "enstore", enstoreKills(), 80*time.Second) })
	step("logs outlive their allocation", func(t *testing.T) { checkLogs(t, c, printed) })
	step("no secret is anywhere", func(t *testing.T) { checkSecrets(t, c, "enstore", 4, printed) })
	step("both packs at once", func(t *testing.T) { checkBoth(t, c, s) })
}

func checkRequest(t *testing.T, s *shop) {
	var health map[string]any
	if err := s.get("/api/health", &health); err != nil {
		t.Fatal(err)
	}
	var products struct{ Data []struct{ SKU string } }
	await(t, "products from the supplier", 2*time.Minute, func() error {
		if err := s.get("/api/products", &products); err != nil {
			return err
		}
		if len(products.Data) == 0 {
			return errors.New("there are none")
		}
		return nil
	})
	for _, c := range []struct {
		name   string
		method string
		path   string
		in     any
		code   int
	}{
		{"an unknown path", "GET", "/api/nowhere", nil, 404},
		{"an unknown order", "GET", "/api/orders/00000000-0000-0000-0000-000000000000", nil, 404},
		{"an order of nothing", "POST", "/api/orders", map[string]any{"quantity": 1}, 422},
		{"an order of less than one", "POST", "/api/orders", map[string]any{"sku": "BOOK-1", "quantity": 0}, 422},
		{"a path beside the API", "GET", "/artisan", nil, 404},
	} {
		if code, err := s.send(c.method, c.path, "", c.in, nil); code != c.code {
			t.Errorf("%s: %d, want %d (%v)", c.name, code, c.code, err)
		}
	}
	first, again := s.order(t, "BOOK-1", "the-same-key"), s.order(t, "BOOK-1", "the-same-key")
	if first.ID != again.ID {
		t.Errorf("one idempotency key made the orders %s and %s", first.ID, again.ID)
	}
	if code, err := s.send("POST", "/api/orders", "the-same-key", map[string]any{"sku": "BOOK-1", "quantity": 2}, nil); code != http.StatusUnprocessableEntity {
		t.Errorf("the same key with another order: %d, want 422 (%v)", code, err)
	}
	s.completed(t, first.ID, time.Minute)
}

// checkRegistered compares what Nomad and Consul list with the tiers that the pack promises.
func checkRegistered(t *testing.T, c *api.Client, release string, tiers map[string][]string) {
	for job, groups := range tiers {
		j, _, err := c.Jobs().Info(release+"-"+job, nil)
		if err != nil {
			t.Errorf("job %s: %v", job, err)
			continue
		}
		var got []string
		for _, tg := range j.TaskGroups {
			got = append(got, *tg.Name)
			if len(tg.Services) == 0 || tg.Services[0].Name != release+"-"+*tg.Name {
				t.Errorf("tier %s has no Consul service %s-%s", *tg.Name, release, *tg.Name)
			}
		}
		if !slices.Equal(got, groups) {
			t.Errorf("job %s has the tiers %v, want %v", job, got, groups)
		}
	}
}

func checkFlakyOrder(t *testing.T, s *shop) {
	o := s.order(t, "FLAKY-2", "")
	done := s.completed(t, o.ID, 90*time.Second)
	if done.Attempts != 3 {
		t.Errorf("it took %d attempts, want 3: two that fail and one that does not", done.Attempts)
	}
	if e := effects(t, "enstore")[o.ID]; e.Effects != 1 || e.Attempts != 3 {
		t.Errorf("the supplier was asked %d times and did it %d times, want 3 and 1", e.Attempts, e.Effects)
	}
	if n, err := s.notifications(o.ID); err != nil || n != 1 {
		t.Errorf("%d notifications (%v), want 1", n, err)
	}
}

// checkPorts shows that the ports of development are on loopback and nowhere else, and what each answers with.
func checkPorts(t *testing.T) {
	outside := bridgeAddress(t)
	dialer := &net.Dialer{Timeout: 3 * time.Second}
	for name, port := range enstorePorts {
		conn, err := dialer.DialContext(t.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Errorf("%s does not listen on loopback: %v", name, err)
		} else {
			_ = conn.Close()
		}
		if conn, err := dialer.DialContext(t.Context(), "tcp", net.JoinHostPort(outside, port)); err == nil {
			_ = conn.Close()
			t.Errorf("%s can be reached from other machines, at %s:%s", name, outside, port)
		}
	}
	for name, text := range map[string]string{"phpmyadmin": "phpMyAdmin", "frontend": "<html", "flutter": "flutter_dir"} {
		await(t, "the page of "+name, time.Minute, func() error {
			code, body, err := get(http.DefaultClient, "http://127.0.0.1:"+enstorePorts[name]+"/")
			if err != nil || code != http.StatusOK || !strings.Contains(body, text) {
				return fmt.Errorf("%d %v, without %q: %.300s", code, err, text, body)
			}
			return nil
		})
	}
}

// bridgeAddress is the machine's address on Docker's bridge: not loopback, and no other machine's network.
func bridgeAddress(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", "network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Gateway}}").Output()
	if err != nil {
		t.Fatalf("ask Docker for its bridge: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// checkLivePHP changes a file of the mounted source and expects the next answer to have it.
func checkLivePHP(t *testing.T, s *shop, src string) {
	path := filepath.Join(src, "backend", "routes", "api.php")
	before, err := os.ReadFile(path) //nolint:gosec // the test's own copy
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(before)+"\nIlluminate\\Support\\Facades\\Route::get('/live', fn () => ['live' => true]);\n")
	await(t, "the new route", 30*time.Second, func() error { return s.get("/api/live", nil) })
	writeFile(t, path, string(before))
}

// checkScale has three workers do long jobs, and takes two of them away meanwhile.
func checkScale(t *testing.T, c *api.Client, s *shop, printed *output) {
	before := s.stats(t)
	printed.add(mustPackctl(t, "scale", "enstore", "queue=3"))
	if n := len(liveAllocs(t, c, "enstore-app", "queue")); n != 3 {
		t.Fatalf("%d workers after scaling to 3", n)
	}
	var ids []string
	for range 4 {
		ids = append(ids, s.order(t, "SLOW-20", "").ID)
	}
	await(t, "three jobs in hand", time.Minute, func() error {
		asked := 0
		for _, id := range ids {
			asked += effects(t, "enstore")[id].Attempts
		}
		if asked != 3 {
			return fmt.Errorf("the supplier was asked for %d orders", asked)
		}
		return nil
	})
	printed.add(mustPackctl(t, "scale", "enstore", "queue=1"))
	if n := len(liveAllocs(t, c, "enstore-app", "queue")); n != 1 {
		t.Errorf("%d workers after scaling to 1", n)
	}
	checkExactlyOnce(t, s, "enstore", ids, 2*time.Minute)
	if n := s.stats(t).Redeliveries - before.Redeliveries; n != 0 {
		t.Errorf("%d jobs were delivered twice: a worker did not finish what it had", n)
	}
}

// checkFPMMove has two backends, stops one and expects its replacement to be found without a lost request.
func checkFPMMove(t *testing.T, c *api.Client, s *shop) {
	mustPackctl(t, "scale", "enstore", "backend=2")
	before := liveAllocs(t, c, "enstore-app", "backend")
	noRequestLost(t, s.http, s.base+"/api/products", func() {
		stopOne(t, c, before)
		await(t, "the replacement to pass its check", 90*time.Second, func() error {
			n := 0
			for id := range liveAllocs(t, c, "enstore-app", "backend") {
				info, _, err := c.Allocations().Info(id, nil)
				if err != nil {
					return err
				}
				if h := info.DeploymentStatus; h != nil && h.Healthy != nil && *h.Healthy || before[id] != nil {
					n++
				}
			}
			for id := range before {
				info, _, err := c.Allocations().Info(id, nil)
				if err != nil {
					return err
				}
				if info.DesiredStatus == api.AllocDesiredStatusStop && info.ClientStatus == api.AllocClientStatusRunning {
					return errors.New("the old one still runs")
				}
			}
			if n != 2 {
				return fmt.Errorf("%d healthy backends", n)
			}
			return nil
		})
		// Scaling in goes the same way: out of the catalog, then out of nginx, then the process.
		mustPackctl(t, "scale", "enstore", "backend=1")
	})
}

// checkMinutes awaits as many whole minutes after from, and expects one run of the schedule in each.
func checkMinutes(t *testing.T, s *shop, from time.Time, minutes int) {
	first := from.UTC().Truncate(time.Minute).Add(time.Minute)
	var want []string
	for i := range minutes {
		want = append(want, first.Add(time.Duration(i)*time.Minute).Format("2006-01-02T15:04:05Z"))
	}
	last := first.Add(time.Duration(minutes-1) * time.Minute)
	var got []string
	await(t, fmt.Sprintf("the runs of %d minutes", minutes), time.Until(last)+time.Minute, func() error {
		var rows struct {
			Data []struct {
				Minute string `json:"minute"`
			}
		}
		if err := s.get("/api/activity-logs?type=schedule.run&limit=100", &rows); err != nil {
			return err
		}
		got = nil
		for _, r := range rows.Data {
			if at, err := time.Parse(time.RFC3339, r.Minute); err == nil && !at.Before(first) && !at.After(last) {
				got = append(got, r.Minute)
			}
		}
		slices.Sort(got)
		if len(got) < minutes {
			return fmt.Errorf("so far there are %v", got)
		}
		return nil
	})
	if !slices.Equal(got, want) {
		t.Errorf("the schedule ran for %v, want each of %v once", got, want)
	}
	var synced struct{ Data []any }
	if err := s.get("/api/activity-logs?type=products.sync&limit=100", &synced); err != nil || len(synced.Data) == 0 {
		t.Errorf("the schedule synced no products: %v", err)
	}
}

// sameTiers is sameAllocs for all but the named tiers.
func sameTiers(t *testing.T, before, after map[string]string, but ...string) {
	t.Helper()
	for _, tier := range but {
		delete(before, tier)
		delete(after, tier)
	}
	sameAllocs(t, before, after)
}

// checkLogs stops a worker for good and reads what it said.
func checkLogs(t *testing.T, c *api.Client, printed *output) {
	old := oneAlloc(t, c, "enstore-app", "queue")
	stopOne(t, c, map[string]*api.AllocationListStub{old.ID: old})
	await(t, "the worker's end", 90*time.Second, func() error {
		info, _, err := c.Allocations().Info(old.ID, nil)
		if err == nil && info.ClientStatus != api.AllocClientStatusComplete {
			err = errors.New("it is " + info.ClientStatus)
		}
		return err
	})
	r := mustPackctl(t, "logs", "enstore", "queue", "--tail", "-1")
	printed.add(r)
	if !strings.Contains(r.stdout, old.ID[:8]) {
		t.Errorf("the logs of the ended worker %s are not shown:\n%.2000s", old.ID[:8], r)
	}
	r = mustPackctl(t, "logs", "enstore", "scheduler")
	printed.add(r)
	if !strings.Contains(r.stdout, "scheduler") {
		t.Errorf("the logs of the schedule's runs are not shown:\n%.2000s", r)
	}
}

// checkBoth runs the first stack beside the second, takes both down, and expects nothing of them to run on.
func checkBoth(t *testing.T, c *api.Client, s *shop) {
	mustPackctl(t, devArgs(t, copyTree(t, "examples/enabledrm"))...)
	d := newDoor(devHTTPS)
	if err := d.get("/api/health", nil); err != nil {
		t.Errorf("appstack, beside enstore: %v", err)
	}
	if err := s.get("/api/health", nil); err != nil {
		t.Errorf("enstore, beside appstack: %v", err)
	}
	for _, release := range []string{"appstack", "enstore"} {
		mustPackctl(t, "stop", release)
		jobs, _, err := c.Jobs().PrefixList(release + "-")
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			if j.Status != "dead" {
				t.Errorf("%s is %s after the stop", j.ID, j.Status)
			}
			stubs, _, err := c.Jobs().Allocations(j.ID, true, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range stubs {
				if live(a) {
					t.Errorf("%s of %s still runs after the stop", a.ID[:8], j.ID)
				}
			}
		}
	}
}
