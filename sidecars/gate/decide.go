package gate

import (
	"fmt"
	"slices"
	"time"

	"github.com/packctl/packctl/hcl/spec"
)

// rule is what one condition asks of its samples.
type rule struct {
	name      string
	min       int           // instances that must pass; 1 for everything that is not a service
	stableFor time.Duration // how long they must have passed without a break
	timeout   time.Duration // how long the condition may not hold, from the start or from when it last held
}

// Sample is what one look at a condition saw.
type Sample struct {
	Passing   int    // instances; 1 for a probe that succeeded
	Reason    string // one line: why not more, or what passes
	Permanent bool   // looking again cannot change it
}

// condition is what the samples of one rule have come to.
type condition struct {
	ready   bool
	since   time.Time // when ready last changed
	reason  string
	seen    string    // what the last sample said
	held    time.Time // since when enough instances pass; zero while they do not
	refused int       // permanent samples in a row
}

// refusals is how many permanent samples in a row end the wait: one may come from a server that is just starting or from an
// agent that has not heard of a new token yet.
const refusals = 2

// state is all that the gate knows. decide never changes the one that it is given.
type state struct {
	started    time.Time
	conditions []condition
}

// observation is one sample of one rule.
type observation struct {
	index int
	Sample
}

// decision is what to do now.
type decision struct {
	open    bool
	err     error         // *DeniedError or *TimeoutError: give up
	changed []int         // conditions to tell about: readiness or reason is new
	again   time.Duration // decide again after this without a sample; 0: only a sample can change anything
}

func newState(n int, now time.Time) state {
	s := state{started: now, conditions: make([]condition, n)}
	for i := range s.conditions {
		s.conditions[i] = condition{since: now, reason: "not asked yet"}
	}
	return s
}

// decide takes one sample, or none when only time has passed, and says whether the gate opens, waits on or gives up. It
// opens when all conditions are ready at the same moment. No wait is longer than the longest timeout: a condition that
// comes and goes cannot keep the gate shut for ever.
func decide(rules []rule, s state, seen *observation, now time.Time) (state, decision) {
	next := state{started: s.started, conditions: slices.Clone(s.conditions)}
	var d decision
	for i, r := range rules {
		var sample *Sample
		if seen != nil && seen.index == i {
			sample = &seen.Sample
		}
		c := advance(r, s.conditions[i], sample, now)
		if c.ready != s.conditions[i].ready || c.reason != s.conditions[i].reason {
			d.changed = append(d.changed, i)
		}
		next.conditions[i] = c
	}
	d.open = !slices.ContainsFunc(next.conditions, func(c condition) bool { return !c.ready })
	if d.open {
		return next, d
	}
	for i, c := range next.conditions {
		if c.refused >= refusals {
			d.err = &DeniedError{Condition: rules[i].name, Reason: c.reason}
			return next, d
		}
	}
	d.again, d.err = deadline(rules, next, now)
	return next, d
}

// advance is one condition's next step.
func advance(r rule, c condition, sample *Sample, now time.Time) condition {
	if sample != nil {
		c.seen = sample.Reason
		c.reason = sample.Reason
		switch {
		case sample.Passing < r.min:
			c.held = time.Time{}
		case c.held.IsZero():
			c.held = now
		}
		c.refused++
		if !sample.Permanent {
			c.refused = 0
		}
	}
	ready := false
	if !c.held.IsZero() {
		c.reason = c.seen
		if ready = now.Sub(c.held) >= r.stableFor; !ready {
			c.reason = fmt.Sprintf("%s, but not yet for %s", c.seen, r.stableFor)
		}
	}
	if ready != c.ready {
		c.ready, c.since = ready, now
	}
	return c
}

// deadline is the time until a condition becomes stable or a timeout passes, or the error of one that has passed.
func deadline(rules []rule, s state, now time.Time) (time.Duration, error) {
	var longest time.Duration
	for _, r := range rules {
		longest = max(longest, r.timeout)
	}
	again := longest - now.Sub(s.started)
	late := again <= 0
	for i, c := range s.conditions {
		if c.ready {
			continue
		}
		left := rules[i].timeout - now.Sub(c.since)
		late = late || left <= 0
		again = min(again, left)
		if !c.held.IsZero() {
			again = min(again, rules[i].stableFor-now.Sub(c.held))
		}
	}
	if late {
		return 0, &TimeoutError{After: now.Sub(s.started), Conditions: report(rules, s)}
	}
	return again, nil
}

// report is the state in the words of the progress file.
func report(rules []rule, s state) []spec.Condition {
	out := make([]spec.Condition, len(rules))
	for i, c := range s.conditions {
		out[i] = spec.Condition{Name: rules[i].name, Ready: c.ready, Reason: c.reason, Since: c.since}
	}
	return out
}
