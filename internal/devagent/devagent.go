// Package devagent runs a real Nomad agent and a real Consul agent on this machine for development: `packctl dev`.
//
// In: Options (a data folder and ports). Out: two background processes with persistent data that are ready for jobs, and
// later their orderly end, after which no process, container, mount or network of theirs is left. A second pair with its
// own ports and data folder runs beside the first: it has its own bridge, subnet and range of dynamic ports. The agents listen
// on loopback, and on the address of Docker's bridge where containers reach Consul. Nothing of the pack language, of
// releases or of the sidecars imports it.
package devagent

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
)

// Options say which pair of agents is meant and how it is started. Down and Read use DataDir alone.
type Options struct {
	DataDir    string   // absolute; holds data, configuration, logs and what is known of the running agents
	BinDirs    []string // where the agents' programs are looked for before PATH
	NomadPort  int      // HTTP; RPC and gossip are the two after it
	ConsulPort int      // HTTP; see ports
	NoDocker   bool     // only raw_exec and exec: needs neither Docker nor, for raw_exec alone, root
}

// The ports that Nomad and Consul have by default.
const (
	DefaultNomadPort  = 4646
	DefaultConsulPort = 8500
)

// Say is told what is being done, a line each.
type Say func(line string)

// Fault is a reason why the agents cannot run, with the way out.
type Fault struct {
	Problem string
	Remedy  string
	Err     error // the cause, or nil
}

func (f *Fault) Error() string {
	if f.Err != nil {
		return f.Problem + ": " + f.Err.Error()
	}
	return f.Problem
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// layout is where the files of a pair are.
type layout struct{ dir string }

func (l layout) state() string          { return filepath.Join(l.dir, "state.json") }
func (l layout) lock() string           { return filepath.Join(l.dir, "lock") }
func (l layout) config(a string) string { return filepath.Join(l.dir, a+".hcl") }
func (l layout) log(a string) string    { return filepath.Join(l.dir, a+".log") }
func (l layout) data(a string) string   { return filepath.Join(l.dir, a) }
func (l layout) allocs() string         { return filepath.Join(l.dir, "nomad", "alloc") }

// plan is everything that the agents' configuration depends on. It is kept with the running pair.
type plan struct {
	DataDir    string       `json:"data_dir"`
	NomadPort  int          `json:"nomad_port"`
	ConsulPort int          `json:"consul_port"`
	Docker     bool         `json:"docker"`
	Interface  string       `json:"interface"`        // on which allocations get their ports
	Address    netip.Addr   `json:"address"`          // of that interface
	CNIPath    string       `json:"cni_path"`         //
	Bridge     string       `json:"bridge"`           // the interface that Nomad makes for groups in bridge mode
	Subnet     netip.Prefix `json:"subnet"`           // of the bridge
	Infra      string       `json:"infra,omitempty"`  // image of the container that holds a group's network
	MinPort    int          `json:"min_dynamic_port"` //
	MaxPort    int          `json:"max_dynamic_port"` //
}

// consulPorts are HTTP, server RPC, LAN gossip and DNS. Beside the default pair the last three follow the first.
func (p plan) consulPorts() (http, server, serf, dns int) {
	if p.ConsulPort == DefaultConsulPort {
		return 8500, 8300, 8301, 8600
	}
	return p.ConsulPort, p.ConsulPort + 1, p.ConsulPort + 2, p.ConsulPort + 3
}

// dynamicPorts is the range that Nomad gives to allocations. Ranges of different pairs must not meet, because all of them
// bind on one address; they lie below the kernel's ports for outgoing connections and above where tests put servers.
func dynamicPorts(nomadPort int) (low, high int) {
	if nomadPort == DefaultNomadPort {
		return 27000, 28999
	}
	low = 29000 + nomadPort/10%12*300
	return low, low + 299
}

// bridgeName is the network interface of a pair; Linux allows 15 bytes.
func bridgeName(nomadPort int) string {
	if nomadPort == DefaultNomadPort {
		return "nomad"
	}
	return fmt.Sprintf("nomad%d", nomadPort)
}

// subnets are the candidates for the bridge, the best first. Nomad's own default range is Nomad's; ours avoid Docker's pools.
func subnets(nomadPort int) []netip.Prefix {
	var list []netip.Prefix
	if nomadPort == DefaultNomadPort {
		list = append(list, netip.MustParsePrefix("172.26.64.0/20"))
	}
	for i := range 64 {
		third := byte((nomadPort/10 + i) % 64 * 4)
		list = append(list, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 213, third, 0}), 22))
	}
	return list
}

// freeSubnet is the first candidate that meets none of the networks in use.
func freeSubnet(nomadPort int, used []netip.Prefix) (netip.Prefix, error) {
	for _, candidate := range subnets(nomadPort) {
		meets := false
		for _, u := range used {
			meets = meets || candidate.Overlaps(u)
		}
		if !meets {
			return candidate, nil
		}
	}
	return netip.Prefix{}, &Fault{
		Problem: "no subnet for the allocations' bridge: all of 10.213.0.0/16 is in use on this machine",
		Remedy:  "remove a network that this machine no longer needs (`ip address` lists them)",
	}
}

// sayf formats for a Say that may be nil.
func (s Say) sayf(format string, args ...any) {
	if s != nil {
		s(strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
