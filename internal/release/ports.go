package release

import (
	"context"

	"github.com/hashicorp/nomad/api"
)

// ports notes when something that is not Nomad's listens on a static port of the stack. Nomad knows only its own
// allocations: a task on the host's network would fail late, and bridge networking would even take the port over
// silently. That can be seen only from the machine itself, so only where the agent is on this one.
func (r *run) ports(ctx context.Context, p *problems) error {
	if r.deps.Local == nil {
		return nil
	}
	addresses, err := r.deps.Nomad.HostAddresses(ctx)
	if err != nil {
		return err
	}
	held := map[int]bool{} // by what this release runs already
	for _, job := range r.jobs {
		if job.before != nil && !value(job.before.Stop) {
			eachStaticPort(job.before, func(_ string, port api.Port) { held[port.Value] = true })
		}
	}
	for _, job := range r.jobs {
		eachStaticPort(job.api, func(group string, port api.Port) {
			if held[port.Value] {
				return
			}
			for _, address := range addresses[port.HostNetwork] {
				holder, taken := r.deps.Local.Taken(address, port.Value)
				if !taken {
					continue
				}
				if holder == "" {
					holder = "another program"
				}
				p.add("stop what listens there, or give the tier another port with the variable that the pack has for it (packctl render shows where it goes)",
					"port %d, which tier %s of job %s (%s) needs as %q on %s, is taken by %s", port.Value, group, job.ID, job.File, port.Label, address, holder)
				p.about(job.ID, group, job.File)
				return
			}
		})
	}
	return nil
}

func eachStaticPort(job *api.Job, do func(group string, port api.Port)) {
	for _, tg := range job.TaskGroups {
		for _, n := range tg.Networks {
			for _, port := range n.ReservedPorts {
				do(value(tg.Name), port)
			}
		}
	}
}
