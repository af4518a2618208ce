package status

import (
	"cmp"
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"
)

// showRuns is how many of the newest children are a tier's instances.
const showRuns = 3

// launches says whether a job runs as children, and never itself.
func launches(j *api.Job) bool { return j.IsPeriodic() || j.IsParameterized() }

// run is one child's share in a group.
type run struct {
	Child
	Tier          // as if the child were a job by itself
	older bool    // launched from a version of the job before the current one
	known outcome // how it ended
	ended time.Time
}

// outcome is how a run ended, as far as it is known.
type outcome int

const (
	underway outcome = iota
	succeeded
	failed
	unknown // somebody stopped it, or nothing is left that tells
)

// runs judges the group in each child, newest first.
func (g *group) runs() []run {
	var out []run
	for _, c := range g.facts.Children {
		r := run{Child: c, Tier: g.of(c).tier(), older: c.Index < value(g.facts.Job.JobModifyIndex)}
		slices.SortStableFunc(r.Instances, func(a, b Instance) int { return cmp.Compare(a.Index, b.Index) })
		for i := range r.Instances {
			in := &r.Instances[i]
			in.Child, in.Launched = c.ID, c.Launched
			if in.Since.After(r.ended) {
				r.ended = in.Since
			}
		}
		r.known = r.end()
		out = append(out, r)
	}
	return out
}

// of is the group as a part of a child: a batch job like any other.
func (g *group) of(c Child) *group {
	job := *g.facts.Job
	job.ID, job.Stop, job.Periodic, job.ParameterizedJob = &c.ID, &c.Stop, nil, nil
	version := uint64(0) // that of a child, unless somebody changed it
	for _, a := range c.Allocs {
		version = max(version, a.JobVersion)
	}
	job.Version = &version
	return newGroup(g.now, &JobFacts{
		ID: c.ID, Job: &job, Allocs: c.Allocs, Eval: c.Eval, Evaluated: true,
		Progress: g.facts.Progress, Checks: g.facts.Checks,
	}, g.tg)
}

func (r *run) end() outcome {
	switch {
	case r.Stop:
		return unknown
	case r.State == Complete:
		return succeeded
	case r.State == Failed:
		return failed
	case r.Dead && slices.ContainsFunc(r.Instances, func(in Instance) bool { return in.State == Failed || in.State == Unhealthy }):
		return failed // what would have been placed again is not: Nomad is done with it
	case r.Dead:
		return unknown
	}
	return underway
}

// newest is the newest run that ended in one of these ways, or nil.
func newest(runs []run, ways ...outcome) *run {
	i := slices.IndexFunc(runs, func(r run) bool { return slices.Contains(ways, r.known) })
	if i < 0 {
		return nil
	}
	return &runs[i]
}

// shown are the instances of the newest runs that can be looked up.
func shown(runs []run) []Instance {
	var out []Instance
	n := 0
	for _, r := range runs {
		if r.Gone || n == showRuns {
			continue
		}
		n++
		out = append(out, r.Instances...)
	}
	return out
}

// launched fills in the tier of a job that runs as children. Such a tier wants no instances of its own.
func (g *group) launched(t *Tier) {
	runs := g.runs()
	t.Desired, t.Healthy, t.Instances = 0, 0, shown(runs)
	if g.facts.Job.IsPeriodic() {
		g.periodic(t, runs)
		return
	}
	t.State, t.Reason = Healthy, "waits to be dispatched"
	if r := newest(runs, underway, succeeded, failed); r != nil {
		t.Reason = join(t.Reason, schedule{zone: time.UTC}.told(r, g.now))
	}
}
