package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// keepChanges is how many recent changes a page holds.
const keepChanges = 40

// Identity is which release the page is about.
type Identity struct {
	Release   string
	Namespace string
}

// Decision is what one sample led to.
type Decision struct {
	Page    *Page
	Changed bool     // the page says something else than the one before
	New     []Change // oldest first, also those that Page.Changes no longer holds
}

// decide turns a sample into the next page. It is pure: prev (nil at first) is what it decided before, now is the clock.
func decide(who Identity, prev *Page, s Sample, now time.Time) Decision {
	page := &Page{Release: who.Release, Namespace: who.Namespace, Sources: links(prev, s, now), Tiers: []Tier{}}
	nomadDown := s.Faults[Nomad] != nil
	switch {
	case !nomadDown:
		page.Time = s.Time
		page.Tiers = tiersOf(prev, s, now)
	case prev != nil:
		page.Time, page.Tiers, page.Stale = prev.Time, prev.Tiers, true
	default:
		page.Stale = true
	}
	page.Banner = banner(page)
	markCauses(page)
	added := changes(prev, page, now)
	page.Changes = remember(prev, added)

	return Decision{Page: page, New: added, Changed: prev == nil || !same(prev, page)}
}

// same tells whether two pages say the same, whenever they were made.
func same(a, b *Page) bool {
	x, y := *a, *b
	x.Time, y.Time = time.Time{}, time.Time{}
	p, err1 := json.Marshal(x)
	q, err2 := json.Marshal(y)
	return err1 == nil && err2 == nil && bytes.Equal(p, q)
}

func links(prev *Page, s Sample, now time.Time) []Link {
	var out []Link
	for _, p := range parts() {
		l := Link{Part: p, Label: p.label(), OK: s.Faults[p] == nil, Since: now}
		if err := s.Faults[p]; err != nil {
			l.Error = err.Error()
			var denied release.FaultDenied
			l.Denied = errors.As(err, &denied)
		}
		if prev != nil {
			for _, was := range prev.Sources {
				if was.Part == p && was.OK == l.OK && was.Denied == l.Denied {
					l.Since = was.Since
				}
			}
		}
		out = append(out, l)
	}
	return out
}

// trouble says in a word how a part does not serve.
func (l Link) trouble() string {
	if l.Denied {
		return "refusing"
	}
	return "unreachable"
}

// tiersOf joins what status derived with what the registered jobs say about each group.
func tiersOf(prev *Page, s Sample, now time.Time) []Tier {
	groups := groupsOf(s.Observation)
	gates := map[string]*spec.Progress{}
	for _, j := range s.Observation.Jobs {
		for alloc, p := range j.Progress {
			gates[alloc] = p
		}
	}
	out := make([]Tier, 0, len(s.Tiers))
	for _, st := range s.Tiers {
		id := tierID(st.Job, st.Name)
		g := groups[id]
		t := Tier{
			Tier: st, ID: id, Level: levelOf(st.State), Since: now,
			Type: g.kind, Schedule: g.schedule, Launches: g.launches, Services: g.services, Needs: slices.Clone(g.needs), Volumes: g.volumes,
		}
		for _, in := range st.Instances {
			t.Instances = append(t.Instances, instanceOf(in, gates[in.Alloc]))
			if g.launches {
				continue // what a run that has ended went through is not the tier's
			}
			for _, task := range in.Tasks {
				t.Restarts += task.Restarts
			}
		}
		t.Tier.Instances = nil
		t.Since = sinceOf(prev, t, now)
		out = append(out, t)
	}
	resolve(out)
	out = order(out)
	levels := map[string]Level{}
	for _, t := range out {
		levels[t.ID] = t.Level
	}
	for i := range out {
		for k := range out[i].Needs {
			out[i].Needs[k].Level = levels[out[i].Needs[k].Tier]
		}
	}
	return out
}

func instanceOf(in status.Instance, gate *spec.Progress) Instance {
	out := Instance{Instance: in, Level: levelOf(in.State)}
	if gate != nil && gate.Phase != spec.PhaseDone {
		out.Gate = gate
	}
	return out
}

// sinceOf is when the tier entered its state: kept while it stays there, and at the monitor's own start taken from the
// instance that changed last.
func sinceOf(prev *Page, t Tier, now time.Time) time.Time {
	if prev != nil {
		if was := find(prev.Tiers, t.ID); was != nil {
			if was.State == t.State {
				return was.Since
			}
			return now
		}
	}
	var newest time.Time
	for _, in := range t.Instances {
		if in.State == t.State && in.Since.After(newest) {
			newest = in.Since
		}
	}
	if newest.IsZero() || newest.After(now) {
		return now
	}
	return newest
}

func find(tiers []Tier, id string) *Tier {
	for i := range tiers {
		if tiers[i].ID == id {
			return &tiers[i]
		}
	}
	return nil
}

// changes lists the steps from prev to page. The first page has none: that the monitor started is not news of the release.
func changes(prev, page *Page, now time.Time) []Change {
	if prev == nil {
		return nil
	}
	var out []Change
	for i, l := range page.Sources {
		if i < len(prev.Sources) && prev.Sources[i].OK != l.OK {
			c := Change{Time: now, Name: l.Label, To: "reachable", Level: LevelOK}
			if !l.OK {
				c.To, c.Level, c.Reason = status.State(l.trouble()), LevelUnknown, l.Error
			}
			out = append(out, c)
		}
	}
	if page.Stale || prev.Time.IsZero() {
		return out
	}
	for _, t := range page.Tiers {
		c := Change{Time: now, Tier: t.ID, Name: t.Name, To: t.State, Level: t.Level, Reason: t.Reason}
		was := find(prev.Tiers, t.ID)
		switch {
		case was == nil:
			out = append(out, c)
		case was.State != t.State:
			c.From = was.State
			out = append(out, c)
		}
	}
	for _, was := range prev.Tiers {
		if find(page.Tiers, was.ID) == nil {
			out = append(out, Change{Time: now, Tier: was.ID, Name: was.Name, From: was.State, To: "gone", Level: LevelOff})
		}
	}
	return out
}

func remember(prev *Page, added []Change) []Change {
	out := append([]Change{}, added...)
	slices.Reverse(out)
	if prev != nil {
		out = append(out, prev.Changes...)
	}
	return out[:min(len(out), keepChanges)]
}

// clip keeps a reason to one line of a sensible length for banners and logs; the whole text stands at the instance.
func clip(s string, limit int) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}
