package gate

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// moment is one call of decide in a timeline.
type moment struct {
	at   time.Duration // since the start
	seen string        // "a:1 text" = rule a passes with 1 instance; "a:! text" = refused for good; "" = only time has passed
	want string        // "open", "denied a", "timeout", or "wait 5s" with the time until the next look at the clock
}

func TestDecideAsATimeline(t *testing.T) {
	const s = time.Second
	plain := rule{name: "a", min: 1, timeout: 60 * s}
	stable := rule{name: "a", min: 2, stableFor: 5 * s, timeout: 60 * s}
	other := rule{name: "b", min: 1, timeout: 20 * s}
	for name, tc := range map[string]struct {
		rules    []rule
		timeline []moment
	}{
		"nothing to wait for is open at once": {nil, []moment{{0, "", "open"}}},
		"one condition opens when it holds": {[]rule{plain}, []moment{
			{0, "", "wait 1m0s"}, {1 * s, "a:0 absent", "wait 59s"}, {2 * s, "a:1 up", "open"},
		}},
		"too few instances do not open": {[]rule{{name: "a", min: 3, timeout: 60 * s}}, []moment{
			{1 * s, "a:2 two", "wait 59s"}, {2 * s, "a:3 three", "open"},
		}},
		"a condition that has to be stable opens later, without a new sample": {[]rule{stable}, []moment{
			{1 * s, "a:2 up", "wait 5s"}, {3 * s, "a:3 more", "wait 3s"}, {6 * s, "", "open"},
		}},
		"a break starts the time of stability again": {[]rule{stable}, []moment{
			{1 * s, "a:2 up", "wait 5s"}, {4 * s, "a:1 one left", "wait 56s"}, {5 * s, "a:2 up", "wait 5s"}, {9 * s, "", "wait 1s"}, {10 * s, "", "open"},
		}},
		"all must hold at the same moment": {[]rule{plain, other}, []moment{
			{1 * s, "a:1 up", "wait 19s"}, {2 * s, "a:0 down", "wait 18s"}, {3 * s, "b:1 up", "wait 57s"}, {4 * s, "a:1 up", "open"},
		}},
		"the timeout of one condition ends the wait": {[]rule{plain, other}, []moment{
			{1 * s, "a:1 up", "wait 19s"}, {19 * s, "b:0 down", "wait 1s"}, {20 * s, "", "timeout"},
		}},
		"a condition that was lost gets its timeout again": {[]rule{plain, other}, []moment{
			{1 * s, "b:1 up", "wait 59s"}, {15 * s, "b:0 down", "wait 20s"}, {30 * s, "", "wait 5s"}, {35 * s, "", "timeout"},
		}},
		"coming and going cannot keep the gate shut for longer": {[]rule{plain, other}, []moment{
			{1 * s, "b:1 up", "wait 59s"}, {50 * s, "b:0 down", "wait 10s"}, {60 * s, "", "timeout"},
		}},
		"one refusal alone may pass": {[]rule{plain}, []moment{
			{1 * s, "a:! 403", "wait 59s"}, {2 * s, "a:0 starting", "wait 58s"}, {3 * s, "a:! 403", "wait 57s"}, {4 * s, "a:1 up", "open"},
		}},
		"two refusals in a row end the wait": {[]rule{plain, other}, []moment{
			{1 * s, "a:! bad password", "wait 19s"}, {2 * s, "b:0 down", "wait 18s"}, {3 * s, "a:! bad password", "denied a"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			st := newState(len(tc.rules), start)
			for _, m := range tc.timeline {
				var d decision
				st, d = decide(tc.rules, st, parse(t, tc.rules, m.seen), start.Add(m.at))
				if got := verdict(d); got != m.want {
					t.Fatalf("at %s after %q: %s, want %s", m.at, m.seen, got, m.want)
				}
			}
		})
	}
}

func parse(t *testing.T, rules []rule, text string) *observation {
	if text == "" {
		return nil
	}
	head, reason, _ := strings.Cut(text, " ")
	name, count, _ := strings.Cut(head, ":")
	for i, r := range rules {
		if r.name != name {
			continue
		}
		o := &observation{index: i, Sample: Sample{Reason: reason, Permanent: count == "!"}}
		if count != "!" {
			fmt.Sscan(count, &o.Passing)
		}
		return o
	}
	t.Fatalf("no rule %q", name)
	return nil
}

func verdict(d decision) string {
	var denied *DeniedError
	var timeout *TimeoutError
	switch {
	case d.open:
		return "open"
	case errors.As(d.err, &denied):
		return "denied " + denied.Condition
	case errors.As(d.err, &timeout):
		return "timeout"
	}
	return "wait " + d.again.String()
}

func TestDecideTellsWhatChangedAndSinceWhen(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rules := []rule{{name: "a", min: 1, stableFor: 2 * time.Second, timeout: time.Minute}, {name: "b", min: 1, timeout: time.Minute}}
	old := newState(2, start)
	st, d := decide(rules, old, &observation{0, Sample{Passing: 1, Reason: "up"}}, start.Add(time.Second))
	if fmt.Sprint(d.changed) != "[0]" || st.conditions[0].reason != "up, but not yet for 2s" || st.conditions[0].ready {
		t.Errorf("first sample: %v %+v", d.changed, st.conditions[0])
	}
	if old.conditions[0].seen != "" {
		t.Error("decide changed the state that it was given")
	}
	st, d = decide(rules, st, &observation{0, Sample{Passing: 1, Reason: "up"}}, start.Add(2*time.Second))
	if d.changed != nil {
		t.Errorf("the same sample again is news: %v", d.changed)
	}
	st, d = decide(rules, st, nil, start.Add(3*time.Second))
	c := report(rules, st)[0]
	if fmt.Sprint(d.changed) != "[0]" || !c.Ready || c.Reason != "up" || !c.Since.Equal(start.Add(3*time.Second)) {
		t.Errorf("stable: %v %+v", d.changed, c)
	}
	if got := Waiting(report(rules, st)); got != "waits for b: not asked yet" {
		t.Errorf("Waiting: %q", got)
	}
}
