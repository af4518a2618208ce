package check

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// scaling: Nomad looks at the bounds when the job is submitted, and at a policy never.
func scaling() Rule {
	return Rule{
		ID:    "scaling",
		Finds: "a scaling block whose bounds contradict each other or the count, or whose policy the autoscaler could not follow",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				if t.Group.Scaling == nil {
					continue
				}
				at := []stack.Step{stack.Block("group", t.Name), stack.Nth("scaling", 0)}
				bounds(t, f, at)
				policy(s, t, f, append(at, stack.Nth("policy", 0)))
			}
		},
	}
}

// bounds looks at min, max and count. Without a count Nomad takes min.
func bounds(t *stack.Tier, f *findings, at []stack.Step) {
	attr := func(name string) []stack.Step { return append(slices.Clone(at), stack.Attr(name)) }
	least, most := t.Group.Scaling.Min, t.Group.Scaling.Max
	if least == nil {
		f.warn(t.Job.At(at...), "Scaling without a lower bound",
			"The scaling block of group %q has no min: Nomad takes its count, and the tier never shrinks below that. Set min.", t.Name)
	}
	switch count := t.Group.Count; {
	case most == nil: // Nomad's parser insists on it
	case least != nil && *least < 0:
		f.error(t.Job.At(attr("min")...), "Scaling below zero", "min of group %q is %d; the least is 0.", t.Name, *least)
	case least != nil && *least > *most:
		f.error(t.Job.At(attr("min")...), "Bounds the wrong way round", "min of group %q is %d, and max is %d.", t.Name, *least, *most)
	case count != nil && (int64(*count) > *most || least != nil && int64(*count) < *least):
		f.error(t.Job.At(stack.Block("group", t.Name), stack.Attr("count")), "Count out of bounds",
			"The count of group %q is %d, and its scaling block says %d to %d. Nomad refuses such a job: change the one or the other.",
			t.Name, *count, deref(least), *most)
	}
}

func policy(s *stack.Stack, t *stack.Tier, f *findings, at []stack.Step) {
	decoded, faults := spec.DecodeScaling(t.Group.Scaling.Policy, s.Release.Name)
	for _, fault := range faults {
		steps := slices.Clone(at)
		if fault.Block != "" {
			steps = append(steps, stack.Nth(fault.Block, fault.Nth))
		}
		hint := ""
		if fault.Known != nil {
			hint = diag.DidYouMean(fault.Given, fault.Known, "") + " Known: " + diag.List(fault.Known, "") + "."
		}
		f.error(named(t.Job, steps, fault.Attr), "Scaling policy that cannot be followed", "%s%s", fault.Text, hint)
	}
	if decoded == nil {
		return
	}
	services, credentials := registered(s), items(s)
	for i, q := range decoded.Queues {
		steps := append(slices.Clone(at), stack.Nth("queue", i))
		if own := s.Release.Name + "-"; strings.HasPrefix(q.Service, own) && !slices.Contains(services, q.Service) {
			f.error(t.Job.At(append(steps, stack.Attr("service"))...), "Queue on an unknown service",
				"The queue %q is looked for on the service %q, which no tier of this pack registers.%s Name the Consul service of its Redis: service = …",
				q.Name, q.Service, diag.DidYouMean(q.Service, services, ""))
		}
		if q.Credential != "" && !slices.Contains(credentials, q.Credential) {
			f.error(t.Job.At(append(steps, stack.Attr("credential"))...), "Queue with an unknown credential",
				"The pack has no credential %q.%s It has: %s.", q.Credential, diag.DidYouMean(q.Credential, credentials, ""), diag.List(credentials, "none"))
		}
	}
}

// named is the place of an attribute, or of a block that has its name; where there is neither, of the block around.
func named(j *stack.Job, steps []stack.Step, name string) hcl.Range {
	around := j.At(steps...)
	if name == "" {
		return around
	}
	if at := j.At(append(slices.Clone(steps), stack.Nth(name, 0))...); at != around {
		return at
	}
	return j.At(append(steps, stack.Attr(name))...)
}

// registered are the Consul services that the stack's tiers register, sorted.
func registered(s *stack.Stack) []string {
	var out []string
	for _, t := range s.Tiers {
		out = append(out, t.Services...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// items are what the pack's credentials hold, sorted.
func items(s *stack.Stack) []string {
	var out []string
	for _, c := range s.Credentials {
		out = append(out, c.Items()...)
	}
	slices.Sort(out)
	return out
}
