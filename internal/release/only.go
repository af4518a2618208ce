package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/stack"
)

// subset is what a run of some jobs alone knows of the rest of its release.
type subset struct {
	whole  *Manifest         // to be recorded: the jobs of the run, and what runs of the others
	others []RevisionJob     // the entries of the others in the record
	tiers  map[string]string // by job: the one tier that was named of it
}

// planOnly plans, after it has cut the manifest down to the jobs that were named.
func (r *run) planOnly(ctx context.Context) (*Plan, error) {
	if len(r.opt.Only) == 0 {
		return r.plan(ctx)
	}
	if err := r.cut(ctx); err != nil {
		return newPlan(r.manifest), err
	}
	plan, err := r.plan(ctx)
	for _, j := range r.manifest.Jobs {
		plan.Only = append(plan.Only, j.ID)
	}
	if err != nil {
		return plan, err
	}
	return plan, r.besides(plan)
}

// cut makes the manifest that of the named jobs, and notes what the release consists of besides.
func (r *run) cut(ctx context.Context) error {
	full := r.manifest
	r.only = &subset{tiers: map[string]string{}}
	picked, err := r.pick(full)
	if err != nil {
		return err
	}
	for _, m := range full.Jobs { // so that each is looked for where it is to be
		next, err := copyJob(m.Spec)
		if err != nil {
			return err
		}
		r.place(next)
	}
	if _, err := r.deps.Nomad.ReleaseJobs(ctx, full.Release.Name); err != nil {
		return err
	}
	if err := r.served(ctx, full, picked); err != nil {
		return err
	}
	r.manifest = full.of(picked)
	r.only.whole = full.of(picked)
	return r.others(ctx, full, picked)
}

// pick finds the jobs that the words name: a job with or without the release's name in front, or a tier.
func (r *run) pick(m *Manifest) (map[string]bool, error) {
	no := &problems{outcome: Refused}
	picked, whole := map[string]bool{}, map[string]bool{}
	var jobs, tiers []string
	for _, j := range m.Jobs {
		jobs = append(jobs, j.ID)
		for _, tg := range j.Spec.TaskGroups {
			tiers = append(tiers, value(tg.Name))
		}
	}
	for _, word := range r.opt.Only {
		if id := fullID(word, m.Release.Name, jobs); id != "" {
			picked[id], whole[id] = true, true
			continue
		}
		var found []string
		for _, j := range m.Jobs {
			for _, tg := range j.Spec.TaskGroups {
				if named(word, m.Release.Name, j.ID, value(tg.Name)) {
					found = append(found, j.ID)
					r.only.tiers[j.ID] = strings.TrimPrefix(r.only.tiers[j.ID]+" "+value(tg.Name), " ")
				}
			}
		}
		switch len(found) {
		case 0:
			known := slices.Compact(slices.Sorted(slices.Values(slices.Concat(jobs, tiers))))
			no.add(nameHint(word, "its jobs and tiers", known), "pack %s has no job or tier %q", m.Pack.Name, word)
		case 1:
			picked[found[0]] = true
		default:
			no.add("name its job too: job/"+word, "%d jobs of pack %s have a tier %q: %s", len(found), m.Pack.Name, word, strings.Join(found, ", "))
		}
	}
	for id := range whole {
		delete(r.only.tiers, id)
	}
	return picked, no.err()
}

// served refuses a subset whose jobs wait for what neither runs nor is among them.
func (r *run) served(ctx context.Context, full *Manifest, picked map[string]bool) error {
	no := &problems{outcome: Refused}
	by := map[string]string{}
	for _, j := range full.Jobs {
		for _, s := range registered(j.Spec) {
			by[s] = j.ID
		}
	}
	for _, j := range full.Jobs {
		if !picked[j.ID] {
			continue
		}
		for _, s := range awaited(j.Spec) {
			id := by[s]
			if id == "" || picked[id] {
				continue
			}
			job, err := r.deps.Nomad.Job(ctx, id)
			if err != nil {
				return err
			}
			if job == nil || value(job.Stop) {
				no.add("name that job too, or run the whole pack; nothing was changed", "job %s waits for service %s of job %s, which does not run", j.ID, s, id)
			}
		}
	}
	return no.err()
}

// of is the manifest of some of its jobs, with what these need.
func (m *Manifest) of(picked map[string]bool) *Manifest {
	out := *m
	out.Jobs, out.Credentials, out.Volumes = nil, nil, nil
	var waves []int
	mounted := map[string]bool{}
	for _, j := range m.Jobs {
		if !picked[j.ID] {
			continue
		}
		if !slices.Contains(waves, j.Wave) {
			waves = append(waves, j.Wave)
		}
		j.Wave = len(waves) - 1 // they are in the order of their waves
		out.Jobs = append(out.Jobs, j)
		for _, tg := range j.Spec.TaskGroups {
			for _, v := range tg.Volumes {
				mounted[v.Source] = true
			}
		}
	}
	out.Waves = len(waves)
	for _, c := range m.Credentials {
		if slices.ContainsFunc(c.Readers, func(id string) bool { return picked[id] }) {
			out.Credentials = append(out.Credentials, c)
		}
	}
	for _, v := range m.Volumes {
		if v.Spec != nil && mounted[v.Spec.Name] {
			out.Volumes = append(out.Volumes, v)
		}
	}
	return &out
}

// others adds to what is recorded each job of the release that runs and was not named, as the revision has it that it runs by.
func (r *run) others(ctx context.Context, full *Manifest, picked map[string]bool) error {
	s := recordsOf(r.deps.Nomad, full.Release.Name)
	list, err := s.list(ctx)
	now := inEffect(list)
	if err != nil || now == nil {
		return err
	}
	k := &known{records: s, newest: list[len(list)-1], list: list, manifests: map[int]*Manifest{}}
	base, err := s.manifest(ctx, now)
	if err != nil {
		return err
	}
	k.manifests[now.Number] = base
	whole := r.only.whole
	for i := range whole.Jobs { // as in the whole pack: the others come between them
		at := slices.IndexFunc(full.Jobs, func(j Job) bool { return j.ID == whole.Jobs[i].ID })
		whole.Jobs[i].Wave = full.Jobs[at].Wave
	}
	for _, j := range base.Jobs {
		if picked[j.ID] {
			continue
		}
		entry := RevisionJob{ID: j.ID}
		if old := now.job(j.ID); old != nil { // of what was changed by hand: it is to be found out as such further on
			entry.Version, entry.Index = old.Version, old.Index
		}
		job, same, err := r.recordedAs(ctx, k, base, j)
		if err != nil {
			return err
		}
		if job.before == nil || value(job.before.Stop) {
			continue
		}
		if same {
			entry.Version, entry.Index = job.version, job.index
		}
		if at := slices.IndexFunc(full.Jobs, func(n Job) bool { return n.ID == j.ID }); at >= 0 {
			job.Wave = full.Jobs[at].Wave
		}
		whole.Jobs = append(whole.Jobs, job.Job)
		r.only.others = append(r.only.others, entry)
	}
	whole.Services = slices.Compact(slices.Sorted(slices.Values(slices.Concat(whole.Services, base.Services))))
	for _, c := range base.Credentials {
		if !slices.ContainsFunc(whole.Credentials, func(o stack.Credential) bool { return o.Name == c.Name }) {
			whole.Credentials = append(whole.Credentials, c)
		}
	}
	for _, v := range base.Volumes {
		if !slices.ContainsFunc(whole.Volumes, func(o stack.Volume) bool { return o.Label == v.Label }) {
			whole.Volumes = append(whole.Volumes, v)
		}
	}
	slices.SortFunc(whole.Jobs, func(a, b Job) int { return cmp.Or(cmp.Compare(a.Wave, b.Wave), cmp.Compare(a.ID, b.ID)) })
	for _, j := range whole.Jobs {
		whole.Waves = max(whole.Waves, j.Wave+1)
	}
	return nil
}

// recordedAs is a job as the revision has it that it runs by, and whether there is such a one; else as base has it.
func (r *run) recordedAs(ctx context.Context, k *known, base *Manifest, j Job) (*planned, bool, error) {
	for _, rev := range k.candidates(j.ID) {
		m := k.manifests[rev.Number]
		if m == nil {
			var err error
			if m, err = k.records.manifest(ctx, rev); err != nil {
				return nil, false, err
			}
			k.manifests[rev.Number] = m
		}
		for _, c := range m.Jobs {
			if c.ID != j.ID {
				continue
			}
			job, same, err := r.asRegistered(ctx, m, c)
			if err != nil || same {
				return job, same, err
			}
		}
	}
	return r.asRegistered(ctx, base, j)
}

// besides refuses a tier that was named when more of its job would change.
func (r *run) besides(plan *Plan) error {
	var texts []string
	for _, j := range plan.Jobs {
		tiers := strings.Fields(r.only.tiers[j.ID])
		if len(tiers) == 0 {
			continue
		}
		var more []string
		for _, f := range j.Fields {
			more = append(more, f.Path)
		}
		for _, t := range j.Tiers {
			if t.Action != ActionUnchanged && !slices.Contains(tiers, t.Name) {
				more = append(more, "tier "+t.Name)
			}
		}
		if len(more) > 0 {
			texts = append(texts, fmt.Sprintf("tier %s cannot be run alone: of its job %s there would change also %s", strings.Join(tiers, ", "), j.ID, some(more)))
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return &Error{Outcome: Refused, Err: errors.New(strings.Join(texts, "\n")), Hint: "name the job instead of the tier; packctl plan shows all that would change. Nothing was changed"}
}
