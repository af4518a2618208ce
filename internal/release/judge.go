package release

import (
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// revertWithin is how long after a failed deployment Nomad's own revert is waited for, so that it is told as one.
const revertWithin = 5 * time.Second

// kind is what one observation means for a run.
type kind int

const (
	waitOn kind = iota
	allGood
	tryAgain
	hopeless
	hasFailed
	wasReverted
	wasMoved
	canPromote
	halted
)

// verdict is a kind with what it is about.
type verdict struct {
	kind kind
	job  *planned
	bad  []string // "job/tier"
	how  string
	held []Waiting // of halted: all of them, of canPromote: the job's own
}

// judge tells from observations how a run stands. It keeps what later ones no longer show.
type judge struct {
	run             *run
	failedAt        map[string]time.Time      // by job: when its deployment was first seen failed
	checks          map[string][]status.Check // by allocation: the failing checks last seen
	lastObservation status.Observation
	lastTiers       []status.Tier
	fullSince       map[string]time.Time // by job: since when something of it cannot be placed
}

func newJudge(r *run) *judge {
	return &judge{run: r, failedAt: map[string]time.Time{}, checks: map[string][]status.Check{}, fullSince: map[string]time.Time{}}
}

// remember keeps failing checks: Consul forgets an instance as soon as it is stopped, and with it why.
func (j *judge) remember(o status.Observation) {
	for _, f := range o.Jobs {
		for alloc, checks := range f.Checks {
			var bad []status.Check
			for _, c := range checks {
				if c.Status != "passing" {
					bad = append(bad, c)
				}
			}
			if len(bad) > 0 {
				j.checks[alloc] = bad
			}
		}
	}
}

// verdict judges the jobs of all waves up to the given one.
func (j *judge) verdict(o status.Observation, tiers []status.Tier, wave int) verdict {
	j.lastObservation, j.lastTiers = o, tiers
	all := verdict{kind: allGood}
	for i, job := range j.run.jobs {
		if job.Wave > wave {
			continue
		}
		switch v := j.job(o.Time, job, o.Jobs[i], tiersOf(tiers, job.ID)); v.kind {
		case allGood:
		case waitOn:
			all.kind = waitOn
		case canPromote:
			if j.run.promotes(job.ID) {
				return v
			}
			all.held = append(all.held, v.held...)
		default:
			return v
		}
	}
	if all.kind == allGood && len(all.held) > 0 {
		all.kind = halted
	}
	return all
}

func tiersOf(tiers []status.Tier, job string) []status.Tier {
	var out []status.Tier
	for _, t := range tiers {
		if t.Job == job {
			out = append(out, t)
		}
	}
	return out
}

// job judges one job.
func (j *judge) job(now time.Time, job *planned, f status.JobFacts, tiers []status.Tier) verdict {
	if f.Job == nil || value(f.Job.JobModifyIndex) < job.index {
		return verdict{} // the reading is older than the submission
	}
	if value(f.Job.Stop) {
		return verdict{kind: wasMoved, job: job, how: "stopped"}
	}
	if value(f.Job.Version) != job.version {
		return j.otherVersion(job, f)
	}
	if launches(f.Job) { // its runs come in their own time, and how the last one ended is no word about this version
		return verdict{kind: allGood}
	}
	bad, good := false, f.Evaluated
	held := canariesOf(f)
	var names []string
	for _, t := range tiers {
		switch t.State {
		case status.Failed:
			bad = true
			names = append(names, t.Job+"/"+t.Name)
		case status.Healthy, status.Complete:
			continue
		}
		if held.ready() && held.has(t.Name) {
			continue
		}
		good = false
	}
	if bad {
		return j.failedJob(now, job, f, names)
	}
	if names := j.unplaceable(now, job, f); len(names) > 0 {
		return verdict{kind: hasFailed, job: job, bad: names}
	}
	if job.ended != deploymentID(f.Deployment) {
		if bad := hopelessTiers(f.Deployment, job.ID); len(bad) > 0 {
			return verdict{kind: hopeless, job: job, bad: bad, how: f.Deployment.ID}
		}
	}
	if !job.changed && !job.retried && slices.ContainsFunc(tiers, awaitsReplacement) {
		return verdict{kind: tryAgain, job: job}
	}
	if good && held.ready() && job.promoted != f.Deployment.ID {
		return verdict{kind: canPromote, job: job, how: f.Deployment.ID, held: []Waiting{*held}}
	}
	if !good || (f.Deployment != nil && status.Active(f.Deployment)) {
		return verdict{}
	}
	return verdict{kind: allGood}
}

// triesEnough is how many instances of a deployment may turn out unhealthy, one placed after the other or side by side,
// while none becomes healthy.
const triesEnough = 2

// hopelessTiers are the groups of an active deployment that are not going to become healthy as they are. Nomad itself would
// place them anew until the progress deadline, which counts every gate and migration and may be far away.
func hopelessTiers(d *api.Deployment, job string) []string {
	if d == nil || !status.Active(d) {
		return nil
	}
	var bad []string
	for name, g := range d.TaskGroups {
		if g.HealthyAllocs == 0 && g.UnhealthyAllocs >= triesEnough {
			bad = append(bad, job+"/"+name)
		}
	}
	slices.Sort(bad)
	return bad
}

func deploymentID(d *api.Deployment) string {
	if d == nil {
		return ""
	}
	return d.ID
}

// awaitsReplacement says whether an instance failed that Nomad is going to place again, perhaps much later.
func awaitsReplacement(t status.Tier) bool {
	return t.State == status.Unhealthy && slices.ContainsFunc(t.Instances, func(in status.Instance) bool { return in.State == status.Failed })
}

// failedJob decides what a failed tier means: a job that was not submitted now gets one more try, and Nomad gets its
// time to revert.
func (j *judge) failedJob(now time.Time, job *planned, f status.JobFacts, names []string) verdict {
	if !job.changed && !job.retried {
		return verdict{kind: tryAgain, job: job, bad: names}
	}
	if reverts(f.Deployment) && value(f.Job.Version) > 0 {
		since, seen := j.failedAt[job.ID]
		if !seen {
			j.failedAt[job.ID] = now
			return verdict{}
		}
		if now.Sub(since) < revertWithin {
			return verdict{}
		}
	}
	return verdict{kind: hasFailed, job: job, bad: names}
}

// reverts says whether a failed deployment makes Nomad put an earlier version back.
func reverts(d *api.Deployment) bool {
	if d == nil || d.Status != api.DeploymentStatusFailed {
		return false
	}
	for _, g := range d.TaskGroups {
		if g.AutoRevert {
			return true
		}
	}
	return false
}

// otherVersion tells why a job has another version than the one that was submitted: Nomad reverted it, its group was
// scaled, or somebody submitted it.
func (j *judge) otherVersion(job *planned, f status.JobFacts) verdict {
	for _, d := range f.Deployments {
		if d.JobVersion == job.version && reverts(d) {
			var names []string
			for name, g := range d.TaskGroups {
				if g.HealthyAllocs < g.DesiredTotal {
					names = append(names, job.ID+"/"+name)
				}
			}
			return verdict{kind: wasReverted, job: job, bad: names}
		}
	}
	for _, tg := range f.Job.TaskGroups {
		if tg.Scaling != nil {
			job.version, job.index = value(f.Job.Version), value(f.Job.JobModifyIndex)
			return verdict{}
		}
	}
	return verdict{kind: wasMoved, job: job, how: "changed"}
}
