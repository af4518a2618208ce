//go:build e2e && soak

package e2e

import (
	"strings"
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

// TestSoakUpgrades is the long form of the upgrades under load: of the pack as it is, so that workers and scheduler roll too,
// with a rollback that leaves the schema as it is, and without -atomic, where it must be found that a version that the smoke test refuses goes on serving.
func TestSoakUpgrades(t *testing.T) {
	dumpOnFailure(t, "late")
	c := nomadClient(t)
	putCertificate(t, c, "late-web")
	t.Cleanup(func() {
		if r := packctl(t, "stop", "late"); r.code != 0 {
			t.Error(r)
		}
	})
	args := prodArgs("-var", "postgres_image=packctl/postgres:dev")
	mustPackctl(t, args...)
	u := &upgrades{args: args, client: c, door: newDoor(prodHTTPS)}
	password := loginPassword(t, c, "late")
	u.door.login(t, "admin", password)
	checkUpgrades(t, u, password)
	t.Run("an older version starts on a newer schema", func(t *testing.T) {
		if r := u.run(t, backendNext); r.code != 0 {
			t.Fatal(r)
		}
		after := schema(t)
		if r := mustPackctl(t, "rollback", "late"); !strings.Contains(r.stderr, "stays") {
			t.Errorf("it does not say that the schema stays: %s", r)
		}
		if err := stands(t, u, backendNow); err != nil {
			t.Error(err)
		}
		sameSchema(t, after)
	})
	t.Run("without -atomic the spoilt version stays", func(t *testing.T) {
		if r := u.spoil(t, false); r.code != 4 {
			t.Errorf("exit code %d, want 4: %s", r.code, r)
		}
		err := stands(t, u, backendNow)
		t.Logf("what the test finds: %v", err)
		if err == nil {
			t.Error("the test does not notice that -atomic is missing")
		}
		mustPackctl(t, "rollback", "late")
		if err := stands(t, u, backendNow); err != nil {
			t.Error(err)
		}
	})
}
