package devagent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/packctl/packctl/internal/proc"
)

// infraImage is the image that images/pause builds.
const infraImage = "packctl/pause:dev"

// survey looks at the machine and plans the pair. prev is the pair that the folder held last, or nil: its bridge and subnet
// are kept, so that a network that is still there is used again.
func survey(ctx context.Context, opt Options, prev *state) (plan, error) {
	p := plan{DataDir: opt.DataDir, NomadPort: opt.NomadPort, ConsulPort: opt.ConsulPort, Docker: !opt.NoDocker}
	if prev != nil {
		p.NomadPort = cmp.Or(p.NomadPort, prev.Plan.NomadPort)
		p.ConsulPort = cmp.Or(p.ConsulPort, prev.Plan.ConsulPort)
	}
	p.NomadPort = cmp.Or(p.NomadPort, DefaultNomadPort)
	p.ConsulPort = cmp.Or(p.ConsulPort, DefaultConsulPort)
	p.MinPort, p.MaxPort = dynamicPorts(p.NomadPort)
	if !p.Docker {
		p.Interface, p.Address = "lo", netip.MustParseAddr("127.0.0.1")
		return p, nil
	}
	if err := p.surveyDocker(ctx); err != nil {
		return plan{}, err
	}
	p.Bridge = bridgeName(p.NomadPort)
	if prev != nil && prev.Plan.Bridge == p.Bridge && prev.Plan.Subnet.IsValid() {
		p.Subnet = prev.Plan.Subnet
		return p, nil
	}
	used, err := networksInUse(p.Bridge)
	if err != nil {
		return plan{}, err
	}
	p.Subnet, err = freeSubnet(p.NomadPort, used)
	return p, err
}

func (p *plan) surveyDocker(ctx context.Context) error {
	const setup = "run `make setup` in packctl's source tree, or start without it: `packctl dev up --no-docker`"
	if os.Geteuid() != 0 {
		return &Fault{
			Problem: "Nomad needs root to run containers and to make their networks",
			Remedy:  "run `sudo packctl dev up`, or run without containers: `packctl dev up --no-docker`",
		}
	}
	d := newDocker()
	if err := d.ping(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		problem, remedy := "Docker does not answer", "look at its log (`journalctl -u docker`), or "+setup
		_, notInstalled := exec.LookPath("dockerd")
		switch {
		case (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)) && notInstalled != nil:
			problem, remedy = "Docker is not installed", "install the Debian package docker.io, or "+setup
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED):
			problem, remedy = "Docker is not running", "start it (`systemctl start docker`), or "+setup
		}
		return &Fault{Problem: problem, Remedy: remedy, Err: err}
	}
	var err error
	if p.Interface, p.Address, err = dockerBridge(); err != nil {
		return err
	}
	if p.CNIPath, err = cniPath(); err != nil {
		return err
	}
	if _, err := exec.LookPath("iptables"); err != nil {
		if _, err := os.Stat("/usr/sbin/iptables"); err != nil {
			return &Fault{Problem: "iptables is not installed, which the containers' network plugins use", Remedy: "install the Debian package iptables, or run `make setup`"}
		}
	}
	has, err := d.hasImage(ctx, infraImage)
	if has {
		p.Infra = infraImage // without it Nomad pulls its default
	}
	return err
}

// dockerBridge is the interface of Docker's default network and its address: containers and this machine reach each other there.
func dockerBridge() (string, netip.Addr, error) {
	const name = "docker0"
	fault := &Fault{
		Problem: "there is no network interface docker0, where containers and this machine reach each other",
		Remedy:  `start Docker with its default bridge (no "bridge": "none" in /etc/docker/daemon.json)`,
	}
	i, err := net.InterfaceByName(name)
	if err != nil {
		fault.Err = err
		return "", netip.Addr{}, fault
	}
	addrs, err := i.Addrs()
	if err != nil {
		return "", netip.Addr{}, fmt.Errorf("read the addresses of %s: %w", name, err)
	}
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Is4() {
			return name, prefix.Addr(), nil
		}
	}
	fault.Problem = "the network interface docker0 has no IPv4 address"
	return "", netip.Addr{}, fault
}

// cniPath is the folder with the plugins of the container network interface that bridge mode needs.
func cniPath() (string, error) {
	for _, dir := range []string{"/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"} {
		complete := true
		for _, plugin := range []string{"bridge", "firewall", "host-local", "loopback", "portmap"} {
			info, err := os.Stat(filepath.Join(dir, plugin))
			complete = complete && err == nil && info.Mode()&0o111 != 0
		}
		if complete {
			return dir, nil
		}
	}
	return "", &Fault{
		Problem: "the container network plugins (bridge, firewall, host-local, loopback, portmap) are neither in /opt/cni/bin nor in /usr/lib/cni",
		Remedy:  "install the Debian package containernetworking-plugins, or run `make setup`",
	}
}

// networksInUse are the networks of this machine's interfaces, other than the named one.
func networksInUse(except string) ([]netip.Prefix, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	var used []netip.Prefix
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil || i.Name == except {
			continue
		}
		for _, a := range addrs {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				used = append(used, prefix.Masked())
			}
		}
	}
	return used, nil
}

// checkPorts fails with the first port that somebody else has already.
func checkPorts(p plan) error {
	http, server, serf, dns := p.consulPorts()
	type claim struct {
		port     int
		who, how string
		addrs    []string
	}
	both := []string{"127.0.0.1"}
	if p.Docker {
		both = append(both, p.Address.String())
	}
	const nomad, consul = "--nomad-port", "--consul-port"
	claims := []claim{
		{p.NomadPort, "Nomad's HTTP API", nomad, both[:1]},
		{p.NomadPort + 1, "Nomad's RPC", nomad, both[:1]},
		{p.NomadPort + 2, "Nomad's gossip", nomad, both[:1]},
		{http, "Consul's HTTP API", consul, both},
		{server, "Consul's RPC", consul, both[:1]},
		{serf, "Consul's gossip", consul, both[:1]},
		{dns, "Consul's DNS", consul, both},
	}
	for i, c := range claims {
		if slices.ContainsFunc(claims[:i], func(o claim) bool { return o.port == c.port }) {
			return &Fault{Problem: fmt.Sprintf("port %d is wanted twice, also for %s", c.port, c.who), Remedy: "keep " + nomad + " and " + consul + " at least 4 apart"}
		}
	}
	for _, c := range claims {
		for _, addr := range c.addrs {
			l, err := net.Listen("tcp", net.JoinHostPort(addr, strconv.Itoa(c.port)))
			if err == nil {
				_ = l.Close()
				continue
			}
			owner := proc.Listener(c.port)
			if owner != "" {
				owner = " by " + owner
			}
			return &Fault{
				Problem: fmt.Sprintf("port %d of %s, which is for %s, is already taken%s", c.port, addr, c.who, owner),
				Remedy:  fmt.Sprintf("stop what has it, or choose other ports with %s (a second pair also needs its own --data-dir)", c.how),
				Err:     err,
			}
		}
	}
	return nil
}
