package check

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

const jobSummary = "Job that Nomad refuses"

// jobBlock: what the server says about a job as a whole, without a place.
func jobBlock() Rule {
	return Rule{
		ID:    "job-block",
		Finds: "a job or group that Nomad's server refuses: an unknown type, no groups, no tasks, a parameterized service",
		inspect: func(s *stack.Stack, f *findings) {
			for _, j := range s.Jobs {
				wholeJob(f, ofJob(j), j.API)
			}
			for _, t := range s.Tiers {
				at := ofTier(t)
				switch {
				case len(t.Group.Tasks) == 0:
					f.error(at.here(), jobSummary, "Group %q has no task.", t.Name)
				case t.Count < 0:
					f.error(at.attr("count"), jobSummary, "count is %d.", t.Count)
				case jobType(t) == api.JobTypeSystem && t.Count > 1:
					f.error(at.attr("count"), jobSummary, "A system job runs once on every node that fits, so count is 1 at most, not %d.", t.Count)
				case deref(t.Group.ShutdownDelay) < 0:
					f.error(at.attr("shutdown_delay"), jobSummary, "shutdown_delay is below zero.")
				case t.Group.EphemeralDisk != nil && t.Group.EphemeralDisk.SizeMB != nil && *t.Group.EphemeralDisk.SizeMB < 10:
					f.error(at.nth("ephemeral_disk", 0).attr("size"), jobSummary, "size is %d MB; the least is 10.", *t.Group.EphemeralDisk.SizeMB)
				}
			}
		},
	}
}

func wholeJob(f *findings, at place, j *api.Job) {
	f.oneOf(at, "type", deref(j.Type), jobSummary, api.JobTypeService, api.JobTypeBatch, api.JobTypeSystem, api.JobTypeSysbatch)
	switch id := deref(j.ID); {
	case strings.ContainsAny(id, " \x00"):
		f.error(at.here(), jobSummary, "The job's name has a space in it: %q.", id)
	case len(j.TaskGroups) == 0:
		f.error(at.here(), jobSummary, "The job has no group.")
	case slices.Contains(j.Datacenters, ""):
		f.error(at.attr("datacenters"), jobSummary, "One of the datacenters is an empty text.")
	case j.Priority != nil && (*j.Priority < 1 || *j.Priority > 32766):
		f.error(at.attr("priority"), jobSummary, "priority is %d; it is a number from 1 to 100, unless the servers allow more.", *j.Priority)
	}
	p := j.ParameterizedJob
	if p == nil {
		return
	}
	in := at.nth("parameterized", 0)
	f.oneOf(in, "payload", p.Payload, jobSummary, "optional", "required", "forbidden")
	if kind := deref(j.Type); kind != api.JobTypeBatch && kind != api.JobTypeSysbatch {
		f.error(in.here(), jobSummary, "A parameterized job is of type batch or sysbatch: set type = \"batch\" in the job.")
	}
	both := map[string]bool{}
	for _, k := range p.MetaRequired {
		both[k] = slices.Contains(p.MetaOptional, k)
	}
	for _, k := range slices.Sorted(maps.Keys(both)) {
		if both[k] {
			f.error(in.attr("meta_optional"), jobSummary, "The meta key %q is required and optional.", k)
		}
	}
}
