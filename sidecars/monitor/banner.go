package monitor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packctl/packctl/internal/status"
)

// banner sums a page up in one sentence, the root cause first.
func banner(p *Page) Banner {
	for _, l := range p.Sources {
		if l.Part == Nomad && !l.OK {
			title := "Nomad is unreachable"
			if l.Denied {
				title = "Nomad refuses the monitor's token"
			}
			return Banner{Level: LevelUnknown, Title: title, Since: &l.Since, Detail: clip(l.Error, 300)}
		}
	}
	if len(p.Tiers) == 0 {
		return Banner{Level: LevelOff, Title: fmt.Sprintf("No job of release %q is registered", p.Release)}
	}
	causes := causesOf(p.Tiers)
	if len(causes) == 0 {
		return calm(p)
	}
	b := Banner{Level: LevelBusy, Causes: causes}
	for _, c := range causes {
		if c.Level == LevelBad {
			b.Level = LevelBad
		}
	}
	b.Title = headline(p, causes)
	well := 0
	for _, t := range p.Tiers {
		if t.Level == LevelOK {
			well++
		}
	}
	b.Detail = fmt.Sprintf("%d of %d tiers healthy", well, len(p.Tiers))
	return b
}

func calm(p *Page) Banner {
	stopped := 0
	instances := 0
	for _, t := range p.Tiers {
		if t.State == status.Stopped {
			stopped++
		}
		instances += t.Healthy
	}
	well := len(p.Tiers) - stopped
	switch {
	case well == 0:
		return Banner{Level: LevelOff, Title: fmt.Sprintf("Release %q is stopped", p.Release)}
	case stopped > 0:
		return Banner{Level: LevelOK, Title: count(well, "tier") + " healthy, " + fmt.Sprint(stopped) + " stopped",
			Detail: count(instances, "healthy instance")}
	case well == 1:
		return Banner{Level: LevelOK, Title: p.Tiers[0].Name + " is healthy", Detail: count(instances, "healthy instance")}
	}
	return Banner{Level: LevelOK, Title: fmt.Sprintf("All %d tiers healthy", well), Detail: count(instances, "healthy instance")}
}

// headline names the tier or tiers to look at. Bad ones hide those that are only on their way.
func headline(p *Page, causes []Cause) string {
	var bad []Cause
	for _, c := range causes {
		if c.Level == LevelBad {
			bad = append(bad, c)
		}
	}
	if len(bad) == 1 {
		return bad[0].Name + " " + verb(p, bad[0])
	}
	if len(bad) > 1 {
		return join(names(bad)) + " need attention"
	}
	if len(causes) == 1 {
		return causes[0].Name + " " + verb(p, causes[0])
	}
	return join(names(causes)) + " are on their way"
}

// verb continues the sentence "<tier> …".
func verb(p *Page, c Cause) string {
	switch c.State {
	case status.Failed:
		return "failed"
	case status.Waiting:
		if unmet := unmetOf(find(p.Tiers, c.Tier)); len(unmet) > 0 {
			return "is waiting for " + join(unmet)
		}
		return "is waiting at its gate"
	case status.Migrating:
		return "is migrating its database"
	case status.Pending:
		return "is not placed yet"
	case status.Checking:
		return "is running, its checks do not pass yet"
	case status.Unsubmitted:
		return "is not registered yet"
	case status.Stopped:
		return "is stopped, and others need it"
	}
	return "is " + string(c.State)
}

// unmetOf names the conditions that do not hold: what the gates themselves say, else the needs that are not well.
func unmetOf(t *Tier) []string {
	var out []string
	if t == nil {
		return nil
	}
	for _, in := range t.Instances {
		if in.Gate == nil {
			continue
		}
		for _, c := range in.Gate.Conditions {
			if !c.Ready && !slices.Contains(out, c.Name) {
				out = append(out, c.Name)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, n := range t.Needs {
		if n.Tier != "" && n.Level != LevelOK {
			out = append(out, n.Name)
		}
	}
	return out
}

// causesOf finds the tiers that are not well although all they need is, worst first and then in the order of the page.
func causesOf(tiers []Tier) []Cause {
	troubled := troubledOf(tiers)
	var out []Cause
	for _, t := range tiers {
		if !troubled[t.ID] {
			continue
		}
		if t.Level != LevelBad && needsAny(t, troubled) {
			continue
		}
		out = append(out, Cause{Tier: t.ID, Name: t.Name, State: t.State, Level: t.Level, Reason: clip(t.Reason, 200),
			Blocks: blockedBy(tiers, t.ID, troubled)})
	}
	// A failed tier is a cause in itself; it is no second one when what it needs failed too.
	bad := map[string]bool{}
	for _, c := range out {
		bad[c.Tier] = c.Level == LevelBad
	}
	out = slices.DeleteFunc(out, func(c Cause) bool {
		t := find(tiers, c.Tier)
		return needsAny(*t, bad)
	})
	if len(out) == 0 { // only a cycle gets here: then everybody in it is named, nobody is called healthy
		for _, t := range tiers {
			if troubled[t.ID] {
				out = append(out, Cause{Tier: t.ID, Name: t.Name, State: t.State, Level: t.Level, Reason: clip(t.Reason, 200)})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Cause) int { return rank(a.Level) - rank(b.Level) })
	return out
}

func rank(l Level) int {
	if l == LevelBad {
		return 0
	}
	return 1
}

// troubledOf is who is not well. A stopped tier is, as soon as one that is not well needs it.
func troubledOf(tiers []Tier) map[string]bool {
	out := map[string]bool{}
	for _, t := range tiers {
		if t.Level == LevelBusy || t.Level == LevelBad || t.Level == LevelUnknown {
			out[t.ID] = true
			for _, n := range t.Needs {
				if n.Level == LevelOff && n.Tier != "" {
					out[n.Tier] = true
				}
			}
		}
	}
	return out
}

func needsAny(t Tier, set map[string]bool) bool {
	for _, n := range t.Needs {
		if n.Tier != "" && set[n.Tier] {
			return true
		}
	}
	return false
}

// blockedBy walks from a tier to everything troubled that needs it, directly or not.
func blockedBy(tiers []Tier, id string, troubled map[string]bool) []string {
	reached := map[string]bool{id: true}
	var out []string
	for grown := true; grown; {
		grown = false
		for _, t := range tiers {
			if !reached[t.ID] && troubled[t.ID] && needsAny(t, reached) {
				reached[t.ID], grown = true, true
			}
		}
	}
	for _, t := range tiers {
		if reached[t.ID] && t.ID != id {
			out = append(out, t.Name)
		}
	}
	return out
}

// markCauses flags the tiers that the banner names and those that only suffer from others. A stale page shares its tiers
// with an older one and is left alone.
func markCauses(p *Page) {
	if p.Stale {
		return
	}
	troubled := troubledOf(p.Tiers)
	for i := range p.Tiers {
		t := &p.Tiers[i]
		t.RootCause = slices.ContainsFunc(p.Banner.Causes, func(c Cause) bool { return c.Tier == t.ID && len(c.Blocks) > 0 })
		if !troubled[t.ID] {
			continue
		}
		for _, n := range t.Needs {
			if n.Tier != "" && troubled[n.Tier] && !slices.Contains(t.BlockedBy, n.Tier) {
				t.BlockedBy = append(t.BlockedBy, n.Tier)
			}
		}
	}
}

func names(cs []Cause) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Name)
	}
	return out
}

// join makes "a", "a and b", "a, b and c", "a, b and 3 more".
func join(items []string) string {
	switch n := len(items); {
	case n == 0:
		return ""
	case n == 1:
		return items[0]
	case n <= 3:
		return strings.Join(items[:n-1], ", ") + " and " + items[n-1]
	default:
		return strings.Join(items[:2], ", ") + " and " + fmt.Sprint(n-2) + " more"
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
