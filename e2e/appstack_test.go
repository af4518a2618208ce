//go:build e2e

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
)

// stackTiers are the tiers of appstack in development by job: the eight of the architecture and the mail sink.
var stackTiers = map[string][]string{
	"data":    {"postgres", "redis"},
	"app":     {"backend", "celery-worker", "celery-beat"},
	"web":     {"nginx", "frontend"},
	"monitor": {"monitor"},
	"mail":    {"mail"},
}

// devPorts keep the release of this package beside a running demo.
const (
	devHTTPS = "28443"
	devHTTP  = "28081"
	devMail  = "38025"
)

// devArgs are the arguments of `run appstack` in development, with the application's source at src.
func devArgs(t *testing.T, src string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "e2e.hcl")
	writeFile(t, file, fmt.Sprintf(`
https_port     = %s
http_port      = %s
source_dir     = %q
consul_address = "$${attr.unique.network.ip-address}:%s"
debug_ports = {
  postgres = 35432
  redis    = 36379
  backend  = 38000
  worker   = 38001
  beat     = 38002
  frontend = 33000
  monitor  = 39000
  nginx    = 38080
  mail     = %s
  smtp     = 31025
}
`, devHTTPS, devHTTP, src, consulPort, devMail))
	return []string{"run", "appstack", "-var", "env=dev", "-var-file", file}
}

// copyTree copies the application's source, so that a test may edit it while it is mounted.
func copyTree(t *testing.T, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatalf("copy %s: %v", from, err)
	}
	// The containers read it as users of their own.
	if err := filepath.WalkDir(to, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(p, 0o755) //nolint:gosec // a folder that containers read
		}
		return os.Chmod(p, 0o644) //nolint:gosec // a file that containers read
	}); err != nil {
		t.Fatal(err)
	}
	for dir := to; len(dir) > len(os.TempDir()); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // a folder that containers pass through
			t.Fatal(err)
		}
	}
	return to
}

// loginPassword reads the generated password of the first user, as the output of run tells its reader to.
func loginPassword(t *testing.T, c *api.Client, release string) string {
	t.Helper()
	items, _, err := c.Variables().GetVariableItems("nomad/jobs/"+release+"-app", nil)
	if err != nil {
		t.Fatalf("read the login of %s: %v", release, err)
	}
	return items["login"]
}

// TestAppstack brings the whole stack up in development and lives with it, as a client at its front door and as its
// operator. Its parts build on each other, in this order.
func TestAppstack(t *testing.T) {
	dumpOnFailure(t, "appstack")
	c := nomadClient(t)
	src := copyTree(t, "examples/enabledrm")
	args := devArgs(t, src)
	t.Cleanup(func() {
		if r := packctl(t, "stop", "appstack"); r.code != 0 {
			t.Error(r)
		}
	})

	first := mustPackctl(t, args...)
	if !strings.Contains(first.stdout, "https://localhost:"+devHTTPS+"/") {
		t.Errorf("run does not print the front door:\n%s", first.stdout)
	}
	d := newDoor(devHTTPS)
	logs := &output{}
	logs.add(first)

	step := func(name string, f func(*testing.T)) {
		if !t.Run(name, f) && (name == "the front door" || name == "a user's day") {
			t.FailNow() // nothing later can be judged
		}
	}
	step("the front door", func(t *testing.T) { checkFrontDoor(t, d) })
	step("what Nomad and Consul list", func(t *testing.T) { checkCatalog(t, c) })
	d.login(t, "demo", loginPassword(t, c, "appstack"))
	step("a user's day", func(t *testing.T) { checkUser(t, d) })
	step("the schedule", func(t *testing.T) { checkSchedule(t, d) })
	step("live code", func(t *testing.T) { checkLiveCode(t, d, src) })
	step("a browser", func(t *testing.T) { checkBrowser(t, d.base, loginPassword(t, c, "appstack")) })
	step("a second run changes nothing", func(t *testing.T) {
		before := allAllocs(t, c, "appstack", stackTiers)
		versions := jobVersions(t, c, "appstack", stackTiers)
		logs.add(mustPackctl(t, args...))
		sameAllocs(t, before, allAllocs(t, c, "appstack", stackTiers))
		if after := jobVersions(t, c, "appstack", stackTiers); fmt.Sprint(after) != fmt.Sprint(versions) {
			t.Errorf("job versions moved: %v, then %v", versions, after)
		}
	})
	step("a backend variable restarts the backend only", func(t *testing.T) {
		before := allAllocs(t, c, "appstack", stackTiers)
		upgrade := mustPackctl(t, append(slices.Clone(args), "-var", "resources={backend={cpu=210,memory=260}}")...)
		logs.add(upgrade)
		for _, want := range []string{"migration schema of tier backend is done", "hook smoke of post-upgrade ended well"} {
			if !strings.Contains(upgrade.stdout+upgrade.stderr, want) {
				t.Errorf("the upgrade does not say %q:\n%s", want, upgrade)
			}
		}
		after := allAllocs(t, c, "appstack", stackTiers)
		if before["app/backend"] == after["app/backend"] {
			t.Error("the backend kept its allocation although its resources changed")
		}
		delete(before, "app/backend")
		delete(after, "app/backend")
		sameAllocs(t, before, after)
	})
	step("the running release passes its own test", func(t *testing.T) {
		r := mustPackctl(t, "test", "-live", "appstack")
		logs.add(r)
		if !strings.Contains(r.stdout+r.stderr, "hook smoke of test ended well") {
			t.Errorf("it does not say that the test passed: %s", r)
		}
	})
	step("without postgres exactly its dependents wait", func(t *testing.T) { checkGates(t, c, d) })
	step("data survives a restart of every tier", func(t *testing.T) { checkRestart(t, c, d) })
	step("no secret is anywhere", func(t *testing.T) { checkSecrets(t, c, "appstack", 6, logs) })
}

func checkFrontDoor(t *testing.T, d *door) {
	awaitPage(t, d.http, d.base+"/", `id="root"`)
	var health struct {
		Status, Database, Redis string
	}
	if err := d.get("/api/health", &health); err != nil || health.Status != "ok" {
		t.Errorf("GET /api/health: %+v %v", health, err)
	}
	code, body, err := get(d.http, d.base+"/api/docs")
	if err != nil || code != http.StatusOK || !strings.Contains(body, "swagger-ui") || strings.Contains(body, "cdn.") {
		t.Errorf("GET /api/docs: %d %v\n%.600s", code, err, body)
	}
	noFollow := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := noFollow.Get("http://localhost:" + devHTTP + "/api/docs?x=1")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusMovedPermanently || to != d.base+"/api/docs?x=1" {
		t.Errorf("the HTTP port answers %s, Location %q", resp.Status, to)
	}
	checkCertificate(t, "localhost:"+devHTTPS)
	awaitMonitor(t, d, 9)
}

// checkCertificate verifies the front door's certificate against itself: it is self-signed and names localhost.
func checkCertificate(t *testing.T, address string) {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // verified below
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	cert := conn.ConnectionState().PeerCertificates[0]
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	if _, err := cert.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: roots}); err != nil {
		t.Errorf("the certificate does not verify for localhost: %v", err)
	}
}

// monitorTier is one tier as /monitor/api/tiers tells it.
type monitorTier struct {
	Name   string `json:"name"`
	Job    string `json:"job"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

func monitorTiers(d *door) ([]monitorTier, error) {
	var page struct {
		Tiers []monitorTier `json:"tiers"`
	}
	err := d.get("/monitor/api/tiers", &page)
	return page.Tiers, err
}

// awaitMonitor waits until the monitor shows that many tiers, all of them healthy.
func awaitMonitor(t *testing.T, d *door, tiers int) {
	t.Helper()
	await(t, fmt.Sprintf("%d healthy tiers on the monitor", tiers), 90*time.Second, func() error {
		list, err := monitorTiers(d)
		if err != nil {
			return err
		}
		if len(list) != tiers {
			return fmt.Errorf("it shows %d tiers: %v", len(list), list)
		}
		for _, tier := range list {
			if tier.State != "healthy" {
				return fmt.Errorf("%s is %s: %s", tier.Name, tier.State, tier.Reason)
			}
		}
		return nil
	})
}

func checkCatalog(t *testing.T, c *api.Client) {
	var consul map[string][]string
	code, body, err := get(http.DefaultClient, os.Getenv("CONSUL_HTTP_ADDR")+"/v1/catalog/services")
	if err != nil || code != http.StatusOK {
		t.Fatalf("list Consul's services: %d %v", code, err)
	}
	if err := json.Unmarshal([]byte(body), &consul); err != nil {
		t.Fatal(err)
	}
	for job, groups := range stackTiers {
		id := "appstack-" + job
		info, _, err := c.Jobs().Info(id, nil)
		if err != nil {
			t.Errorf("job %s: %v", id, err)
			continue
		}
		if *info.Status != "running" {
			t.Errorf("job %s is %s", id, *info.Status)
		}
		for _, group := range groups {
			if info.LookupTaskGroup(group) == nil {
				t.Errorf("job %s has no group %s", id, group)
			}
			if _, ok := consul["appstack-"+group]; !ok {
				t.Errorf("Consul has no service appstack-%s: %v", group, consul)
			}
		}
		sub, _, err := c.Jobs().Submission(id, int(*info.Version), nil)
		if err != nil || sub.Format != "hcl2" || !strings.Contains(sub.Source, fmt.Sprintf("job %q", id)) {
			t.Errorf("job %s: Nomad's UI has no rendered source: %v", id, err)
		}
	}
}

func checkUser(t *testing.T, d *door) {
	var made item
	if err := d.post("/api/items", map[string]any{"name": "survivor"}, &made); err != nil {
		t.Fatal(err)
	}
	var read item
	if err := d.get(fmt.Sprintf("/api/items/%d", made.ID), &read); err != nil || read.Name != "survivor" {
		t.Errorf("read the item back: %+v %v", read, err)
	}
	checkCache(t, d)

	up := d.upload(t, "words.txt", "one two three\nfour five\n")
	code, body, err := get(d.http, d.base+up.Link)
	if err != nil || code != http.StatusOK || body != "one two three\nfour five\n" {
		t.Errorf("download the upload: %d %q %v", code, body, err)
	}
	done := d.submit(t, map[string]any{"kind": "process-file", "upload_id": up.ID})
	if done.Result["words"] != float64(5) || done.Worker == "" {
		t.Errorf("the worker counted %v", done)
	}
	d.submit(t, map[string]any{"kind": "import", "upload_id": d.upload(t, "items.csv", "name,note,priority\nfrom csv,,3\n").ID})
	if done := d.submit(t, map[string]any{"kind": "export"}); done.Result["items"] != float64(2) {
		t.Errorf("the export holds %v items, want 2", done.Result["items"])
	}
	d.submit(t, map[string]any{"kind": "long", "seconds": 1})

	subject := fmt.Sprintf("hello %d", time.Now().UnixNano())
	d.submit(t, map[string]any{"kind": "email", "to": "someone@example.com", "subject": subject, "body": "text"})
	await(t, "the mail", 20*time.Second, func() error {
		_, body, err := get(http.DefaultClient, "http://127.0.0.1:"+devMail+"/api/v1/messages")
		if err != nil {
			return err
		}
		if !strings.Contains(body, subject) {
			return errors.New("it is not in the sink")
		}
		return nil
	})
}

// checkCache asks twice for the same figures; the second answer is Redis's.
func checkCache(t *testing.T, d *door) {
	t.Helper()
	var seen []string
	for range 2 {
		req, err := http.NewRequest("GET", d.base+"/api/stats", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+d.token)
		resp, err := d.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		seen = append(seen, strings.ToLower(resp.Header.Get("X-Cache")))
	}
	if seen[1] != "hit" {
		t.Errorf("X-Cache of two requests in a row: %q, want the second to be a hit", seen)
	}
}

func checkSchedule(t *testing.T, d *door) {
	await(t, "every scheduled job", 2*time.Minute, func() error {
		var runs []struct{ Name, Outcome string }
		if err := d.get("/api/schedule?limit=100", &runs); err != nil {
			return err
		}
		ok := map[string]bool{}
		for _, r := range runs {
			ok[r.Name] = ok[r.Name] || r.Outcome == "ok"
		}
		for _, name := range []string{"cleanup", "health_check", "report"} {
			if !ok[name] {
				return fmt.Errorf("%s has not run well yet: %v", name, runs)
			}
		}
		return nil
	})
}

// checkLiveCode edits the mounted source of both halves and sees the change through nginx.
func checkLiveCode(t *testing.T, d *door, src string) {
	version := filepath.Join(src, "backend/app/__init__.py")
	b, err := os.ReadFile(version) //nolint:gosec // the test's own copy
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(b), "__version__ = \"", "__version__ = \"edited-", 1)
	if edited == string(b) {
		t.Fatalf("%s has no __version__ to edit", version)
	}
	if err := os.WriteFile(version, []byte(edited), 0o644); err != nil { //nolint:gosec // containers read it
		t.Fatal(err)
	}
	await(t, "the edited backend", time.Minute, func() error {
		var health struct{ Version string }
		if err := d.get("/api/health", &health); err != nil {
			return err
		}
		if !strings.HasPrefix(health.Version, "edited-") {
			return fmt.Errorf("version is %q", health.Version)
		}
		return nil
	})
	page := filepath.Join(src, "frontend/src/Login.jsx")
	b, err = os.ReadFile(page) //nolint:gosec // the test's own copy
	if err != nil {
		t.Fatal(err)
	}
	edited = strings.Replace(string(b), "<h1>Log in</h1>", "<h1>Log in edited-live</h1>", 1)
	if edited == string(b) {
		t.Fatalf("%s has no heading to edit", page)
	}
	if err := os.WriteFile(page, []byte(edited), 0o644); err != nil { //nolint:gosec // containers read it
		t.Fatal(err)
	}
	await(t, "the edited front end, with its source map", time.Minute, func() error {
		_, body, err := get(d.http, d.base+"/src/Login.jsx")
		if err != nil {
			return err
		}
		if !strings.Contains(body, "edited-live") || !strings.Contains(body, "sourceMappingURL") {
			return fmt.Errorf("Vite serves %.200q", body)
		}
		return nil
	})
}

// allAllocs are the live allocation IDs of each tier of a release, as "job/group" → "id id".
// allAllocs are the live allocations of each tier, by "job/tier".
func allAllocs(t *testing.T, c *api.Client, release string, tiers map[string][]string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for job, groups := range tiers {
		for _, group := range groups {
			ids := []string{}
			for id := range liveAllocs(t, c, release+"-"+job, group) {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			out[job+"/"+group] = strings.Join(ids, " ")
		}
	}
	return out
}

func sameAllocs(t *testing.T, before, after map[string]string) {
	t.Helper()
	for tier, ids := range before {
		if after[tier] != ids || ids == "" {
			t.Errorf("%s: allocations were %q and are %q", tier, ids, after[tier])
		}
	}
}

func jobVersions(t *testing.T, c *api.Client, release string, tiers map[string][]string) map[string]uint64 {
	t.Helper()
	out := map[string]uint64{}
	for job := range tiers {
		info, _, err := c.Jobs().Info(release+"-"+job, nil)
		if err != nil {
			t.Fatalf("job %s: %v", job, err)
		}
		out[job] = *info.Version
	}
	return out
}

// progress is what the prestart task of an allocation last said.
func progress(c *api.Client, id string) (*spec.Progress, error) {
	r, err := c.Raw().Response("/v1/client/fs/cat/"+id, &api.QueryOptions{Params: map[string]string{"path": "alloc/" + spec.ProgressFile}})
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var p spec.Progress
	return &p, json.NewDecoder(r).Decode(&p)
}

// checkGates takes PostgreSQL away, replaces every application tier, and looks who waits for what.
func checkGates(t *testing.T, c *api.Client, d *door) {
	scale := func(n int) {
		if _, _, err := c.Jobs().Scale("appstack-data", "postgres", &n, "e2e: take postgres away and give it back", false, nil, nil); err != nil {
			t.Fatalf("scale postgres to %d: %v", n, err)
		}
	}
	before := allAllocs(t, c, "appstack", stackTiers)
	scale(0)
	t.Cleanup(func() { scale(1) })
	await(t, "the end of postgres", time.Minute, func() error {
		if n := len(liveAllocs(t, c, "appstack-data", "postgres")); n != 0 {
			return fmt.Errorf("%d allocations live", n)
		}
		return nil
	})
	dependents := []string{"backend", "celery-worker", "celery-beat"}
	for _, group := range dependents {
		alloc, _, err := c.Allocations().Info(oneAlloc(t, c, "appstack-app", group).ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Allocations().Stop(alloc, nil); err != nil {
			t.Fatalf("stop %s: %v", group, err)
		}
	}
	for _, group := range dependents {
		await(t, group+" at its gate", time.Minute, func() error {
			live := liveAllocs(t, c, "appstack-app", group)
			if len(live) != 1 {
				return fmt.Errorf("%d live allocations", len(live))
			}
			for id := range live {
				p, err := progress(c, id)
				if err != nil {
					return err
				}
				if p.Phase != spec.PhaseWaiting || !strings.Contains(p.Reason, "postgres") {
					return fmt.Errorf("it says %s: %s", p.Phase, p.Reason)
				}
			}
			return nil
		})
	}
	await(t, "the monitor to say so", time.Minute, func() error {
		list, err := monitorTiers(d)
		if err != nil {
			return err
		}
		for _, tier := range list {
			waits := tier.State == "waiting" && strings.Contains(tier.Reason, "postgres")
			if waits != slices.Contains(dependents, tier.Name) {
				return fmt.Errorf("%s is %s: %s", tier.Name, tier.State, tier.Reason)
			}
		}
		return nil
	})
	scale(1)
	awaitMonitor(t, d, 9)
	after := allAllocs(t, c, "appstack", stackTiers)
	for _, tier := range []string{"app/backend", "app/celery-worker", "app/celery-beat", "data/postgres"} {
		delete(before, tier)
		delete(after, tier)
	}
	sameAllocs(t, before, after)
	for _, group := range dependents {
		noRestart(t, c, oneAlloc(t, c, "appstack-app", group).ID)
	}
}

// noRestart asserts that no task of an allocation was ever restarted.
func noRestart(t *testing.T, c *api.Client, id string) {
	t.Helper()
	alloc, _, err := c.Allocations().Info(id, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, task := range alloc.TaskStates {
		if task.Restarts != 0 {
			t.Errorf("task %s of %s restarted %d times", name, alloc.TaskGroup, task.Restarts)
		}
	}
}

// checkRestart replaces every allocation of the stack and reads back what was written before.
func checkRestart(t *testing.T, c *api.Client, d *door) {
	before := allAllocs(t, c, "appstack", stackTiers)
	for _, ids := range before {
		for _, id := range strings.Fields(ids) {
			alloc, _, err := c.Allocations().Info(id, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Allocations().Stop(alloc, nil); err != nil {
				t.Fatalf("stop %s: %v", alloc.TaskGroup, err)
			}
		}
	}
	await(t, "new allocations of every tier", 2*time.Minute, func() error {
		for tier, ids := range allAllocs(t, c, "appstack", stackTiers) {
			if ids == "" || ids == before[tier] {
				return fmt.Errorf("%s is still %q", tier, ids)
			}
		}
		return nil
	})
	awaitMonitor(t, d, 9)
	d.login(t, "demo", loginPassword(t, c, "appstack"))
	var items []item
	if err := d.get("/api/items", &items); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(items, func(i item) bool { return i.Name == "survivor" }) {
		t.Errorf("the item written before is gone: %v", items)
	}
	var uploads []upload
	if err := d.get("/api/uploads", &uploads); err != nil || len(uploads) == 0 {
		t.Fatalf("the uploads are gone: %v %v", uploads, err)
	}
	last := uploads[len(uploads)-1]
	if code, body, err := get(d.http, d.base+last.Link); err != nil || code != http.StatusOK || len(body) != last.Size {
		t.Errorf("the upload cannot be read: %d %v", code, err)
	}
}
