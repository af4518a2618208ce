package check

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// staticPortTwice: two tiers that want one port of a machine cannot share a machine.
func staticPortTwice() Rule {
	return Rule{
		ID:    "static-port-twice",
		Finds: "a static port that two tiers want on the same host network",
		inspect: func(s *stack.Stack, f *findings) {
			type key struct {
				network string
				port    int
			}
			type use struct {
				tier *stack.Tier
				port api.Port
			}
			first := map[key]use{}
			for _, t := range s.Tiers {
				for _, n := range t.Group.Networks {
					for _, p := range n.ReservedPorts {
						if runtime(p.HostNetwork) {
							continue
						}
						k := key{p.HostNetwork, p.Value}
						if k.network == "" {
							k.network = "default"
						}
						prev, twice := first[k]
						if !twice {
							first[k] = use{t, p}
							continue
						}
						at := portPlace(t, p)
						d := fmt.Sprintf("Tier %q and tier %q both want port %d of host network %q, so they cannot run on one machine. Make one of them another number, or a dynamic port.",
							prev.tier.Name, t.Name, p.Value, k.network)
						if constrained(t) || constrained(prev.tier) {
							f.warn(at, "Static port wanted twice", "%s", d+" (Constraints may keep them apart.)")
						} else {
							f.error(at, "Static port wanted twice", "%s", d)
						}
						last := &f.diags[len(f.diags)-1]
						last.Related = []diag.Related{{Text: "the other one", Range: portPlace(prev.tier, prev.port)}}
					}
				}
			}
		},
	}
}

func portPlace(t *stack.Tier, p api.Port) hcl.Range {
	for i, n := range t.Group.Networks {
		for _, q := range n.ReservedPorts {
			if q.Label == p.Label {
				return t.Job.At(stack.Block("group", t.Name), stack.Nth("network", i), stack.Block("port", p.Label), stack.Attr("static"))
			}
		}
	}
	return t.Job.At(stack.Block("group", t.Name))
}

// constrained reports whether the author chose machines for a tier.
func constrained(t *stack.Tier) bool {
	n := len(t.Job.API.Constraints) + len(t.Group.Constraints)
	for _, task := range t.Group.Tasks {
		n += len(task.Constraints)
	}
	return n > 0 || deref(t.Job.API.NodePool) != "" && deref(t.Job.API.NodePool) != "default"
}
