package release

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
)

// wantedKill is what a worker's warm shutdown may take.
const wantedKill = 2 * time.Minute

// clients looks at every node: whether it takes work, and with what.
func (d *doctor) clients(ctx context.Context) error {
	d.area = "clients"
	stubs, err := d.deps.Nomad.Nodes(ctx)
	if err != nil {
		if d.denied(err, "the clients are not known") {
			return nil
		}
		return err
	}
	d.versions("client", len(stubs), func(i int) (string, string) { return stubs[i].Name, stubs[i].Version })
	var idle []string
	var ready []*api.Node
	for _, s := range stubs {
		if s.Status != "ready" || s.SchedulingEligibility == "ineligible" || s.Drain {
			idle = append(idle, s.Name+" ("+idleness(s)+")")
			continue
		}
		n, err := d.deps.Nomad.Node(ctx, s.ID)
		if err != nil {
			return err
		}
		ready = append(ready, n)
	}
	switch {
	case len(ready) == 0:
		d.find(Bad, "start a client agent, or make one eligible again: nomad node eligibility -enable", "no client takes work")
		return nil
	case len(idle) > 0:
		d.find(Worth, "nomad node status shows why", "clients that take no work: %s", some(idle))
	}
	d.driversOf(ready)
	d.fingerprints(ready)
	return d.kill(ctx)
}

func idleness(s *api.NodeListStub) string {
	switch {
	case s.Drain:
		return "draining"
	case s.Status != "ready":
		return s.Status
	}
	return s.SchedulingEligibility
}

// driversOf tells which drivers there are. One that is detected and ill is worth a word; one that is not installed is not.
func (d *doctor) driversOf(nodes []*api.Node) {
	var well, ill []string
	for _, n := range nodes {
		for _, name := range sorted(n.Drivers) {
			switch driver := n.Drivers[name]; {
			case driver == nil || !driver.Detected:
			case driver.Healthy:
				well = append(well, name)
			default:
				ill = append(ill, name+" on "+n.Name+": "+driver.HealthDescription)
			}
		}
	}
	slices.Sort(well)
	if well = slices.Compact(well); len(well) == 0 {
		d.find(Bad, "install Docker on the clients, or enable raw_exec", "no client has a driver in working order")
	} else {
		d.find(Fine, "", "drivers: %s", strings.Join(well, ", "))
	}
	if len(ill) > 0 {
		d.find(Worth, "look at the driver's own logs on that client", "drivers that do not work: %s", some(ill))
	}
}

const cniBridge = "plugins.cni.version.bridge"

// fingerprints are what clients say they can.
func (d *doctor) fingerprints(nodes []*api.Node) {
	d.bridges = slices.ContainsFunc(nodes, func(n *api.Node) bool { return n.Attributes[cniBridge] != "" })
	for _, f := range []struct {
		attribute, what, without, remedy string
	}{
		{cniBridge, "CNI plugins", `groups with mode = "bridge" are not placed there`, "install containernetworking-plugins, and set cni_path in the client's configuration"},
		{"plugins.host_volume.mkdir.version", "volume plugin mkdir", "volume blocks find no place there", "it is built into Nomad 1.10 and newer"},
		{"consul.version", "a Consul agent beside it", "services are not registered there", "run a Consul agent on that machine, and name it in the client's consul block"},
	} {
		var lack []string
		for _, n := range nodes {
			if n.Attributes[f.attribute] == "" {
				lack = append(lack, n.Name)
			}
		}
		if len(lack) == 0 {
			d.find(Fine, "", "%s: on every client", f.what)
			continue
		}
		d.find(Worth, f.remedy, "%s: not on %s; %s", f.what, some(lack), f.without)
	}
}

// kill looks at max_kill_timeout, which only an agent tells, of itself.
func (d *doctor) kill(ctx context.Context) error {
	most, err := d.deps.Nomad.KillTimeout(ctx)
	if err != nil && !d.denied(err, "max_kill_timeout is not known") {
		return err
	}
	const remedy = `client { max_kill_timeout = "2m" } in the clients' configuration, for tasks whose warm shutdown takes longer than 30 s`
	switch {
	case err != nil:
	case most == 0:
		d.find(Worth, remedy, "max_kill_timeout of the clients: Nomad's API does not tell it, except of the agent that is asked when that is a client")
	case most < wantedKill:
		d.find(Worth, remedy, "max_kill_timeout of this agent is %s: a longer kill_timeout is cut to it", most)
	default:
		d.find(Fine, "", "max_kill_timeout of this agent is %s; that of others is not told", most)
	}
	return nil
}

// consul looks at the agent that packctl asks, and whether tasks could reach one.
func (d *doctor) consul(ctx context.Context) error {
	d.area = "consul"
	if d.deps.Health == nil {
		d.find(Worth, "set CONSUL_HTTP_ADDR", "Consul is not asked: checks do not count")
		return nil
	}
	if err := d.deps.Health.Ping(ctx); err != nil {
		hint := ""
		if out := d.classify(ctx, err); out != nil {
			hint = out.Hint
		}
		d.find(Bad, hint, "%v", err)
		return nil
	}
	patient, ok := d.deps.Health.(ConsulPatient)
	if !ok {
		return nil
	}
	version, listens, err := patient.Agent(ctx)
	if err != nil {
		d.find(Worth, "agent:read shows more", "Consul answers; its version is not told to this token")
		return nil
	}
	switch {
	case older(version, consulNeeded):
		d.find(Bad, "update it", "Consul %s is too old", version)
	case older(version, consulTested):
		d.find(Worth, "packctl is tested with Consul 1.22", "Consul %s is older than packctl is tested with", version)
	default:
		d.find(Fine, "", "Consul %s answers", version)
	}
	loopback := func(address string) bool {
		ip := net.ParseIP(address)
		return ip != nil && ip.IsLoopback()
	}
	if len(listens) > 0 && !slices.ContainsFunc(listens, func(a string) bool { return !loopback(a) }) {
		d.find(Worth, `give the Consul agents a client_addr that tasks reach, such as "127.0.0.1 172.17.0.1"`,
			"Consul's API listens on loopback only: gates and templates in containers cannot reach it")
	} else {
		d.find(Fine, "", "Consul's API listens beyond loopback; whether each task reaches it, only a task can tell")
	}
	return nil
}
