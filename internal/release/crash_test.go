//go:build integration || soak

package release_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/nomad"
	"github.com/packctl/packctl/internal/realtest"
	"github.com/packctl/packctl/internal/release"
)

// threeWaves is a release of three waves. Everything in it is another with another generation.
func threeWaves(t *testing.T, rel, generation string) *stack.Stack {
	j := func(name string) []job {
		return []job{{name: name, script: "exec sleep 3600", task: fmt.Sprintf("env { GENERATION = %q }", generation), update: quick}}
	}
	return newStack(t, rel, j("db"), j("api"), j("front"))
}

// Environment of the process that is killed.
const (
	victimAddress = "PACKCTL_TEST_VICTIM_ADDRESS"
	victimRelease = "PACKCTL_TEST_VICTIM_RELEASE"
)

// TestVictim is the process that is killed; by itself it tests nothing.
func TestVictim(t *testing.T) {
	address, rel := os.Getenv(victimAddress), os.Getenv(victimRelease)
	if address == "" {
		return
	}
	client, err := nomad.New(nomad.Config{Address: address})
	if err != nil {
		t.Fatal(err)
	}
	engine := release.New(release.Deps{Nomad: client, Owner: "victim@here, pid " + fmt.Sprint(os.Getpid())})
	if _, err := engine.Run(t.Context(), threeWaves(t, rel, "victim"), release.RunOptions{}, &events{t: t}); err != nil {
		t.Fatal(err)
	}
}

// cut is when a process is killed: when Nomad has carried out its n-th request, of all or of those that write. Nothing of
// the answer reaches it.
type cut struct {
	n      int
	writes bool
}

func (c cut) String() string {
	if c.writes {
		return fmt.Sprintf("write %d", c.n)
	}
	return fmt.Sprintf("request %d", c.n)
}

// reaper is a proxy before Nomad that kills its one client.
type reaper struct {
	cut cut
	url string

	mu         sync.Mutex
	requests   int
	writes     int
	registered []string // job IDs that Nomad accepted
	client     *os.Process
	killed     bool
	writing    sync.WaitGroup
}

func newReaper(t *testing.T, to string, c cut) *reaper {
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	r := &reaper{cut: c}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport, proxy.FlushInterval = r, -1
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	s := httptest.NewServer(proxy)
	t.Cleanup(s.Close)
	t.Cleanup(s.CloseClientConnections)
	r.url = s.URL
	return r
}

var errCut = errors.New("the client is dead")

// RoundTrip counts, forwards, and kills.
func (r *reaper) RoundTrip(req *http.Request) (*http.Response, error) {
	path := req.URL.Path
	write := req.Method != http.MethodGet && !strings.HasSuffix(path, "/plan")
	r.mu.Lock()
	if r.killed {
		r.mu.Unlock()
		return nil, errCut
	}
	r.requests++
	if write { // Nomad carries it out, whether the client lives to hear of it or not
		r.writes++
		r.writing.Add(1)
		defer r.writing.Done()
		req = req.WithContext(context.WithoutCancel(req.Context()))
	}
	now := r.cut == cut{r.requests, false} || write && r.cut == cut{r.writes, true}
	r.mu.Unlock()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if write && resp.StatusCode == http.StatusOK && (path == "/v1/jobs" || strings.HasPrefix(path, "/v1/job/")) {
		r.registered = append(r.registered, path)
	}
	if !now {
		return resp, nil
	}
	r.killed = true
	_ = resp.Body.Close()
	if err := r.client.Kill(); err != nil {
		return nil, err
	}
	return nil, errCut
}

// victim runs the process to its end or its death.
func (r *reaper) victim(t *testing.T, rel string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run", "^TestVictim$")
	cmd.Env = append(os.Environ(), victimAddress+"="+r.url, victimRelease+"="+rel)
	r.mu.Lock() // before the first request is counted the process is known
	err = cmd.Start()
	r.client = cmd.Process
	r.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	r.writing.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && !r.killed {
		t.Fatalf("it ended by itself: %v", err)
	}
}

// untilFree does what a person does: again, until the lock of who died is free.
func untilFree(t *testing.T, do func() (*release.Result, error)) (*release.Result, error) {
	deadline := time.Now().Add(time.Minute)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		res, err := do()
		if res.Outcome != release.Locked || time.Now().After(deadline) {
			return res, err
		}
		<-tick.C
	}
}

// onlyNomad is a Nomad without Consul, with Nomad's word about health alone.
func onlyNomad(t *testing.T) (*real, *realtest.Server) {
	t.Helper()
	s := realtest.Nomad(t, nil)
	return newClient(t, s), s
}

// engineOf is an engine that asks no Consul.
func (r *real) engineOf(owner string) *release.Engine {
	return release.New(release.Deps{Nomad: r.nomad, Owner: owner})
}

// generations are the generations of a release's jobs, by job ID.
func (r *real) generations(t *testing.T, rel string, names ...string) []string {
	t.Helper()
	var out []string
	for _, name := range names {
		j, err := r.nomad.Job(t.Context(), rel+"-"+name)
		if err != nil || j == nil {
			t.Fatalf("job %s: %v", name, err)
		}
		out = append(out, j.TaskGroups[0].Tasks[0].Env["GENERATION"])
	}
	return out
}

// wayOut is what a person does about a run that died.
type wayOut struct {
	name string
	do   func() (*release.Result, error)
	want []string // generations, one of which every job then is of
}

// waysOut are in turn a rollback and one of two runs.
func waysOut(t *testing.T, r *real, rel string, opt release.RunOptions) []wayOut {
	run := func(generation string) func() (*release.Result, error) {
		return func() (*release.Result, error) {
			return r.engineOf("me@here").Run(t.Context(), threeWaves(t, rel, generation), opt, &events{t: t})
		}
	}
	rollback := wayOut{"a rollback", func() (*release.Result, error) {
		return r.engineOf("me@here").Rollback(t.Context(), release.RollbackOptions{Release: rel, Namespace: "default", Timeout: opt.Timeout}, &events{t: t})
	}, []string{"zero", "one"}}
	return []wayOut{rollback, {"the same run again", run("victim"), []string{"victim"}}, rollback, {"another run", run("next"), []string{"next"}}}
}

// crash kills a run of the release at the cut, and has the next verb find out and bring the release to health.
func crash(t *testing.T, r *real, to, rel string, c cut, next int) {
	ctx := t.Context()
	opt := release.RunOptions{Timeout: 3 * time.Minute}
	for _, generation := range []string{"zero", "one"} {
		if _, err := r.engineOf("me@here").Run(ctx, threeWaves(t, rel, generation), opt, &events{t: t}); err != nil {
			t.Fatal(err)
		}
	}
	reaper := newReaper(t, to, c)
	reaper.victim(t, rel)

	before := revisionsOf(t, r, rel) // while nobody works on it, or the lock of the dead one holds
	verb := waysOut(t, r, rel, opt)[next%4]
	res, err := untilFree(t, verb.do)
	if err != nil || res.Outcome != release.Healthy && res.Outcome != release.Unchanged {
		t.Fatalf("%s: outcome %q, %v", verb.name, res.Outcome, err)
	}
	got := r.generations(t, rel, "db", "api", "front")
	if !slices.Contains(verb.want, got[0]) || got[1] != got[0] || got[2] != got[0] {
		t.Errorf("%s: generations %v, want one of %v", verb.name, got, verb.want)
	}
	after := revisionsOf(t, r, rel)
	for _, rev := range after {
		if rev.Outcome == release.Pending {
			t.Errorf("revision %d is still pending", rev.Number)
		}
	}
	last := after[len(after)-1]
	if last.Outcome != release.Healthy {
		t.Errorf("the newest revision %d is %s: %s", last.Number, last.Outcome, last.Note)
	}
	truth(t, reaper, before, after)
	t.Logf("killed at %s of %d requests, %d writes, with %d jobs submitted; then %s: %s", c, reaper.requests, reaper.writes, len(reaper.registered), verb.name, told(after))
}

// truth holds what history says of the run that was killed against what Nomad was asked.
func truth(t *testing.T, r *reaper, before, after []*release.Revision) {
	t.Helper()
	i := slices.IndexFunc(after, func(rev *release.Revision) bool { return strings.HasPrefix(rev.Who, "victim") })
	if i < 0 {
		if len(r.registered) > 0 {
			t.Errorf("%d jobs were submitted without a record", len(r.registered))
		}
		return
	}
	rev := after[i]
	if len(rev.Submitted) != len(r.registered) {
		t.Errorf("revision %d says that %v were submitted, Nomad was asked for %v", rev.Number, rev.Submitted, r.registered)
	}
	switch {
	case len(r.registered) == 0 && rev.Outcome != release.Nothing, len(r.registered) > 0 && len(r.registered) < 3 && rev.Outcome != release.Interrupted,
		len(r.registered) == 3 && rev.Outcome != release.Interrupted && rev.Outcome != release.Healthy:
		t.Errorf("revision %d with %d of 3 jobs submitted is %s", rev.Number, len(r.registered), rev.Outcome)
	}
	if !slices.ContainsFunc(before, func(b *release.Revision) bool { return b.Number == rev.Number }) {
		t.Errorf("history did not list revision %d before the next verb", rev.Number)
	}
}

func revisionsOf(t *testing.T, r *real, rel string) []*release.Revision {
	t.Helper()
	list, err := r.engineOf("me@here").History(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func told(list []*release.Revision) string {
	var out []string
	for _, rev := range list {
		out = append(out, fmt.Sprintf("%d %s", rev.Number, rev.Outcome))
	}
	return strings.Join(out, ", ")
}

// measure counts the requests of a run that nobody kills.
func measure(t *testing.T, r *real, to string) (requests, writes int) {
	t.Helper()
	if _, err := r.engineOf("me@here").Run(t.Context(), threeWaves(t, "measure", "one"), release.RunOptions{}, &events{t: t}); err != nil {
		t.Fatal(err)
	}
	reaper := newReaper(t, to, cut{})
	reaper.victim(t, "measure")
	return reaper.requests, reaper.writes
}

// crashAll tries cuts, some at a time: each has to wait until the lock of the dead is free.
func crashAll(t *testing.T, r *real, to string, cuts []cut, atOnce int) {
	began := time.Now()
	free := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, c := range cuts { // not t.Parallel, which runs as many as there are processors: these mostly wait
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			t.Run("killed at "+c.String(), func(t *testing.T) {
				rel := fmt.Sprintf("crash%d", i)
				crash(t, r, to, rel, c, i)
				stopped, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
				defer cancel()
				if _, err := r.engineOf("me@here").Stop(stopped, release.StopOptions{Release: rel}, &events{t: t}); err != nil {
					t.Error(err)
				}
			})
		})
	}
	all.Wait()
	t.Logf("%d cases ran in %s", len(cuts), time.Since(began).Round(time.Second))
}

// someCuts are a few of all cuts, the same ones each time: most of them at writes.
func someCuts(requests, writes, n int) []cut {
	random := rand.New(rand.NewPCG(7, 12))
	var out []cut
	for _, w := range random.Perm(writes)[:min(writes, n*2/3)] {
		out = append(out, cut{w + 1, true})
	}
	for _, q := range random.Perm(requests)[:n-len(out)] {
		out = append(out, cut{q + 1, false})
	}
	return out
}
