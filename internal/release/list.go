package release

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
)

// List names the releases of all namespaces that the token can see, by namespace and name.
func (e *Engine) List(ctx context.Context) ([]Entry, error) {
	v := &verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}
	jobs, err := e.deps.Nomad.AllJobs(ctx)
	var records []*api.Variable
	if err == nil {
		records, err = e.deps.Nomad.NewestRecords(ctx)
		if denied := FaultDenied(nil); errors.As(err, &denied) { // the list is right without them
			records, err = nil, nil
		}
	}
	if err != nil {
		out := v.classify(ctx, err)
		if out.Outcome == Interrupted {
			out.Hint = ""
		}
		return nil, out
	}
	return withRecords(entries(jobs), records), nil
}

// withRecords adds what the newest record of each release says.
func withRecords(list []Entry, records []*api.Variable) []Entry {
	for _, v := range records {
		var r Revision
		if json.Unmarshal([]byte(v.Items[recordItem]), &r) != nil { // a later packctl's, perhaps
			continue
		}
		for i := range list {
			e := &list[i]
			if e.Namespace == cmp.Or(v.Namespace, api.DefaultNamespace) && strings.HasPrefix(v.Path, "packctl/releases/"+e.Release+"/") {
				e.Revision, e.Version = r.Number, r.PackVersion
			}
		}
	}
	return list
}

// entries files jobs under their releases. Children of jobs count for none: their parents stand for them.
func entries(jobs []*api.JobListStub) []Entry {
	type key struct{ namespace, name string }
	byRelease := map[key]*Entry{}
	for _, j := range jobs {
		name := j.Meta[MetaRelease]
		if name == "" || j.ParentID != "" || Momentary(j.Meta) {
			continue
		}
		k := key{HomeOf(j.Meta, j.Namespace), name}
		e := byRelease[k]
		if e == nil {
			e = &Entry{Release: name, Namespace: k.namespace, Pack: j.Meta[MetaPack], State: ListStopped}
			byRelease[k] = e
		}
		e.Jobs++
		if at := time.Unix(0, j.SubmitTime).UTC(); at.After(e.Submitted) {
			e.Submitted = at
		}
		if s := listState(j); rankList(s) > rankList(e.State) {
			e.State = s
		}
	}
	out := make([]Entry, 0, len(byRelease))
	for _, e := range byRelease {
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Release, b.Release))
	})
	return out
}

// rankList orders states by how much they want to be told. A stopped job beside others is one that is not wanted.
func rankList(s ListState) int {
	return slices.Index([]ListState{ListStopped, ListRunning, ListStarted, ListFailing}, s)
}

// listState is what Nomad's summary tells of one job.
func listState(j *api.JobListStub) ListState {
	if j.Stop {
		return ListStopped
	}
	if j.Periodic || j.ParameterizedJob { // their runs are jobs of their own
		return ListRunning
	}
	running, coming, ended := 0, 0, 0
	if j.JobSummary != nil {
		for _, g := range j.JobSummary.Summary {
			running += g.Running
			coming += g.Queued + g.Starting
			ended += g.Failed + g.Lost + g.Unknown
		}
	}
	switch {
	case coming > 0 || j.Status == "pending":
		return ListStarted
	case j.Status != "dead":
		return ListRunning
	case ended == 0:
		return ListRunning // its work is done, or it is scaled to 0
	}
	return ListFailing
}
