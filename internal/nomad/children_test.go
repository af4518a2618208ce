package nomad

import (
	"testing"
	"time"

	"github.com/packctl/packctl/internal/status"
)

func TestTheTimeOfALaunchStandsInItsName(t *testing.T) {
	at := time.Unix(1795318118, 0)
	for id, want := range map[string]time.Time{
		"cron/periodic-1795318118":                at,
		"a/periodic-1/periodic-1795318118":        at,
		"load/dispatch-1795318118-0d6a3f2a":       at,
		"cron":                                    {},
		"cron/periodic-soon":                      {},
		"cron/periodic-" + "99999999999999999999": {},
	} {
		if got := launchedAt(id); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}

func TestTheNewestRunsOutliveNomadsMemoryOfThem(t *testing.T) {
	b := &brood{final: map[string]struct{}{}}
	for _, id := range []string{"e", "d", "c", "b", "a"} { // newest first
		b.read = append(b.read, status.Child{ID: id, Index: 20})
		if id != "d" {
			b.final[id] = struct{}{}
		}
	}
	b.read[4].Index = 5 // of another job of the name
	var got string
	for _, c := range b.kept(b.read[:1], 10) {
		if !c.Gone {
			t.Errorf("%s is not marked as gone", c.ID)
		}
		got += c.ID
	}
	if got != "cb" { // e is listed, d had not ended
		t.Errorf("kept %q", got)
	}
}
