//go:build integration || soak

package release_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/release"
)

// atOnce runs one release many times at once, each with another generation: whoever has the lock does all of it and makes one
// revision, whoever has not does nothing, and tries again until enough have had their turn.
func atOnce(t *testing.T, r *real, rel string, n, turns int) {
	var all sync.WaitGroup
	var won, lost atomic.Int32
	results := make([]*release.Result, n)
	for i := range n {
		s := threeWaves(t, rel, fmt.Sprint(i))
		all.Go(func() {
			again := time.NewTicker(2 * time.Second)
			defer again.Stop()
			for {
				res, err := r.engineOf(fmt.Sprintf("%d@here", i)).Run(t.Context(), s, release.RunOptions{HistoryMax: n}, &events{t: t})
				results[i] = res
				switch {
				case err == nil:
					won.Add(1)
					return
				case res.Outcome != release.Locked && res.Outcome != release.Conflict || len(res.Submitted) > 0:
					t.Errorf("run %d: %v, submitted %v", i, err, res.Submitted)
					return
				}
				lost.Add(1)
				if int(won.Load()) >= turns {
					return
				}
				<-again.C
			}
		})
	}
	all.Wait()
	list := revisionsOf(t, r, rel)
	if int(won.Load()) < turns || len(list) != int(won.Load()) {
		t.Fatalf("%d runs had their turn, not %d, and there are %d revisions: %s", won.Load(), turns, len(list), told(list))
	}
	for i, res := range results {
		if res.Outcome != release.Healthy {
			continue
		}
		if rev := list[res.Revision-1]; rev.Who != fmt.Sprintf("%d@here", i) || rev.Outcome != release.Healthy || len(rev.Submitted) != 3 {
			t.Errorf("run %d made %+v", i, rev)
		}
	}
	last, _, _ := strings.Cut(list[len(list)-1].Who, "@")
	if got := r.generations(t, rel, "db", "api", "front"); !slices.Equal(got, []string{last, last, last}) {
		t.Errorf("generations %v, and the last revision is of run %s", got, last)
	}
	t.Logf("%d runs at once: %d made a revision each, %d times a run found another one at work and did nothing", n, won.Load(), lost.Load())
}

// longLived makes revisions of one job, scales it in between, collects Nomad's garbage, and rolls back: another job of the
// release never restarts, and counts stay.
func longLived(t *testing.T, r *real, rel string, revisions, scalings int) {
	ctx := t.Context()
	at := func(i int) *stack.Stack {
		return newStack(t, rel, []job{{name: "db", script: "exec sleep 3600", update: quick}},
			[]job{{name: "web", script: "exec sleep 3600", update: quick, task: fmt.Sprintf("env { GENERATION = \"%d\" }", i),
				group: "count = 1\nscaling {\n min = 1\n max = 3\n}"}})
	}
	scaled, count, first := 0, 1, ""
	for i := range revisions {
		if _, err := r.engineOf("me@here").Run(ctx, at(i), release.RunOptions{}, &events{t: t}); err != nil {
			t.Fatalf("revision %d: %v", i+1, err)
		}
		if i == 0 {
			first = r.allocs(t, rel+"-db")[0].ID
		}
		for ; scaled < scalings*(i+1)/revisions; scaled++ {
			count = 1 + (scaled+1)%3
			if _, err := r.engineOf("me@here").Scale(ctx, release.ScaleOptions{Release: rel, Targets: []release.Target{{Tier: "web", Count: count}}}, &events{t: t}); err != nil {
				t.Fatalf("scaling %d: %v", scaled+1, err)
			}
		}
	}
	if err := r.api.System().GarbageCollect(); err != nil {
		t.Fatal(err)
	}
	list := revisionsOf(t, r, rel)
	if want := min(revisions, 10); len(list) != want || list[0].Number != revisions-want+1 {
		t.Errorf("history has %s", told(list))
	}
	target := list[0].Number
	res, err := r.engineOf("me@here").Rollback(ctx, release.RollbackOptions{Release: rel, Namespace: "default", Revision: target}, &events{t: t})
	if err != nil || !slices.Equal(res.Submitted, []string{rel + "-web"}) || res.Revision != revisions+1 {
		t.Fatalf("rollback: %+v, %v", res, err)
	}
	if got := r.generations(t, rel, "web"); got[0] != fmt.Sprint(target-1) {
		t.Errorf("generation %s, want %d", got[0], target-1)
	}
	if db := r.allocs(t, rel+"-db"); len(db) != 1 || db[0].ID != first || db[0].JobVersion != 0 || db[0].TaskStates["main"].Restarts != 0 {
		t.Errorf("db did not change, and it was %s: %+v", first, db)
	}
	web, err := r.nomad.Job(ctx, rel+"-web")
	if err != nil || *web.TaskGroups[0].Count != count {
		t.Errorf("the count that was scaled to, %d, is %d: %v", count, *web.TaskGroups[0].Count, err)
	}
	again, err := r.engineOf("me@here").Rollback(ctx, release.RollbackOptions{Release: rel, Namespace: "default", Revision: res.Revision}, &events{t: t})
	if err != nil || again.Outcome != release.Unchanged {
		t.Errorf("a rollback to what is in effect: %+v, %v", again, err)
	}
	t.Logf("%d revisions, %d scalings, garbage collected; %s", revisions, scaled, told(revisionsOf(t, r, rel)))
}
