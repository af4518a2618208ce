package release

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// TestWhatHasNoPlaceEnds: Nomad sets no deadline for a group of which nothing was placed.
func TestWhatHasNoPlaceEnds(t *testing.T) {
	full := &api.AllocationMetric{DimensionExhausted: map[string]int{"memory": 1}, NodesExhausted: 1}
	for name, c := range map[string]struct {
		job    func(*stack.Job, *fake)
		within time.Duration
		words  string
	}{
		"after its progress_deadline": {
			job: func(j *stack.Job, _ *fake) {
				j.API.TaskGroups[0].Update = &api.UpdateStrategy{ProgressDeadline: ptr(3 * time.Minute)}
			},
			within: 3 * time.Minute, words: "tier api: no node can take it: not enough memory on 1 node"},
		"after Nomad's own default where none is said": {
			job:    func(*stack.Job, *fake) {},
			within: 10 * time.Minute, words: "tier api: no node can take it: not enough memory on 1 node"},
		"batch work too": {
			job:    func(j *stack.Job, _ *fake) { j.API.Type = ptr("batch") },
			within: 10 * time.Minute, words: "tier api: no node can take it: not enough memory on 1 node"},
		"batch work whose node is lost": {
			job: func(j *stack.Job, f *fake) {
				j.API.Type = ptr("batch")
				f.becomes = map[string]string{"api": "lost"}
			},
			within: 10 * time.Minute, words: "tier api: its node node1 was lost; no node can take it: not enough memory on 1 node"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"}, []string{"api"})
				f.unplaced = map[string]*api.AllocationMetric{"api": full}
				c.job(s.Jobs[1], f)
				res, err, _ := do(t, f, s, RunOptions{}, nil)
				wantOutcome(t, res, err, Failed, c.words)
				want(t, f, "register db", "register api", "unlock")
				if res.Elapsed < c.within || res.Elapsed > c.within+2*time.Second {
					t.Errorf("it took %s, want %s", res.Elapsed, c.within)
				}
			})
		})
	}
}

// TestWhatFindsAPlaceLater: capacity that comes, within the time, is none of a failure.
func TestWhatFindsAPlaceLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.unplaced = map[string]*api.AllocationMetric{"api": {NodesExhausted: 1}}
		time.AfterFunc(9*time.Minute, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.unplaced = nil
			f.wake()
		})
		res, err, _ := do(t, f, newStack([]string{"api"}), RunOptions{}, nil)
		wantOutcome(t, res, err, Healthy)
	})
}
