package release

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/internal/status"
)

// scale changes the counts of a release's tiers. Its jobs are those that have a target; a job whose wave is not 0 yet has
// one that Nomad could not be asked for so far.
type scale struct {
	run
	opt     ScaleOptions
	targets []*target
	told    map[string]string // what was last said about a thing, so that it is said once
}

// target is one tier with the count that it is to have.
type target struct {
	job   *planned
	group string
	from  int
	count int
	asked bool // nothing is left to be asked of Nomad
}

func (t *target) name() string { return t.job.ID + "/" + t.group }

// do checks everything before it changes anything.
func (s *scale) do(ctx context.Context) error {
	s.enter(PhasePlan, "looking for the tiers of release %s", s.opt.Release)
	if err := s.reach(ctx); err != nil {
		return err
	}
	if err := s.find(ctx); err != nil {
		return err
	}
	if err := s.room(ctx); err != nil {
		return err
	}
	work := func(ctx context.Context) error { return s.explained(ctx, s.carryOut(ctx)) }
	for _, t := range s.targets {
		if !t.asked {
			return s.locked(ctx, s.opt.Release, work)
		}
	}
	s.res.Outcome = Unchanged
	return work(ctx)
}

// find resolves the targets against the registered jobs and refuses, all at once, what cannot be.
func (s *scale) find(ctx context.Context) error {
	tiers, err := s.tiers(ctx, s.opt.Release)
	if err != nil {
		return err
	}
	p := problems{outcome: Refused}
	for _, want := range s.opt.Targets {
		t := s.resolve(tiers, want, &p)
		if t == nil {
			continue
		}
		if slices.ContainsFunc(s.targets, func(o *target) bool { return o.name() == t.name() }) {
			p.add("name each tier once", "tier %s is named twice", t.group)
			continue
		}
		if why, hint := unscalable(t.job.before, t.group, t.count); why != "" {
			p.add(hint, "%s", why)
			continue
		}
		s.targets = append(s.targets, t)
	}
	if err := p.err(); err != nil {
		return err
	}
	s.adopt()
	return nil
}

// adopt makes the targets' jobs those that are watched.
func (s *scale) adopt() {
	for _, t := range s.targets {
		if !slices.Contains(s.jobs, t.job) {
			s.jobs = append(s.jobs, t.job)
		}
		s.res.Scaled = append(s.res.Scaled, Scaled{Tier: t.group, Job: t.job.ID, From: t.from, To: t.count})
		if t.asked = t.from == t.count; t.asked {
			s.say(Info, t.job.ID, "tier %s has %s already", t.group, instances(t.count))
		} else {
			t.job.Wave = 1
		}
	}
}

// tiers are all groups of a release's jobs, children of periodic ones left out, sorted by job.
func (v *verb) tiers(ctx context.Context, release string) ([]*target, error) {
	listed, err := v.deps.Nomad.ReleaseJobs(ctx, release)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(listed, func(a, b *api.JobListStub) int { return cmp.Compare(a.ID, b.ID) })
	var tiers []*target
	for _, stub := range listed {
		if stub.ParentID != "" || Momentary(stub.Meta) {
			continue
		}
		job, err := v.deps.Nomad.Job(ctx, stub.ID)
		if err != nil {
			return nil, err
		}
		if job == nil {
			continue
		}
		p := &planned{Job: Job{ID: stub.ID, Spec: job}, api: job, before: job, version: value(job.Version)}
		for _, tg := range job.TaskGroups {
			tiers = append(tiers, &target{job: p, group: value(tg.Name), from: countOf(tg)})
		}
	}
	if len(tiers) == 0 {
		return nil, noJobs(release)
	}
	return tiers, nil
}

func noJobs(name string) error {
	return &Error{Outcome: Refused, Err: fmt.Errorf("release %s has no jobs in this namespace", name),
		Hint: "packctl marks its jobs with the meta key " + MetaRelease + "; nomad job status lists what there is"}
}

// resolve finds the tier that a person named. A job that is stopped counts only when no other has the tier.
func (s *scale) resolve(tiers []*target, want Target, p *problems) *target {
	var found, live []*target
	for _, t := range tiers {
		if !named(want.Tier, s.opt.Release, t.job.ID, t.group) {
			continue
		}
		found = append(found, t)
		if !value(t.job.before.Stop) {
			live = append(live, t)
		}
	}
	if len(live) > 0 {
		found = live
	}
	switch len(found) {
	case 0:
		p.add(nameHint(want.Tier, "its tiers", tierNames(tiers)), "release %s has no tier %q", s.opt.Release, want.Tier)
		return nil
	case 1:
		t := *found[0]
		t.count = want.Count
		return &t
	}
	var full []string
	for _, t := range found {
		full = append(full, t.name())
	}
	p.add("name its job too: "+strings.Join(full, " or "), "%d jobs of release %s have a tier %q", len(found), s.opt.Release, want.Tier)
	return nil
}

// named says whether a person's word means a tier: the tier's name, or its job, with or without the release's name in
// front, and its name.
func named(word, release, job, group string) bool {
	j, g, both := strings.Cut(word, "/")
	if !both {
		return word == group
	}
	return g == group && (j == job || release+"-"+j == job)
}

func tierNames(tiers []*target) []string {
	var names []string
	for _, t := range tiers {
		names = append(names, t.group)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// nameHint lists the names that there are, the one that was probably meant first.
func nameHint(word, what string, known []string) string {
	hint := what + ": " + strings.Join(known, ", ")
	if meant := diag.Suggest(word, known); meant != "" {
		hint = "did you mean " + meant + "? " + hint
	}
	return hint
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// unscalable is why a group of a job cannot have a count, and the way out, or "".
func unscalable(job *api.Job, group string, count int) (why, hint string) {
	const packs = "its count is a matter of the pack and its variables"
	tg := job.LookupTaskGroup(group)
	switch {
	case tg == nil:
		return fmt.Sprintf("job %s no longer has a tier %s", value(job.ID), group), "run the same command again to see the tiers that there are"
	case value(job.Stop):
		return fmt.Sprintf("tier %s cannot be scaled: job %s is stopped", group, value(job.ID)), "packctl run brings the release back"
	case job.IsPeriodic():
		return fmt.Sprintf("tier %s cannot be scaled: job %s is periodic, each of its launches is a job of its own", group, value(job.ID)), packs
	case job.IsParameterized():
		return fmt.Sprintf("tier %s cannot be scaled: job %s only runs when it is dispatched", group, value(job.ID)), packs
	case value(job.Type) == api.JobTypeBatch:
		return fmt.Sprintf("tier %s cannot be scaled: job %s is batch work, which runs once and ends", group, value(job.ID)), packs
	case value(job.Type) == api.JobTypeSystem || value(job.Type) == api.JobTypeSysbatch:
		return fmt.Sprintf("tier %s cannot be scaled: job %s is of type %s, which runs once on every node", group, value(job.ID), value(job.Type)), "more nodes make more instances"
	}
	if sc := tg.Scaling; sc != nil {
		low, high := int(value(sc.Min)), int(value(sc.Max))
		if count < low || (sc.Max != nil && count > high) {
			return fmt.Sprintf("tier %s cannot have %s: its scaling block allows %d to %d", group, instances(count), low, high),
				"choose a count within these bounds, or change them in the pack and run it"
		}
	}
	return "", ""
}

// room refuses what has no place in the cluster: Nomad would try until the deployment's deadline, and let nothing be scaled
// back meanwhile [measured on 1.11.3].
func (s *scale) room(ctx context.Context) error {
	p := problems{outcome: Failed}
	for _, job := range s.jobs {
		next, err := copyJob(job.before)
		if err != nil {
			return err
		}
		var grows []string
		for _, t := range s.targets {
			if t.job == job {
				next.LookupTaskGroup(t.group).Count = &t.count
				if t.count > t.from {
					grows = append(grows, t.group)
				}
			}
		}
		if len(grows) == 0 {
			continue
		}
		resp, err := s.deps.Nomad.Plan(ctx, next)
		if err != nil {
			return err
		}
		for _, group := range grows {
			if m := resp.FailedTGAllocs[group]; m != nil {
				p.add("make room for it, or choose a smaller count; nothing was changed", "there is no place for all instances of tier %s: %s", group, status.PlacementReason(m))
			}
		}
	}
	return p.err()
}

func countOf(tg *api.TaskGroup) int {
	if tg.Count == nil {
		return 1
	}
	return *tg.Count
}

func instances(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", n)
}
