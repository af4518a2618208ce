//go:build e2e && soak

package e2e

import (
	"testing"
	"time"
)

// TestSoakEnstoreKills kills every tier of enstore in turn, each under a minute of load, with the assertions of the short
// form.
func TestSoakEnstoreKills(t *testing.T) {
	dumpOnFailure(t, "enstore")
	c := nomadClient(t)
	t.Cleanup(func() {
		if r := packctl(t, "stop", "enstore"); r.code != 0 {
			t.Error(r)
		}
	})
	mustPackctl(t, enstoreArgs(t, copyTree(t, "examples/enstore"))...)
	s := newShop(enstorePorts["http"])
	checkRequest(t, s)
	for job, tiers := range enstoreTiers {
		for _, tier := range tiers {
			t.Run(tier, func(t *testing.T) {
				checkKills(t, c, s, "enstore", []kill{{"enstore-" + job, tier, 10 * time.Second}}, time.Minute)
			})
		}
	}
}
