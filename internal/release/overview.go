package release

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/internal/status"
)

// MetaPack is the job meta key that names the pack.
const MetaPack = "packctl_pack"

const (
	lookAgain = 10 * time.Second // how old what no watch tells may be while status watches: jobs, scalings, volumes
	scalings  = 5                // that are told
)

// Status tells how a release stands: once, or with Watch after each change until ctx is done, which is then no error. show
// is called from one goroutine. A release that is not healthy is no error: the overview says so.
func (e *Engine) Status(ctx context.Context, opt StatusOptions, show func(*Overview)) error {
	o := &overview{verb: verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}, opt: opt, show: show}
	err := o.do(ctx)
	if err == nil || (ctx.Err() != nil && opt.Watch) {
		return nil
	}
	out := o.classify(ctx, err)
	if out.Outcome == Interrupted {
		out.Hint = ""
	}
	return out
}

// overview is one look at a release.
type overview struct {
	verb
	opt   StatusOptions
	show  func(*Overview)
	jobs  []*api.Job // without children, sorted
	base  Overview   // what no watch tells
	asked time.Time  // when that was read
}

func (o *overview) do(ctx context.Context) error {
	if o.deps.Health != nil {
		if err := o.deps.Health.Ping(ctx); err != nil {
			o.deps.Health = nil
			o.base.Notes = append(o.base.Notes, "checks are not shown: "+err.Error())
		}
	}
	notes := o.base.Notes
	for {
		o.base.Notes = slices.Clone(notes)
		if err := o.look(ctx); err != nil {
			return err
		}
		if err := o.follow(ctx); err != nil || !o.opt.Watch {
			return err
		}
	}
}

// look reads what no watch tells.
func (o *overview) look(ctx context.Context) error {
	tiers, err := o.tiers(ctx, o.opt.Release)
	if err != nil {
		return err
	}
	o.jobs = nil
	for _, t := range tiers {
		if n := len(o.jobs); n == 0 || o.jobs[n-1] != t.job.before {
			o.jobs = append(o.jobs, t.job.before)
		}
	}
	o.asked = o.deps.Now()
	o.base.Release, o.base.Namespace = o.opt.Release, o.opt.Namespace
	o.base.Scalings, o.base.Volumes = []Scaling{}, []VolumeState{}
	for _, job := range o.jobs {
		o.base.Pack = cmp.Or(o.base.Pack, job.Meta[MetaPack])
		if err := o.scaled(ctx, value(job.ID)); err != nil {
			return err
		}
	}
	slices.SortStableFunc(o.base.Scalings, func(a, b Scaling) int { return b.Time.Compare(a.Time) })
	o.base.Scalings = o.base.Scalings[:min(len(o.base.Scalings), scalings)]
	if err := o.records(ctx); err != nil {
		return err
	}
	return o.volumes(ctx)
}

// records adds what the revision in effect tells, where it may be read: nobody must read secrets to see how a release stands.
func (o *overview) records(ctx context.Context) error {
	rev, m, err := o.revision(ctx, o.opt.Release, 0)
	var denied FaultDenied
	var refused *Error
	if errors.As(err, &denied) || errors.As(err, &refused) && refused.Outcome == Refused {
		return nil
	}
	if err != nil {
		return err
	}
	o.base.Revision, o.base.Version = rev.Number, rev.PackVersion
	states, err := o.credentialStates(ctx, m)
	if errors.As(err, &denied) {
		return nil
	}
	for _, c := range states {
		if c.Expiring {
			o.base.Notes = append(o.base.Notes, fmt.Sprintf("certificate %s ends on %s", c.Name, c.Expires.Format(time.DateOnly)))
		}
	}
	return err
}

// follow shows the release as it is, and while it is to be watched, until what was read besides is old.
func (o *overview) follow(ctx context.Context) error {
	jobs := make([]watched, len(o.jobs))
	for i, job := range o.jobs {
		jobs[i].id = value(job.ID)
	}
	w := o.watch(ctx, jobs, servicesOf(o.jobs))
	defer w.close()
	for {
		seen, tiers, err := w.next(ctx)
		if err != nil {
			return err
		}
		o.show(o.tell(seen, tiers))
		if !o.opt.Watch || o.deps.Now().Sub(o.asked) > lookAgain {
			return nil
		}
	}
}

func (o *overview) tell(seen status.Observation, tiers []status.Tier) *Overview {
	out := o.base
	out.Time, out.Tiers, out.Gates = seen.Time, append([]status.Tier{}, tiers...), []Gate{}
	for _, f := range seen.Jobs {
		if f.Job == nil { // purged meanwhile
			continue
		}
		j := JobOverview{ID: f.ID, Type: value(f.Job.Type), Version: value(f.Job.Version), Stopped: value(f.Job.Stop)}
		j.Submitted = time.Unix(0, value(f.Job.SubmitTime)).UTC()
		if f.Deployment != nil {
			j.Deployment = f.Deployment.Status
		}
		out.Jobs = append(out.Jobs, j)
		if w := canariesOf(f); w.ready() {
			out.Notes = append(slices.Clone(out.Notes), fmt.Sprintf("job %s awaits promotion: %s; packctl promote %s goes on", f.ID, w.counted(), out.Release))
		}
		out.Gates = append(out.Gates, gatesOf(&f)...)
	}
	out.Healthy = allWell(out.Jobs, tiers)
	return &out
}

// allWell says whether everything that is wanted of a release is as it should be. A stopped job is not wanted, such as one
// that left the pack, unless all of them are.
func allWell(jobs []JobOverview, tiers []status.Tier) bool {
	live := 0
	for _, j := range jobs {
		if !j.Stopped {
			live++
		}
	}
	for _, t := range tiers {
		switch t.State {
		case status.Healthy, status.Complete, status.Scheduled, status.Stopped:
		default:
			return false
		}
	}
	return live > 0
}

// gatesOf are the conditions of a job's groups, each with the word of an instance that waits for it.
func gatesOf(f *status.JobFacts) []Gate {
	var out []Gate
	for _, tg := range f.Job.TaskGroups {
		for _, w := range gate(tg).WaitFor {
			g := Gate{Tier: value(tg.Name), Job: f.ID, Name: w.Name, Open: true}
			for _, a := range f.Allocs {
				if a.TaskGroup != g.Tier || a.DesiredStatus != api.AllocDesiredStatusRun || !preparing(a) {
					continue
				}
				if reason, open := condition(f.Progress[a.ID], w.Name); !open {
					g.Open, g.Reason = false, reason
				}
			}
			out = append(out, g)
		}
	}
	return out
}

// gate is what a group's prestart task was told to do.
func gate(tg *api.TaskGroup) spec.Prepare {
	for _, t := range tg.Tasks {
		var p spec.Prepare
		if t.Name == spec.PrepareTask && json.Unmarshal([]byte(t.Env[spec.PrepareEnv]), &p) == nil {
			return p
		}
	}
	return spec.Prepare{}
}

// preparing says whether an allocation's prestart task has not ended.
func preparing(a *api.AllocationListStub) bool {
	st := a.TaskStates[spec.PrepareTask]
	return st == nil && a.ClientStatus == api.AllocClientStatusPending || st != nil && st.State != "dead"
}

func condition(p *spec.Progress, name string) (reason string, open bool) {
	if p == nil {
		return "", false
	}
	for _, c := range p.Conditions {
		if c.Name == name {
			return c.Reason, c.Ready
		}
	}
	return "", p.Phase != spec.PhaseWaiting
}

// servicesOf are the Consul services that jobs register, sorted.
func servicesOf(jobs []*api.Job) []string {
	var out []string
	for _, job := range jobs {
		for _, tg := range job.TaskGroups {
			list := slices.Clone(tg.Services)
			for _, t := range tg.Tasks {
				list = append(list, t.Services...)
			}
			for _, s := range list {
				if s.Provider != "nomad" && s.Name != "" {
					out = append(out, s.Name)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// scaled adds a job's scaling events.
func (o *overview) scaled(ctx context.Context, job string) error {
	groups, err := o.deps.Nomad.Scalings(ctx, job)
	if err != nil {
		return o.lacks("scaling events are not shown", err)
	}
	for _, name := range sorted(groups) {
		for _, e := range groups[name] {
			o.base.Scalings = append(o.base.Scalings, Scaling{Time: time.Unix(0, int64(e.Time)).UTC(), Tier: name, Job: job,
				From: e.PreviousCount, To: e.Count, Message: e.Message, Error: e.Error})
		}
	}
	return nil
}

// lacks notes what a token without the right does not get to see; every other error is returned.
func (o *overview) lacks(what string, err error) error {
	var denied FaultDenied
	if !errors.As(err, &denied) {
		return err
	}
	note := what + ": " + err.Error()
	if !slices.Contains(o.base.Notes, note) {
		o.base.Notes = append(o.base.Notes, note)
	}
	return nil
}

// volumes adds the host volumes that the tiers mount.
func (o *overview) volumes(ctx context.Context) error {
	mounted := mountsOf(o.jobs)
	for _, name := range sorted(mounted) {
		have, err := o.deps.Nomad.Volumes(ctx, name)
		if err != nil {
			return o.lacks("volumes are not shown", err)
		}
		if len(have) == 0 {
			o.base.Volumes = append(o.base.Volumes, VolumeState{Name: name, State: "missing", Tiers: mounted[name]})
		}
		for _, v := range have {
			o.base.Volumes = append(o.base.Volumes, VolumeState{Name: name, ID: v.ID, Node: v.NodeID, Plugin: v.PluginID,
				State: string(v.State), Tiers: mounted[name]})
		}
	}
	return o.nodeNames(ctx)
}

// mountsOf are the host volumes of jobs, with the tiers that mount each.
func mountsOf(jobs []*api.Job) map[string][]string {
	out := map[string][]string{}
	for _, job := range jobs {
		for _, tg := range job.TaskGroups {
			for _, v := range tg.Volumes {
				if v.Type == "host" {
					out[v.Source] = append(out[v.Source], value(tg.Name))
				}
			}
		}
	}
	for name := range out {
		slices.Sort(out[name])
		out[name] = slices.Compact(out[name])
	}
	return out
}

// nodeNames puts names in the place of the nodes' IDs, as far as they may be read.
func (o *overview) nodeNames(ctx context.Context) error {
	if len(o.base.Volumes) == 0 {
		return nil
	}
	nodes, err := o.deps.Nomad.Nodes(ctx)
	if err != nil {
		return o.lacks("nodes are shown by their IDs", err)
	}
	for i, v := range o.base.Volumes {
		for _, n := range nodes {
			if n.ID == v.Node {
				o.base.Volumes[i].Node = cmp.Or(n.Name, n.ID)
			}
		}
	}
	return nil
}
