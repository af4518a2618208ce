package check

import (
	"regexp"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// networkBlock: what the server says about network blocks, without a place.
func networkBlock() Rule {
	host := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	return Rule{
		ID:    "network-block",
		Finds: "a network block or a port that Nomad's server refuses",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for i, n := range t.Group.Networks {
					at := ofTier(t).nth("network", i)
					if !strings.HasPrefix(n.Mode, "cni/") {
						f.oneOf(at, "mode", n.Mode, networkSummary, "bridge", "host", "none")
					}
					if n.Hostname != "" && !runtime(n.Hostname) && !host.MatchString(n.Hostname) {
						f.error(at.attr("hostname"), networkSummary, "%q is no host name.", n.Hostname)
					}
					for _, p := range append(n.ReservedPorts, n.DynamicPorts...) {
						port(f, at.labelled("port", p.Label), n, p)
					}
				}
				if len(t.Group.Networks) > 1 {
					f.warn(ofTier(t).nth("network", 1).here(), networkSummary, "Group %q has several networks; Nomad's scheduler takes one.", t.Name)
				}
			}
		},
	}
}

const networkSummary = "Network that Nomad refuses"

func port(f *findings, at place, n *api.NetworkResource, p api.Port) {
	const most = 65535
	switch {
	case p.Value > most || p.Value < 0:
		f.error(at.attr("static"), networkSummary, "Port %q is %d; ports are numbers from 1 to %d.", p.Label, p.Value, most)
	case p.To > most || p.To < -1:
		f.error(at.attr("to"), networkSummary, "Port %q leads to %d; ports are numbers from 1 to %d, and -1 is the same as outside.", p.Label, p.To, most)
	case p.IgnoreCollision && n.Mode != "" && n.Mode != "host":
		f.error(at.attr("ignore_collision"), networkSummary, "ignore_collision is for the network mode host, not for %q.", n.Mode)
	}
}
