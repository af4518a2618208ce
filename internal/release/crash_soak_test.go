//go:build soak

package release_test

import "testing"

// TestSoakRevisions kills a run of a three-wave release at every request that it makes, and makes many revisions.
func TestSoakRevisions(t *testing.T) {
	r, s := onlyNomad(t)
	t.Run("many runs of one release at once leave no mixed state", func(t *testing.T) { atOnce(t, r, "many", 20, 20) })
	t.Run("history and rollback outlive scaling and garbage collection", func(t *testing.T) { longLived(t, r, "long", 30, 40) })
	t.Run("a killed run leaves nothing stuck and a true history", func(t *testing.T) {
		requests, writes := measure(t, r, s.URL)
		t.Logf("a run makes %d requests, %d of them write", requests, writes)
		var cuts []cut
		for i := range writes {
			cuts = append(cuts, cut{i + 1, true})
		}
		for i := range requests {
			cuts = append(cuts, cut{i + 1, false})
		}
		crashAll(t, r, s.URL, cuts, 10)
	})
}
