//go:build integration

package release_test

import "testing"

// TestRevisionsOnARealNomad has the short forms; the soak forms are longer and take every cut.
func TestRevisionsOnARealNomad(t *testing.T) {
	r, s := onlyNomad(t)
	t.Run("many runs of one release at once leave no mixed state", func(t *testing.T) { atOnce(t, r, "many", 20) })
	t.Run("history and rollback outlive scaling and garbage collection", func(t *testing.T) { longLived(t, r, "long", 4, 5) })
	t.Run("a killed run leaves nothing stuck and a true history", func(t *testing.T) {
		requests, writes := measure(t, r, s.URL)
		t.Logf("a run makes %d requests, %d of them write", requests, writes)
		crashAll(t, r, s.URL, someCuts(requests, writes, 8), 8)
	})
}
