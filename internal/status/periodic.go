package status

import "time"

// remembered is how long Nomad certainly knows a child that has ended: its default is four hours (job_gc_threshold).
// Where no child is known, nothing is said about what happened earlier.
const remembered = time.Hour

// periodic tells the state of a group of a periodic job: healthy when the last run that ended has succeeded, and that
// within two periods. Runs from an earlier version of the job count for what they did, and not against this one: their
// failure may be what was mended. A run that is under way changes the state only where no other has ended.
func (g *group) periodic(t *Tier, runs []run) {
	config := g.facts.Job.Periodic
	if disabled(config) {
		t.State, t.Reason = Healthy, "periodic, disabled: nothing is launched"
		return
	}
	s := newSchedule(config)
	t.Next = s.after(g.now)
	t.Until = t.Next
	next := "it is not launched again"
	if !t.Next.IsZero() {
		next = "next launch at " + t.Next.In(s.zone).Format(launchFormat)
	}
	last, live := newest(runs, succeeded, failed), newest(runs, underway)
	now := ""
	if live != nil {
		now = s.told(live, g.now)
	}
	deadline, why := g.deadline(s, runs)
	if deadline.After(g.now) && (t.Until.IsZero() || deadline.Before(t.Until)) {
		t.Until = deadline
	}
	switch {
	case last != nil && last.known == failed && !last.older:
		t.State, t.Reason = Unhealthy, join(s.told(last, g.now), now, next)
	case !deadline.IsZero() && !deadline.After(g.now):
		t.State, t.Reason = Unhealthy, join(why, now, next)
	case last != nil && last.known == succeeded:
		t.State, t.Reason = Healthy, join(now, s.told(last, g.now), next)
	case live != nil:
		t.State, t.Reason = live.State, join(now, next)
	case last != nil:
		t.State, t.Reason = Scheduled, join(next+", the first of this version", s.told(last, g.now))
	case g.first(s):
		t.State, t.Reason = Scheduled, "first launch at "+t.Next.In(s.zone).Format(launchFormat)
	default:
		t.State, t.Reason = Scheduled, join(next, "no earlier run is known")
	}
}

// first says that the job's first launch has not come yet.
func (g *group) first(s schedule) bool {
	next := s.after(g.submitted())
	return next.After(g.now) && value(g.facts.Job.Version) == 0
}

func (g *group) submitted() time.Time { return time.Unix(0, value(g.facts.Job.SubmitTime)) }

// deadline is when two periods have passed without a success, and the words for it; zero when the schedule ends before.
// It is the second launch after the last success, later by the time that this one took: by then the run after it would
// have ended as well. A new version of the job starts the count anew.
func (g *group) deadline(s schedule, runs []run) (time.Time, string) {
	from, took := g.submitted(), time.Duration(0)
	why := "nothing was launched for two periods, since "
	switch r := newest(runs, succeeded); {
	case r != nil && r.ended.After(from):
		from, took = r.ended, r.took()
		why = "no run has succeeded for two periods, since "
	case len(runs) > 0 && !runs[0].older:
		first := runs[0]
		for _, r := range runs {
			if !r.older {
				first = r
			}
		}
		from = first.Launched
		why = "no run has succeeded for two periods, since "
	case from.Before(g.now.Add(-remembered)):
		from = g.now.Add(-remembered)
	}
	at := s.twice(from)
	if at.IsZero() {
		return at, ""
	}
	return at.Add(took), why + s.clock(from, g.now)
}

// took is how long the run took, as far as that is known.
func (r *run) took() time.Duration {
	if r.Launched.IsZero() || r.ended.Before(r.Launched) {
		return 0
	}
	return r.ended.Sub(r.Launched)
}

// told says of a run when it was launched and how it is.
func (s schedule) told(r *run, now time.Time) string {
	text := "the run of " + s.clock(r.Launched, now)
	if r.older {
		text += ", of an earlier version,"
	}
	switch r.known {
	case succeeded:
		return text + " succeeded in " + r.took().Round(time.Second).String()
	case failed:
		return text + " failed: " + r.Reason
	}
	return text + " is " + string(r.State) + ": " + r.Reason
}
