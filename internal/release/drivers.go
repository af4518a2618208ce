package release

import (
	"context"
	"maps"
	"slices"

	"github.com/hashicorp/nomad/api"
)

// drivers notes when no node can run a driver that a task of the jobs needs, each driver once: Docker that does not run must
// be said before anything is changed, and not as a placement failure.
func (r *run) drivers(ctx context.Context, p *problems, jobs []*api.Job) error {
	if len(jobs) == 0 || r.undriven["*"] {
		return nil
	}
	if r.undriven == nil {
		r.undriven = map[string]bool{}
	}
	nodes, err := r.deps.Nomad.Nodes(ctx)
	if err != nil {
		return err
	}
	ready := slices.DeleteFunc(slices.Clone(nodes), func(n *api.NodeListStub) bool {
		return n.Status != "ready" || n.SchedulingEligibility == "ineligible"
	})
	if len(ready) == 0 {
		r.undriven["*"] = true
		p.add("start a client agent, or make a node eligible again: nomad node eligibility -enable",
			"no node of the cluster can take work: %d nodes, none of them ready and eligible", len(nodes))
		return nil
	}
	users := map[string][]string{}
	for _, job := range jobs {
		for _, tg := range job.TaskGroups {
			for _, t := range tg.Tasks {
				user := value(tg.Name) + "/" + t.Name
				if !slices.Contains(users[t.Driver], user) {
					users[t.Driver] = append(users[t.Driver], user)
				}
			}
		}
	}
	for _, driver := range slices.Sorted(maps.Keys(users)) {
		if why := unhealthyDriver(driver, ready); why != "" && !r.undriven[driver] {
			r.undriven[driver] = true
			p.add(driverHint(driver), "no node can run the driver %s, which %s need: %s", driver, some(users[driver]), why)
		}
	}
	return nil
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
