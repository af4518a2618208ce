package release

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// plan reads what the cluster has of each job, refuses what must not be touched or cannot run, and asks Nomad what each
// submission would change. It changes nothing.
func (r *run) plan(ctx context.Context) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	if err := r.drivers(ctx); err != nil {
		return err
	}
	if err := r.ports(ctx); err != nil {
		return err
	}
	missing, err := r.missingVolumes(ctx)
	if err != nil {
		return err
	}
	p := problems{outcome: Failed}
	for _, job := range r.jobs {
		if err := r.planJob(ctx, job, missing, &p); err != nil {
			return err
		}
	}
	return p.err()
}

// load fills in the jobs with what is registered under their IDs, and refuses jobs that are not this release's.
func (r *run) load(ctx context.Context) error {
	rel := r.manifest.Release
	p := problems{outcome: Conflict}
	ours := map[string]bool{}
	for _, j := range r.manifest.Jobs {
		ours[j.ID] = true
		before, err := r.deps.Nomad.Job(ctx, j.ID)
		if err != nil {
			return err
		}
		next, err := copyJob(j.Spec)
		if err != nil {
			return err
		}
		if rel.Namespace != "" {
			next.Namespace = &rel.Namespace
		}
		job := &planned{Job: j, api: next, before: before}
		if before != nil {
			if owner := before.Meta[MetaRelease]; owner != rel.Name {
				p.add("choose another release name with --name, or stop and purge that job if it is not needed: nomad job stop -purge "+j.ID,
					"job %s exists already and %s", j.ID, belongs(owner))
				continue
			}
			job.index, job.version = value(before.JobModifyIndex), value(before.Version)
			keepCounts(next, before)
			keepRetries(next, before)
		}
		r.jobs = append(r.jobs, job)
	}
	if err := p.err(); err != nil {
		return err
	}
	listed, err := r.deps.Nomad.ReleaseJobs(ctx, rel.Name)
	if err != nil {
		return err
	}
	for _, j := range listed {
		if !ours[j.ID] && !j.Stop && j.ParentID == "" { // a child goes with its parent
			r.orphans = append(r.orphans, j.ID)
		}
	}
	slices.Sort(r.orphans)
	return nil
}

func belongs(owner string) string {
	if owner == "" {
		return "was not made by packctl"
	}
	return "belongs to release " + owner
}

// copyJob copies a job through the wire form in which it is submitted.
func copyJob(j *api.Job) (*api.Job, error) {
	data, err := json.Marshal(j)
	if err != nil {
		return nil, fmt.Errorf("copy job %s: %w", value(j.ID), err)
	}
	var out api.Job
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fmt.Errorf("copy job %s: %w", value(j.ID), err)
	}
	return &out, nil
}

// keepCounts carries the present count over for each group that has an enabled scaling block, within the block's new bounds: what
// an autoscaler or a person has set is not the pack's to reset.
func keepCounts(next, before *api.Job) {
	for _, tg := range next.TaskGroups {
		if tg.Scaling == nil || (tg.Scaling.Enabled != nil && !*tg.Scaling.Enabled) {
			continue
		}
		old := before.LookupTaskGroup(value(tg.Name))
		if old == nil || old.Count == nil || value(before.Stop) {
			continue
		}
		n := *old.Count
		if tg.Scaling.Min != nil {
			n = max(n, int(*tg.Scaling.Min))
		}
		if tg.Scaling.Max != nil {
			n = min(n, int(*tg.Scaling.Max))
		}
		tg.Count = &n
	}
}

// keepRetries carries the mark of an earlier retry over, so that it is no change by itself.
func keepRetries(next, before *api.Job) {
	for _, tg := range next.TaskGroups {
		old := before.LookupTaskGroup(value(tg.Name))
		if old == nil || old.Meta[metaRetry] == "" {
			continue
		}
		if tg.Meta == nil {
			tg.Meta = map[string]string{}
		}
		tg.Meta[metaRetry] = old.Meta[metaRetry]
	}
}

// planJob asks Nomad about one job: what would change, and whether there is a place for it.
func (r *run) planJob(ctx context.Context, job *planned, missing map[string]bool, p *problems) error {
	resp, err := r.deps.Nomad.Plan(ctx, job.api)
	if err != nil {
		return err
	}
	job.changed = differs(resp.Diff)
	job.index = resp.JobModifyIndex
	if len(resp.FailedTGAllocs) == 0 {
		return nil
	}
	if bare, changed := withoutVolumes(job.api, missing); changed { // its volumes come later, what else is in the way?
		if bare, err = copyJob(bare); err != nil {
			return err
		}
		if resp, err = r.deps.Nomad.Plan(ctx, bare); err != nil {
			return err
		}
	}
	for _, group := range slices.Sorted(maps.Keys(resp.FailedTGAllocs)) {
		p.add(placementHint(resp.FailedTGAllocs[group]),
			"tier %s of job %s (%s): %s", group, job.ID, job.File, status.PlacementReason(resp.FailedTGAllocs[group]))
	}
	return nil
}

func placementHint(m *api.AllocationMetric) string {
	for dimension := range m.DimensionExhausted {
		if strings.HasPrefix(dimension, "network: ") {
			return "stop the job that has the port (nomad job status), or give the tier another one with the variable that the pack has for it; nothing was submitted"
		}
	}
	return "make room for it, or change what it asks for, and run again; nothing was submitted"
}

// withoutVolumes is the job without its requests for the volumes that do not exist yet.
func withoutVolumes(job *api.Job, missing map[string]bool) (*api.Job, bool) {
	out := *job
	out.TaskGroups = nil
	changed := false
	for _, tg := range job.TaskGroups {
		g := *tg
		gone := map[string]bool{}
		g.Volumes = map[string]*api.VolumeRequest{}
		for name, v := range tg.Volumes {
			if missing[v.Source] {
				gone[name], changed = true, true
				continue
			}
			g.Volumes[name] = v
		}
		g.Tasks = nil
		for _, t := range tg.Tasks {
			c := *t
			c.VolumeMounts = slices.DeleteFunc(slices.Clone(t.VolumeMounts), func(m *api.VolumeMount) bool { return gone[value(m.Volume)] })
			g.Tasks = append(g.Tasks, &c)
		}
		out.TaskGroups = append(out.TaskGroups, &g)
	}
	return &out, changed
}

// drivers fails when no node can run a driver that a task needs: Docker that does not run must be said before anything
// is changed, and not as a placement failure.
func (r *run) drivers(ctx context.Context) error {
	nodes, err := r.deps.Nomad.Nodes(ctx)
	if err != nil {
		return err
	}
	p := problems{outcome: Failed}
	ready := slices.DeleteFunc(slices.Clone(nodes), func(n *api.NodeListStub) bool {
		return n.Status != "ready" || n.SchedulingEligibility == "ineligible"
	})
	if len(ready) == 0 {
		p.add("start a client agent, or make a node eligible again: nomad node eligibility -enable",
			"no node of the cluster can take work: %d nodes, none of them ready and eligible", len(nodes))
		return p.err()
	}
	users := map[string][]string{}
	for _, job := range r.jobs {
		for _, tg := range job.api.TaskGroups {
			for _, t := range tg.Tasks {
				user := value(tg.Name) + "/" + t.Name
				if !slices.Contains(users[t.Driver], user) {
					users[t.Driver] = append(users[t.Driver], user)
				}
			}
		}
	}
	for _, driver := range slices.Sorted(maps.Keys(users)) {
		if why := unhealthyDriver(driver, ready); why != "" {
			p.add(driverHint(driver), "no node can run the driver %s, which %s need: %s", driver, some(users[driver]), why)
		}
	}
	return p.err()
}

// unhealthyDriver is why no node has the driver in working order, or "".
func unhealthyDriver(driver string, nodes []*api.NodeListStub) string {
	var why []string
	for _, n := range nodes {
		d := n.Drivers[driver]
		switch {
		case d != nil && d.Detected && d.Healthy:
			return ""
		case d == nil || !d.Detected:
			why = append(why, "node "+n.Name+" does not have it")
		default:
			why = append(why, "node "+n.Name+" says: "+d.HealthDescription)
		}
	}
	return some(why)
}

func driverHint(driver string) string {
	if driver == "docker" {
		return "start Docker on the client (systemctl start docker, or dockerd), wait until nomad node status -verbose shows it healthy, and run again"
	}
	return "enable the driver " + driver + " in the client's configuration, or choose another in the pack, and run again"
}

// some names the first few of a list.
func some(list []string) string {
	const few = 4
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
