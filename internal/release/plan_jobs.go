package release

import "github.com/hashicorp/nomad/api"

// planOf turns Nomad's answer about one job into its part of the plan.
func planOf(job *planned, resp *api.JobPlanResponse) JobPlan {
	out := JobPlan{ID: job.ID, Namespace: value(job.api.Namespace), File: job.File, Wave: job.Wave + 1, Index: resp.JobModifyIndex,
		Action: ActionUnchanged, Adopts: job.adopts, Fields: []FieldChange{}, Tiers: []TierPlan{}}
	if !job.created() {
		out.Fields = append(out.Fields, jobFields(resp.Diff)...)
	}
	moves := false
	for _, tg := range job.api.TaskGroups {
		t := tierPlan(value(tg.Name), countOf(tg), job, resp)
		moves = moves || t.moves()
		out.Tiers = append(out.Tiers, t)
	}
	if resp.Diff != nil {
		for _, g := range resp.Diff.TaskGroups {
			if g.Type == diffDeleted {
				t := tierPlan(g.Name, 0, job, resp)
				t.Action, t.Fields, moves = ActionRemove, []FieldChange{}, true
				out.Tiers = append(out.Tiers, t)
			}
		}
	}
	switch {
	case job.created():
		out.Action = ActionCreate
	case value(job.before.Stop):
		out.Action = ActionStart
	case job.changed && moves:
		out.Action = ActionUpdate
	case job.changed:
		out.Action = ActionInPlace
	}
	return out
}

func tierPlan(name string, count int, job *planned, resp *api.JobPlanResponse) TierPlan {
	t := TierPlan{Name: name, Action: ActionUnchanged, Count: count, Fields: []FieldChange{}}
	if resp.Annotations != nil {
		if d := resp.Annotations.DesiredTGUpdates[name]; d != nil {
			t.Place, t.Replace, t.InPlace, t.Stop = int(d.Place), int(d.DestructiveUpdate), int(d.InPlaceUpdate), int(d.Stop)
			t.Canary, t.Migrate, t.Ignore = int(d.Canary), int(d.Migrate), int(d.Ignore)
		}
	}
	if job.created() || value(job.before.Stop) {
		t.Action = ActionCreate
	}
	if resp.Diff == nil || job.created() {
		return t
	}
	for _, g := range resp.Diff.TaskGroups {
		if g.Name != name {
			continue
		}
		if g.Type == diffAdded {
			t.Action = ActionCreate
			return t
		}
		t.Fields = append(t.Fields, groupFields(g)...)
		if g.Type != diffDeleted && (t.Replace > 0 || replaces(g)) { // Nomad plans one step of the deployment: the others are replaced in later ones
			t.Replace, t.Ignore = t.Replace+t.Ignore, 0
		}
	}
	switch {
	case t.Action == ActionCreate || !job.changed:
	case t.moves():
		t.Action = ActionUpdate
	case len(t.Fields) > 0:
		t.Action = ActionInPlace
	}
	return t
}

// moves says whether an allocation comes, goes or is replaced.
func (t TierPlan) moves() bool { return t.Place+t.Replace+t.Stop+t.Canary+t.Migrate > 0 }

// keptCounts are the tiers of a job whose count is not that of the pack.
func keptCounts(job *planned) []KeptCount {
	var out []KeptCount
	for _, tg := range job.api.TaskGroups {
		if asked := job.Spec.LookupTaskGroup(value(tg.Name)); asked != nil && countOf(asked) != countOf(tg) {
			out = append(out, KeptCount{Job: job.ID, Tier: value(tg.Name), Pack: countOf(asked), Kept: countOf(tg)})
		}
	}
	return out
}
