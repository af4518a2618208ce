package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// Waiting is a job whose deployment goes on only when somebody promotes its canaries. Nomad itself waits without an end: the
// progress deadline counts up to the canaries' health [measured on 1.11.3] and begins anew with the promotion [read in 1.11.3].
type Waiting struct {
	Job        string     `json:"job"`
	Deployment string     `json:"deployment"`
	Tiers      []Canaries `json:"tiers"`
}

// Canaries are those of one tier.
type Canaries struct {
	Tier    string `json:"tier"`
	Wanted  int    `json:"wanted"`
	Healthy int    `json:"healthy"`
}

// canariesOf are the canaries that a job's deployment waits for a person with, or nil. Those that Nomad promotes by itself are none.
func canariesOf(f status.JobFacts) *Waiting {
	d := f.Deployment
	if d == nil || !status.Active(d) || d.JobVersion != value(f.Job.Version) {
		return nil
	}
	w := &Waiting{Job: f.ID, Deployment: d.ID}
	for name, g := range d.TaskGroups {
		if g.DesiredCanaries == 0 || g.Promoted || promotesItself(f.Job, name) {
			continue
		}
		c := Canaries{Tier: name, Wanted: g.DesiredCanaries}
		for _, a := range f.Allocs {
			if slices.Contains(g.PlacedCanaries, a.ID) && fine(a) {
				c.Healthy++
			}
		}
		w.Tiers = append(w.Tiers, c)
	}
	if len(w.Tiers) == 0 {
		return nil
	}
	slices.SortFunc(w.Tiers, func(a, b Canaries) int { return cmp.Compare(a.Tier, b.Tier) })
	return w
}

// promotesItself says whether Nomad promotes a group's canaries.
func promotesItself(job *api.Job, group string) bool {
	tg := job.LookupTaskGroup(group)
	return tg != nil && tg.Update != nil && value(tg.Update.AutoPromote)
}

// fine says whether a canary counts for a promotion, by Nomad's own rule.
func fine(a *api.AllocationListStub) bool {
	if a.DesiredStatus != api.AllocDesiredStatusRun || a.DeploymentStatus == nil || !value(a.DeploymentStatus.Healthy) {
		return false
	}
	return a.ClientStatus == api.AllocClientStatusRunning || a.ClientStatus == api.AllocClientStatusPending
}

// ready says whether Nomad would promote it.
func (w *Waiting) ready() bool {
	return w != nil && !slices.ContainsFunc(w.Tiers, func(c Canaries) bool { return c.Healthy < c.Wanted })
}

func (w *Waiting) has(tier string) bool {
	return slices.ContainsFunc(w.Tiers, func(c Canaries) bool { return c.Tier == tier })
}

// counted are the canaries in words.
func (w *Waiting) counted() string {
	var parts []string
	for _, c := range w.Tiers {
		what := fmt.Sprintf("%d canaries", c.Wanted)
		if c.Wanted == 1 {
			what = "1 canary"
		}
		if c.Healthy < c.Wanted {
			what = fmt.Sprintf("%d of %s", c.Healthy, what)
		}
		parts = append(parts, fmt.Sprintf("%s of tier %s healthy", what, c.Tier))
	}
	return strings.Join(parts, ", ")
}

// promotes says whether a job's canaries are promoted without asking.
func (r *run) promotes(job string) bool { return r.opt.AutoPromote || r.opt.promote[job] }

// promoteNow lets a deployment go on.
func (r *run) promoteNow(ctx context.Context, v verdict) error {
	r.phase = PhasePromote
	if err := r.deps.Nomad.PromoteDeployment(ctx, v.how); err != nil {
		return err
	}
	v.job.promoted = v.how
	r.res.Promoted = append(r.res.Promoted, v.job.ID)
	r.say(Info, v.job.ID, "promoted job %s: %s", v.job.ID, v.held[0].counted())
	r.phase = PhaseWatch
	return nil
}

// halt ends a run whose canaries wait. The later waves are left: they would use the new version, and most of the instances that
// serve are still of the old one.
func (r *run) halt() {
	r.res.Outcome = Awaiting
	for _, job := range r.jobs {
		if job.changed && !slices.Contains(r.res.Submitted, job.ID) {
			r.res.Left = append(r.res.Left, job.ID)
		}
	}
	for _, w := range r.res.Waiting {
		r.say(Info, w.Job, "job %s awaits promotion: %s, the others run the version before", w.Job, w.counted())
	}
}

// haltNote is what the record says of a release that waits.
func haltNote(waiting []Waiting, left []string) string {
	var ids []string
	for _, w := range waiting {
		ids = append(ids, w.Job)
	}
	note := strings.Join(ids, ", ")
	if len(left) > 0 {
		note += "; not submitted yet: " + strings.Join(left, ", ")
	}
	return note
}
