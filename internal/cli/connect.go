package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"github.com/packctl/packctl/internal/consul"
	"github.com/packctl/packctl/internal/nomad"
	"github.com/packctl/packctl/internal/proc"
	"github.com/packctl/packctl/internal/release"
)

var _ Releaser = (*release.Engine)(nil)

// connect makes an engine for the cluster that the flags and Nomad's and Consul's environment variables name. It does
// not connect.
func connect(flags ClusterFlags) (Releaser, error) {
	n, err := connectNomad(flags)
	if err != nil {
		return nil, WithHint(err, "look at -address, NOMAD_ADDR, NOMAD_CACERT, NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY")
	}
	c, err := consul.New(consul.Config{})
	if err != nil {
		return nil, WithHint(err, "look at CONSUL_HTTP_ADDR, CONSUL_CACERT, CONSUL_CLIENT_CERT and CONSUL_CLIENT_KEY")
	}
	deps := release.Deps{Nomad: n, Health: c, Owner: owner(), Cluster: release.Cluster{Address: n.Address(), Region: n.Region()}}
	if onThisMachine(n.Address()) {
		deps.Local = localPorts{}
	}
	return release.New(deps), nil
}

func connectNomad(flags ClusterFlags) (*nomad.Client, error) {
	return nomad.New(nomad.Config{
		Address: flags.Address, Region: flags.Region, Token: flags.Token, Namespace: flags.Namespace,
	})
}

// releases asks Nomad for the releases of a namespace.
func releases(ctx context.Context, flags ClusterFlags) ([]string, error) {
	n, err := connectNomad(flags)
	if err != nil {
		return nil, err
	}
	return n.Releases(ctx)
}

// tiers asks Nomad for the tiers of a namespace's releases.
func tiers(ctx context.Context, flags ClusterFlags) (map[string][]string, error) {
	n, err := connectNomad(flags)
	if err != nil {
		return nil, err
	}
	return n.ReleaseTiers(ctx)
}

// owner says who holds a lock, for others to read.
func owner() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "a machine without a name"
	}
	return fmt.Sprintf("%s@%s, pid %d", name, host, os.Getpid())
}

// onThisMachine reports whether an API address is one of this machine's own.
func onThisMachine(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if u.Scheme == "unix" || u.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	if ip == nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
			return true
		}
	}
	return false
}

// localPorts asks the kernel, by trying to listen. A port that may not be tried (below 1024, without the right) counts
// as free.
type localPorts struct{}

var _ release.LocalPorts = localPorts{}

// Taken reports whether something listens there already.
func (localPorts) Taken(address string, port int) (holder string, taken bool) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err == nil {
		_ = l.Close()
		return "", false
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return "", false
	}
	return proc.Listener(port), true
}
