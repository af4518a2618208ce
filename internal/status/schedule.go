package status

import (
	"time"

	"github.com/hashicorp/nomad/api"
)

// schedule is when a periodic job is launched, by its own clock.
type schedule struct {
	config *api.PeriodicConfig
	zone   *time.Location
}

// newSchedule reads a job's schedule. A time zone that this machine does not know counts as UTC: Nomad's servers have
// accepted it.
func newSchedule(c *api.PeriodicConfig) schedule {
	zone, err := c.GetLocation()
	if err != nil {
		zone = time.UTC
	}
	if c.SpecType == nil { // what a server gives back is complete, what a pack holds need not be
		full := *c
		full.Canonicalize()
		c = &full
	}
	return schedule{config: c, zone: zone}
}

// after is the first launch after a moment, zero when there is none.
func (s schedule) after(t time.Time) time.Time {
	next, err := s.config.Next(t.In(s.zone))
	if err != nil {
		return time.Time{}
	}
	return next
}

// twice is the second launch after a moment, zero when there is none: what has happened until then has happened within
// two periods, also where these differ, as over a weekend.
func (s schedule) twice(t time.Time) time.Time {
	if t = s.after(t); t.IsZero() {
		return t
	}
	return s.after(t)
}

// clock writes a moment for people who read it at now.
func (s schedule) clock(t, now time.Time) string {
	t, now = t.In(s.zone), now.In(s.zone)
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04:05 MST")
	}
	return t.Format("2006-01-02 15:04:05 MST")
}

// NextLaunch says when a periodic job is launched next after now, for people; "" for a job that is not periodic, is
// disabled, or is never launched again.
func NextLaunch(job *api.Job, now time.Time) string {
	if job.Periodic == nil || disabled(job.Periodic) {
		return ""
	}
	s := newSchedule(job.Periodic)
	next := s.after(now)
	if next.IsZero() {
		return ""
	}
	return next.In(s.zone).Format(launchFormat)
}

const launchFormat = "2006-01-02 15:04:05 MST"

func disabled(c *api.PeriodicConfig) bool { return c.Enabled != nil && !*c.Enabled }
