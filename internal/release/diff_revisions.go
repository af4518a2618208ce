package release

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// diffManifests compares the jobs of two manifests, those of hooks last.
func (r *run) diffManifests(ctx context.Context, d *Difference, from, to *Manifest) error {
	old, now := from.all(), to.all()
	for _, n := range now {
		at := slices.IndexFunc(old, func(o hookedJob) bool { return o.ID == n.ID && (o.hook == "") == (n.hook == "") })
		if at < 0 {
			d.Jobs = append(d.Jobs, n.as(KindAdded, d.Namespace))
			continue
		}
		out := n.as(KindUnchanged, d.Namespace)
		fields, err := r.fieldsBetween(ctx, old[at].Spec, n.Spec)
		if err != nil {
			return err
		}
		if len(fields) > 0 {
			out.Kind, out.Fields = KindChanged, fields
		}
		d.Jobs = append(d.Jobs, out)
	}
	for _, o := range old {
		if !slices.ContainsFunc(now, func(n hookedJob) bool { return o.ID == n.ID && (o.hook == "") == (n.hook == "") }) {
			d.Jobs = append(d.Jobs, o.as(KindRemoved, d.Namespace))
		}
	}
	return nil
}

// hookedJob is a job of a manifest with the hook that it runs as, if it is one's.
type hookedJob struct {
	Job
	hook string
}

func (m *Manifest) all() []hookedJob {
	var out []hookedJob
	for _, j := range m.Jobs {
		out = append(out, hookedJob{Job: j})
	}
	for _, h := range m.Hooks {
		out = append(out, hookedJob{Job: h.Job, hook: h.Name})
	}
	return out
}

func (j hookedJob) as(kind, home string) JobDifference {
	return JobDifference{ID: j.ID, Namespace: cmp.Or(value(j.Spec.Namespace), home), Hook: j.hook, Kind: kind, Fields: []FieldChange{}}
}

// unregistered ends the ID under which Nomad is asked about a job that it is not to compare with the registered one.
const unregistered = "-packctl-diff"

// fieldsBetween is what differs between two specifications of a job. Nomad compares with what is registered alone; so it is
// asked about each under an ID that nothing has: it then lists every field, as it would store it.
func (r *run) fieldsBetween(ctx context.Context, old, now *api.Job) ([]FieldChange, error) {
	a, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(now)
	if err != nil || bytes.Equal(a, b) {
		return nil, err
	}
	was, err := r.everyField(ctx, old)
	if err != nil {
		return nil, err
	}
	is, err := r.everyField(ctx, now)
	if err != nil {
		return nil, err
	}
	return between(was, is, parts(old), parts(now)), nil
}

// everyField is a job as a list of its fields.
func (r *run) everyField(ctx context.Context, job *api.Job) ([]FieldChange, error) {
	next, err := copyJob(job)
	if err != nil {
		return nil, err
	}
	r.place(next)
	next.ID = ptrTo(value(next.ID) + unregistered)
	resp, err := r.deps.Nomad.Plan(ctx, next)
	if err != nil {
		return nil, err
	}
	out := jobFields(resp.Diff)
	if resp.Diff != nil {
		for _, g := range resp.Diff.TaskGroups {
			for _, f := range groupFields(g) {
				f.Path = "group." + g.Name + "." + f.Path
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// parts are the paths of a job's groups and tasks.
func parts(job *api.Job) []string {
	var out []string
	for _, tg := range job.TaskGroups {
		group := "group." + value(tg.Name)
		out = append(out, group)
		for _, t := range tg.Tasks {
			out = append(out, group+".task."+t.Name)
		}
	}
	return out
}

// between turns two lists of fields into what changed, in the order of the second list. A path may stand in a list several
// times, as the templates of a task do: what is equal cancels out, the rest are pairs in their order.
func between(was, is []FieldChange, before, after []string) []FieldChange {
	gone, came := without(before, after), without(after, before)
	type field struct{ path, value string }
	count := map[field]int{}
	for _, f := range was {
		count[field{f.Path, f.New}]++
	}
	var added []FieldChange
	for _, f := range is {
		at := field{f.Path, f.New}
		if count[at] > 0 {
			count[at]--
			continue
		}
		added = append(added, f)
	}
	left := map[string][]string{} // values by path
	var paths []string
	for _, f := range was {
		if at := (field{f.Path, f.New}); count[at] > 0 {
			count[at]--
			if left[f.Path] == nil {
				paths = append(paths, f.Path)
			}
			left[f.Path] = append(left[f.Path], f.New)
		}
	}
	var out []FieldChange
	whole := func(list []string, path, kind string) bool {
		at := slices.IndexFunc(list, func(part string) bool { return path == part || strings.HasPrefix(path, part+".") })
		if at < 0 {
			return false
		}
		if c := (FieldChange{Path: list[at], Kind: kind}); !slices.Contains(out, c) {
			out = append(out, c)
		}
		return true
	}
	for _, f := range added {
		if whole(came, f.Path, KindAdded) {
			continue
		}
		c := FieldChange{Path: f.Path, Kind: KindAdded, New: f.New}
		if old := left[f.Path]; len(old) > 0 {
			c.Kind, c.Old, left[f.Path] = KindChanged, old[0], old[1:]
		}
		out = append(out, c)
	}
	for _, path := range paths {
		for _, old := range left[path] {
			if !whole(gone, path, KindRemoved) {
				out = append(out, FieldChange{Path: path, Kind: KindRemoved, Old: old})
			}
		}
	}
	return out
}
