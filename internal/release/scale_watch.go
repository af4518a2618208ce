package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// carryOut asks Nomad for the counts, one after the other where a job has several, and watches until every target is
// healthy and what it has too much has ended.
func (s *scale) carryOut(ctx context.Context) error {
	s.phase = PhaseScale
	w := s.watch(ctx, s.watchedJobs(), s.served())
	defer w.close()
	w.only = s.aims
	j := newJudge(&s.run)
	for {
		o, tiers, err := w.next(ctx)
		if err != nil {
			return s.giveUp(ctx, err, j, 0)
		}
		left, err := s.ask(ctx, o)
		if err != nil {
			return err
		}
		j.remember(o)
		v := j.verdict(o, tiers, 0)
		if over, err := s.judged(ctx, j, o, tiers, v); over || err != nil {
			return err
		}
		if v.kind == allGood && left == 0 && !s.surplus(o) {
			return nil
		}
	}
}

// aims says whether a tier is one of the targets.
func (s *scale) aims(t status.Tier) bool {
	return slices.ContainsFunc(s.targets, func(a *target) bool { return a.job.ID == t.Job && a.group == t.Name })
}

// served are the Consul services of the targets.
func (s *scale) served() []string {
	var names []string
	for _, t := range s.targets {
		for _, svc := range t.job.before.LookupTaskGroup(t.group).Services {
			if svc.Provider != "nomad" {
				names = append(names, svc.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ask asks Nomad for the counts that it has not been asked for, as far as it takes them now, and says how many are left.
func (s *scale) ask(ctx context.Context, o status.Observation) (left int, err error) {
	for i, job := range s.jobs {
		now := o.Jobs[i].Job
		for _, t := range s.targets {
			if t.job != job || t.asked {
				continue
			}
			if now == nil || value(now.JobModifyIndex) < job.index {
				left++ // this reading is older than what was asked before
				continue
			}
			if err := s.askFor(ctx, t, now); err != nil {
				return left, err
			}
			if !t.asked {
				left++
			}
			now = nil // whatever came of it, the job is to be read again
		}
	}
	return left, nil
}

// askFor asks for one count. A deployment that blocks it, and a change in between, are waited for: t is not asked then.
func (s *scale) askFor(ctx context.Context, t *target, now *api.Job) error {
	if why, hint := unscalable(now, t.group, t.count); why != "" { // it has changed since it was found
		return &Error{Outcome: Conflict, Err: errors.New(why), Hint: hint}
	}
	by := s.who()
	err := s.deps.Nomad.Scale(ctx, t.job.ID, t.group, t.count, scaledBy+by, value(now.JobModifyIndex))
	var blocked FaultBlocked
	var moved FaultMoved
	switch {
	case errors.As(err, &blocked):
		s.sayOnce(t.name(), "%s", waitsFor(t, blocked.Deployment()))
		return nil
	case errors.As(err, &moved):
		return nil
	case err != nil:
		return err
	}
	after, err := s.deps.Nomad.Job(ctx, t.job.ID)
	if err != nil {
		return err
	}
	if after == nil {
		return &Error{Outcome: Conflict, Err: fmt.Errorf("job %s was removed by somebody else", t.job.ID), Hint: "find out who and why"}
	}
	t.asked = true
	t.job.Wave, t.job.changed, t.job.api = 0, true, after
	t.job.index, t.job.version = value(after.JobModifyIndex), value(after.Version)
	if !slices.Contains(s.res.Submitted, t.job.ID) {
		s.res.Submitted = append(s.res.Submitted, t.job.ID)
	}
	s.say(Info, t.job.ID, "tier %s goes from %d to %s; %s", t.group, t.from, instances(t.count), afterRun(after.LookupTaskGroup(t.group)))
	return nil
}

// afterRun says how long a count lasts; keepCounts is the reason.
func afterRun(tg *api.TaskGroup) string {
	if tg != nil && tg.Scaling != nil && (tg.Scaling.Enabled == nil || *tg.Scaling.Enabled) {
		return "packctl run keeps it, as the tier has an enabled scaling block"
	}
	return "the next packctl run sets the count of the pack's variables again"
}

func waitsFor(t *target, d *api.Deployment) string {
	id := d.ID[:min(8, len(d.ID))]
	return fmt.Sprintf("tier %s waits for deployment %s of job %s to end (%s); nomad deployment fail %s ends it now",
		t.group, id, t.job.ID, d.StatusDescription, id)
}

// judged ends the watch on what cannot become well; over is never true without an error.
func (s *scale) judged(ctx context.Context, j *judge, o status.Observation, tiers []status.Tier, v verdict) (over bool, err error) {
	switch v.kind {
	case hopeless:
		if !slices.ContainsFunc(s.targets, func(t *target) bool { return slices.Contains(v.bad, t.name()) }) {
			return false, nil
		}
		v.job.ended = v.how
		s.say(Warn, v.job.ID, "%s failed %d times without ever being healthy: ending the deployment of job %s", strings.Join(v.bad, ", "), triesEnough, v.job.ID)
		return false, s.deps.Nomad.FailDeployment(ctx, v.how)
	case tryAgain:
		if len(v.bad) == 0 { // Nomad is about to place it again
			return false, nil
		}
		s.res.Failures = j.failures(ctx, o, tiers, v.bad)
		return true, &Error{Outcome: Failed, Err: failedError(s.res.Failures), Hint: "packctl run starts it again"}
	case hasFailed:
		s.res.Failures = j.failures(ctx, o, tiers, v.bad)
		return true, &Error{Outcome: Failed, Err: failedError(s.res.Failures), Hint: "the count stays as it was set; what is healthy stays up"}
	case wasReverted:
		s.res.Failures = j.failures(ctx, o, tiers, v.bad)
		return true, &Error{Outcome: Reverted, Err: fmt.Errorf("job %s did not become healthy at the new count, and Nomad put its earlier version back", v.job.ID),
			Hint: "the earlier count serves in the meantime"}
	case wasMoved:
		return true, &Error{Outcome: Conflict, Err: fmt.Errorf("job %s was %s by somebody else while it was watched", v.job.ID, v.how),
			Hint: "find out who and why (nomad job history " + v.job.ID + ")"}
	}
	return false, nil
}

// surplus says whether instances that a target no longer wants have not ended yet, and tells how many.
func (s *scale) surplus(o status.Observation) bool {
	ending := 0
	for _, t := range s.targets {
		n := 0
		for _, a := range o.Jobs[slices.Index(s.jobs, t.job)].Allocs {
			if a.TaskGroup == t.group && a.DesiredStatus != api.AllocDesiredStatusRun &&
				(a.ClientStatus == api.AllocClientStatusPending || a.ClientStatus == api.AllocClientStatusRunning) {
				n++
			}
		}
		if n > 0 {
			s.sayOnce(t.name(), "tier %s: %s that it no longer wants still ending", t.group, instances(n))
		}
		ending += n
	}
	return ending > 0
}

// sayOnce says something about a thing unless it was the last that was said about it.
func (s *scale) sayOnce(about, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.told[about] != text {
		s.told[about] = text
		s.say(Info, "", "%s", text)
	}
}

// explained says of a scale that ended early what goes on without it.
func (s *scale) explained(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	out := s.classify(ctx, err)
	if out.Outcome != Interrupted && out.Outcome != TimedOut {
		return out
	}
	var goes, not []string
	for _, t := range s.targets {
		if t.asked && t.from != t.count {
			goes = append(goes, fmt.Sprintf("%s to %s", t.group, instances(t.count)))
		} else if !t.asked {
			not = append(not, t.group)
		}
	}
	var hints []string
	if len(goes) > 0 {
		hints = append(hints, "Nomad goes on to scale "+strings.Join(goes, ", ")+"; the same command watches it again")
	}
	if len(not) > 0 {
		hints = append(hints, "Nomad was not asked yet to scale "+strings.Join(not, ", ")+"; the same command asks again")
	}
	if len(hints) == 0 {
		hints = append(hints, "nothing was changed")
	}
	out.Hint = strings.Join(hints, "\n")
	return out
}
