//go:build integration

package release_test

import "testing"

// TestRevisionsOnARealNomad has the short forms; the soak forms are longer and take every cut.
func TestRevisionsOnARealNomad(t *testing.T) {
	r, s := onlyNomad(t)
	requests, writes := measure(t, r, s.URL)
	t.Logf("a run makes %d requests, %d of them write", requests, writes)
	r.show(t, someAtOnce, []claim{
		{"a killed run leaves nothing stuck and a true history", func(t *testing.T, r *real) { crashAll(t, r, s.URL, someCuts(requests, writes, 8), 8) }},
		{"many runs of one release at once leave no mixed state", func(t *testing.T, r *real) { atOnce(t, r, "many", 20, 3) }},
		{"history and rollback outlive scaling and garbage collection", func(t *testing.T, r *real) { longLived(t, r, "long", 5, 6) }},
	})
}
