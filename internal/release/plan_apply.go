package release

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/stack"
)

// Draft is Plan with what is needed to do it later: nil when a run would be refused.
func (e *Engine) Draft(ctx context.Context, s *stack.Stack, opt RunOptions, obs Observer) (*Plan, *PlanFile, error) {
	r := e.newRun(s, opt, obs)
	var file *PlanFile
	plan, err := r.draft(ctx, func(ctx context.Context, plan *Plan) (err error) {
		if err = r.remember(ctx); err == nil {
			file, err = r.file(ctx, plan, s.Outputs)
		}
		return err
	})
	return plan, file, err
}

// RunPlan does what a plan file shows. It is refused as a conflict when the release is no longer as the plan found it. Inputs
// of opt are the sensitive values that the file asks for; nothing is left to approve.
func (e *Engine) RunPlan(ctx context.Context, f *PlanFile, opt RunOptions, obs Observer) (*Result, error) {
	opt.Adopt, opt.AutoApprove, opt.Prune, opt.Seen = f.Adopt, true, true, &f.Revision
	r := &run{verb: verb{deps: e.deps, obs: obs, began: e.deps.Now()}, opt: opt}
	r.res = &Result{Release: f.Release, Namespace: f.Namespace}
	return r.finish(ctx, opt.Timeout, func(ctx context.Context) error { return r.apply(ctx, f) })
}

// apply plans anew, and goes on when that is the plan of the file.
func (r *run) apply(ctx context.Context, f *PlanFile) error {
	if here := r.deps.Cluster; here != f.Cluster {
		return &Error{Outcome: Refused, Err: fmt.Errorf("the plan is for the cluster at %s, and this is %s", f.Cluster, here),
			Hint: "say -address and -region, or NOMAD_ADDR and NOMAD_REGION, as when the plan was made"}
	}
	var err error
	if r.manifest, err = unwire(f.Manifest); err != nil {
		return &Error{Outcome: Refused, Err: fmt.Errorf("read the jobs of the plan file: %w", err), Hint: "make the plan again"}
	}
	if err := r.giveAgain(f); err != nil {
		return err
	}
	r.enter(PhasePlan, "comparing release %s with the plan that %s made at %s", f.Release, f.Who, f.Made.Local().Format(time.DateTime))
	if err := r.reach(ctx); err != nil {
		return err
	}
	if err := r.remember(ctx); err != nil {
		return err
	}
	plan, err := r.plan(ctx)
	if fatal(err) {
		return err
	}
	moved, since := r.moved(ctx, f, plan)
	if since != nil {
		return since
	}
	if len(moved) > 0 {
		return &Error{Outcome: Conflict, Err: fmt.Errorf("release %s is not as the plan of %s found it; nothing was changed\n%s",
			f.Release, f.Made.Local().Format(time.DateTime), strings.Join(moved, "\n")),
			Hint: "look at what happened (packctl history " + f.Release + ", packctl diff " + f.Release + "), then make the plan again"}
	}
	if err != nil {
		return err
	}
	return r.locked(ctx, f.Release, r.underLock)
}

// String is a cluster for people.
func (c Cluster) String() string {
	if c.Region == "" {
		return cmp.Or(c.Address, "an address that was not noted")
	}
	return cmp.Or(c.Address, "an address that was not noted") + ", region " + c.Region
}

// giveAgain puts the sensitive values back in their places.
func (r *run) giveAgain(f *PlanFile) error {
	given := r.opt.Inputs.Values
	r.opt.Inputs = Inputs{Known: true, Env: f.Env}
	for _, g := range f.Given {
		r.opt.Inputs.Values = append(r.opt.Inputs.Values, Input{Name: g.Name, Value: g.Value})
	}
	for _, s := range f.Secrets {
		at := slices.IndexFunc(given, func(in Input) bool { return in.Name == s.Variable })
		if at < 0 || !f.Is(s, given[at].Text) {
			return &Error{Outcome: Refused, Err: fmt.Errorf("the plan was made with a value of the sensitive variable %s, which is not in the file and was not given again", s.Variable),
				Hint: "give the same value in the environment: PACKCTL_VAR_" + s.Variable}
		}
		if s.Given {
			r.opt.Inputs.Values = append(r.opt.Inputs.Values, given[at])
		}
		for i, c := range r.manifest.Credentials {
			if c.Name == s.Writes {
				secret := eval.NewSecret(given[at].Text)
				r.manifest.Credentials[i].Value = &secret
			}
		}
	}
	slices.SortFunc(r.opt.Inputs.Values, func(a, b Input) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// registered is how the release's jobs were found, in the order of the plan.
func (r *run) registered(ctx context.Context) ([]FoundJob, error) {
	out := []FoundJob{}
	for _, job := range r.jobs {
		f := FoundJob{ID: job.ID, Namespace: value(job.api.Namespace)}
		if b := job.before; b != nil {
			f.Index, f.Version, f.Stopped = value(b.JobModifyIndex), value(b.Version), value(b.Stop)
		}
		out = append(out, f)
	}
	for _, id := range r.orphans {
		f := FoundJob{ID: id, Namespace: cmp.Or(r.deps.places.of(id), r.manifest.Release.Namespace)}
		b, err := r.deps.Nomad.Job(ctx, id)
		if err != nil {
			return nil, err
		}
		if b != nil {
			f.Index, f.Version, f.Stopped = value(b.JobModifyIndex), value(b.Version), value(b.Stop)
		}
		out = append(out, f)
	}
	return out, nil
}

// moved says what is not as the plan found it.
func (r *run) moved(ctx context.Context, f *PlanFile, now *Plan) ([]string, error) {
	list, err := r.history.records.list(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	if n := len(list); n > 0 && list[n-1].Number != f.Revision || n == 0 && f.Revision != 0 {
		out = append(out, movedRevision(f, list))
	}
	found, err := r.registered(ctx)
	if err != nil {
		return nil, err
	}
	for _, was := range f.Found {
		at := slices.IndexFunc(found, func(x FoundJob) bool { return x.ID == was.ID })
		switch {
		case at < 0:
			out = append(out, "job "+was.ID+" no longer is one of the release that can be planned")
		case found[at] != was:
			out = append(out, r.movedJob(was, found[at], list))
		}
	}
	for _, is := range found {
		if !slices.ContainsFunc(f.Found, func(x FoundJob) bool { return x.ID == is.ID }) {
			out = append(out, fmt.Sprintf("job %s, which the plan did not know, is one of the release now: version %d", is.ID, is.Version))
		}
	}
	out = append(out, differences(f.Plan.made(), now.made())...)
	if len(out) == 0 {
		out = differences(f.Plan.asked(), now.asked())
	}
	return out, nil
}

func movedRevision(f *PlanFile, list []*Revision) string {
	if len(list) == 0 {
		return fmt.Sprintf("the release had revision %d, and has none now", f.Revision)
	}
	n := list[len(list)-1]
	return fmt.Sprintf("the release became revision %d, made by %s at %s; the plan knew %s", n.Number, n.Who, n.Started.Local().Format(time.DateTime), revisionText(f.Revision))
}

func revisionText(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprintf("revision %d", n)
}

// movedJob says what became of a job, and who did it where a record tells.
func (r *run) movedJob(was, is FoundJob, list []*Revision) string {
	who := ", not by packctl run or rollback"
	for _, rev := range list {
		if j := rev.job(is.ID); j != nil && j.Index == is.Index && is.Index != 0 {
			who = fmt.Sprintf(", by revision %d of %s", rev.Number, rev.Who)
			break
		}
	}
	when := ""
	if job := r.job(is.ID); job != nil && job.before != nil && job.before.SubmitTime != nil {
		when = " at " + time.Unix(0, *job.before.SubmitTime).Local().Format(time.DateTime)
	}
	switch {
	case is.Index == 0:
		return "job " + is.ID + " is gone"
	case is.Namespace != was.Namespace:
		return fmt.Sprintf("job %s is in namespace %s, and not in %s", is.ID, is.Namespace, was.Namespace)
	case is.Stopped && !was.Stopped:
		return "job " + is.ID + " was stopped" + who
	case was.Index == 0:
		return fmt.Sprintf("job %s was registered%s%s: version %d", is.ID, when, who, is.Version)
	}
	return fmt.Sprintf("job %s was registered again%s%s: version %d, and the plan found %d", is.ID, when, who, is.Version, was.Version)
}

// differences compares what two plans do, a line each.
func differences(was, is []string) []string {
	var out []string
	for _, text := range without(was, is) {
		out = append(out, text+": the plan showed that, and it is no longer to be done")
	}
	for _, text := range without(is, was) {
		out = append(out, text+": the plan did not show that")
	}
	return out
}

// made is what a plan makes before the jobs.
func (p *Plan) made() []string {
	var out []string
	for _, c := range p.Credentials {
		out = append(out, fmt.Sprintf("%s credential %s at %s", c.Action, c.Name, strings.Join(c.At, ", ")))
	}
	for _, v := range p.Volumes {
		out = append(out, "make volume "+v.Name)
	}
	return out
}

// asked is what of a plan must be approved, and which jobs it submits.
func (p *Plan) asked() []string {
	var out []string
	for _, j := range p.Jobs {
		if j.Action != ActionUnchanged {
			out = append(out, "submit or stop job "+j.ID)
		}
	}
	for _, a := range p.Approvals {
		out = append(out, "this run "+a.Text)
	}
	return out
}
