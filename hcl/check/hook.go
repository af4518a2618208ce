package check

import (
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// hookEvent: a hook at a moment that never comes would never run, and nobody would notice.
func hookEvent() Rule {
	return Rule{
		ID:    "hook-event",
		Finds: "a hook at a moment that does not exist, or twice at the same one",
		inspect: func(s *stack.Stack, f *findings) {
			var known []string
			for _, e := range spec.Events() {
				known = append(known, string(e))
			}
			for _, h := range s.Hooks {
				seen := map[spec.Event]bool{}
				for _, on := range h.On {
					name := string(on.Event)
					switch {
					case !isEvent(on.Event):
						f.error(on.Range, "Unknown event", "Hook %q runs on %q, which is no event.%s Events: %s.",
							h.Name, name, diag.DidYouMean(name, known, ""), diag.List(known, ""))
					case seen[on.Event]:
						f.warn(on.Range, "Event named twice", "Hook %q names %q twice, and runs once then.", h.Name, name)
					}
					seen[on.Event] = true
				}
			}
		},
	}
}

func isEvent(e spec.Event) bool {
	for _, known := range spec.Events() {
		if e == known {
			return true
		}
	}
	return false
}

// hookJob: the job is looked up by its label in the pack.
func hookJob() Rule {
	return Rule{
		ID:    "hook-job",
		Finds: "a hook whose job the pack does not have",
		inspect: func(s *stack.Stack, f *findings) {
			var labels []string
			for _, j := range s.Jobs {
				labels = append(labels, strings.TrimPrefix(j.ID, s.Release.Name+"-"))
			}
			for _, h := range s.Hooks {
				if s.Job(h.Job) == nil {
					f.error(h.At, "Unknown job", "Hook %q runs job %q, and the pack has no such job.%s Its jobs: %s.",
						h.Name, h.Label, diag.DidYouMean(h.Label, labels, ""), diag.List(labels, "none"))
				}
			}
		},
	}
}

// hookType: a hook is awaited to its end, so its job must have one, and it must start when it is submitted.
func hookType() Rule {
	return Rule{
		ID:    "hook-type",
		Finds: "a hook whose job does not end by itself: it is neither batch nor sysbatch, or it is periodic or parameterized",
		inspect: func(s *stack.Stack, f *findings) {
			for _, h := range s.Hooks {
				job := s.Job(h.Job)
				if job == nil {
					continue
				}
				kind := deref(job.API.Type)
				switch {
				case kind != api.JobTypeBatch && kind != api.JobTypeSysbatch:
					at := job.At()
					if job.Has(stack.Attr("type")) {
						at = job.At(stack.Attr("type"))
					}
					f.error(at, "Hook that does not end", "Hook %q runs this job and waits for its end, and a job of type %q has none. Write type = \"batch\".", h.Name, orService(kind))
				case job.API.IsPeriodic():
					f.error(job.At(stack.Block("periodic", "")), "Hook that starts by itself", "Hook %q runs this job at its moments; a periodic job starts at others. Remove the periodic block.", h.Name)
				case job.API.IsParameterized():
					f.error(job.At(stack.Block("parameterized", "")), "Hook that does not start", "Hook %q runs this job when it submits it; a parameterized job waits for a dispatch then. Remove the parameterized block.", h.Name)
				}
			}
		},
	}
}

func orService(kind string) string {
	if kind == "" {
		return api.JobTypeService
	}
	return kind
}

// hookWaitedFor: what a hook's job registers is there for moments only, so a gate that waits for it would not open.
func hookWaitedFor() Rule {
	return Rule{
		ID:    "hook-waited-for",
		Finds: "a tier that waits for a service of a hook's job",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, n := range t.Needs {
					if n.JobID != "" && n.JobID != t.JobID && s.IsHook(n.JobID) {
						f.error(n.Range, "Tier waits for a hook", "Tier %q waits for %q, which only job %s registers, and that runs as a hook: at its moments, not before this tier.",
							t.Name, n.Service, n.JobID)
					}
				}
			}
		},
	}
}
