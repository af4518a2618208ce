package devagent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestPairsDoNotMeet(t *testing.T) {
	type span struct{ low, high, of int }
	var spans []span
	for _, port := range []int{DefaultNomadPort} {
		low, high := dynamicPorts(port)
		spans = append(spans, span{low, high, port})
	}
	for port := 25000; port < 25120; port += 10 {
		low, high := dynamicPorts(port)
		spans = append(spans, span{low, high, port})
	}
	for i, a := range spans {
		if a.low < 27000 || a.high > 32767 {
			t.Errorf("the pair of port %d has dynamic ports %d-%d: outside 27000-32767", a.of, a.low, a.high)
		}
		for _, b := range spans[:i] {
			if a.low <= b.high && b.low <= a.high {
				t.Errorf("dynamic ports of the pairs %d and %d meet: %v %v", a.of, b.of, a, b)
			}
		}
	}
	if a, b := bridgeName(4646), bridgeName(25000); a == b || len(b) > 15 {
		t.Errorf("bridges %q and %q", a, b)
	}
	used := []netip.Prefix{netip.MustParsePrefix("172.16.0.0/12")}
	first, err := freeSubnet(25000, used)
	if err != nil {
		t.Fatal(err)
	}
	second, err := freeSubnet(25000, append(used, first))
	if err != nil || first.Overlaps(second) || used[0].Overlaps(first) {
		t.Errorf("subnets %v and %v, %v", first, second, err)
	}
	if _, err := freeSubnet(25000, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}); err == nil {
		t.Error("no subnet is free, and none was missed")
	}
}

func TestAgentsListenOnLoopbackAndDockersBridgeOnly(t *testing.T) {
	p := plan{DataDir: "/d", NomadPort: 25000, ConsulPort: 25010, Docker: true, Interface: "docker0", Address: netip.MustParseAddr("172.17.0.1"),
		Bridge: "nomad25000", Subnet: netip.MustParsePrefix("10.213.16.0/22"), CNIPath: "/usr/lib/cni", Infra: infraImage, MinPort: 29000, MaxPort: 29299}
	consul, nomad := consulConfig(p), nomadConfig(p, true)
	for what, c := range map[string]struct{ config, line string }{
		"Consul's own ports":              {consul, `bind_addr            = "127.0.0.1"`},
		"Consul's API, for containers":    {consul, `client_addr          = "127.0.0.1 172.17.0.1"`},
		"Nomad":                           {nomad, `bind_addr            = "127.0.0.1"`},
		"allocations":                     {nomad, `network_interface = "docker0"`},
		"ports for this machine only":     {nomad, `host_network "local" { cidr = "127.0.0.0/8" }`},
		"local images are kept":           {nomad, `image = false`},
		"other pairs' containers survive": {nomad, `dangling_containers { enabled = false }`},
	} {
		if !strings.Contains(c.config, c.line) {
			t.Errorf("%s: the configuration lacks %q:\n%s", what, c.line, c.config)
		}
	}
	p.Docker = false
	if c := nomadConfig(p, true); strings.Contains(c, `plugin "docker"`) || strings.Contains(c, "bridge_network") {
		t.Errorf("without Docker there is no bridge and no Docker plugin:\n%s", c)
	}
	if c := consulConfig(p); !strings.Contains(c, `client_addr          = "127.0.0.1"`) {
		t.Errorf("without Docker Consul listens on loopback alone:\n%s", c)
	}
}

func TestATakenPortIsNamedWithItsOwner(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).Port
	err = checkPorts(plan{NomadPort: port, ConsulPort: port + 10, Address: netip.MustParseAddr("127.0.0.1")})
	var fault *Fault
	if !errors.As(err, &fault) {
		t.Fatalf("got %v, want a Fault", err)
	}
	for _, part := range []string{strconv.Itoa(port), "Nomad's HTTP API", "process " + strconv.Itoa(os.Getpid())} {
		if !strings.Contains(fault.Problem, part) {
			t.Errorf("%q does not say %q", fault.Problem, part)
		}
	}
	if !strings.Contains(fault.Remedy, "--nomad-port") {
		t.Errorf("the remedy is %q", fault.Remedy)
	}
}

func TestPortsThatMeetAreRefused(t *testing.T) {
	err := checkPorts(plan{NomadPort: 25000, ConsulPort: 25002, Address: netip.MustParseAddr("127.0.0.1")})
	if err == nil || !strings.Contains(err.Error(), "wanted twice") {
		t.Fatalf("got %v", err)
	}
}

func TestProgramsAreTakenWhenNewEnough(t *testing.T) {
	dir := t.TempDir()
	script := func(name, says string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "/nowhere")
	for what, c := range map[string]struct{ says, want string }{
		"the pinned version":             {"Nomad v1.11.3", "1.11.3"},
		"a newer major version":          {"Nomad v2.0.5", "2.0.5"},
		"one without dynamic volumes":    {"Nomad v1.9.7", ""},
		"one that does not say its name": {"hello", ""},
	} {
		script("nomad", c.says)
		got, err := findProgram(context.Background(), "nomad", []string{dir})
		if (err == nil) != (c.want != "") || got.version != c.want {
			t.Errorf("%s: got %q, %v; want %q", what, got.version, err, c.want)
		}
	}
	_, err := findProgram(context.Background(), "consul", []string{dir})
	var fault *Fault
	if !errors.As(err, &fault) || !strings.Contains(fault.Remedy, "make tools") {
		t.Errorf("a missing program: %v", err)
	}
}

const filterRules = `-P FORWARD DROP
-N CNI-FORWARD
-N NOMAD-ADMIN
-A FORWARD -m comment --comment "CNI firewall plugin rules" -j CNI-FORWARD
-A CNI-FORWARD -m comment --comment "CNI firewall plugin admin overrides" -j NOMAD-ADMIN
`

func TestOnlyOurRulesAreRemoved(t *testing.T) {
	p := plan{Bridge: "nomad25000", Subnet: netip.MustParsePrefix("10.213.16.0/22")}
	for what, c := range map[string]struct {
		rules string
		want  []string
	}{
		"the bridge's": {
			"-A NOMAD-ADMIN -d 10.213.16.0/22 -o nomad25000 -j ACCEPT\n",
			[]string{"-D NOMAD-ADMIN -d 10.213.16.0/22 -o nomad25000 -j ACCEPT"},
		},
		"those of an allocation whose agent died": {
			`-A POSTROUTING -s 10.213.16.2/32 -m comment --comment "name: \"nomad\" id: \"a1\"" -j CNI-1
-A CNI-1 -d 10.213.16.0/22 -j ACCEPT
-A CNI-1 ! -d 224.0.0.0/4 -j MASQUERADE
-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \"nomad\" id: \"a1\"" -m multiport --dports 29007 -j CNI-DN-1
-A CNI-DN-1 -s 10.213.16.0/22 -d 127.0.0.1/32 -j CNI-HOSTPORT-SETMARK
`,
			[]string{
				`-D POSTROUTING -s 10.213.16.2/32 -m comment --comment name: "nomad" id: "a1" -j CNI-1`,
				`-D CNI-HOSTPORT-DNAT -p tcp -m comment --comment dnat name: "nomad" id: "a1" -m multiport --dports 29007 -j CNI-DN-1`,
				"-F CNI-1", "-X CNI-1", "-F CNI-DN-1", "-X CNI-DN-1",
			},
		},
		"not another pair's": {
			`-A NOMAD-ADMIN -d 172.26.64.0/20 -o nomad -j ACCEPT
-A CNI-FORWARD -s 10.213.20.2/32 -j ACCEPT
-A CNI-DN-2 -s 10.213.20.0/22 -d 127.0.0.1/32 -j CNI-HOSTPORT-SETMARK
-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-2
`,
			nil,
		},
		"not the wider network's": {"-A FORWARD -d 10.0.0.0/8 -j DROP\n", nil},
	} {
		var got []string
		for _, command := range p.rulesOf(parseRules(filterRules + c.rules)) {
			got = append(got, strings.Join(command, " "))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", what, got, c.want)
		}
	}
}

func TestSharedChainsGoWhenNobodyUsesThem(t *testing.T) {
	for what, c := range map[string]struct {
		list string
		idle bool
	}{
		"no allocation is left":     {filterRules, true},
		"an allocation is there":    {filterRules + "-A CNI-FORWARD -s 10.213.16.2/32 -j ACCEPT\n", false},
		"another agent's bridge is": {filterRules + "-A NOMAD-ADMIN -d 172.26.64.0/20 -o nomad -j ACCEPT\n", false},
		"there are none":            {"-P FORWARD DROP\n", true},
	} {
		got := idleChains(chains["filter"])(parseRules(c.list))
		if !c.idle && got != nil {
			t.Errorf("%s: %q would be removed", what, got)
		}
		if c.idle && strings.Contains(c.list, "-N") {
			want := [][]string{
				{"-D", "FORWARD", "-m", "comment", "--comment", "CNI firewall plugin rules", "-j", "CNI-FORWARD"},
				{"-D", "CNI-FORWARD", "-m", "comment", "--comment", "CNI firewall plugin admin overrides", "-j", "NOMAD-ADMIN"},
				{"-F", "CNI-FORWARD"}, {"-X", "CNI-FORWARD"}, {"-F", "NOMAD-ADMIN"}, {"-X", "NOMAD-ADMIN"},
			}
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("%s: got %q, want %q", what, got, want)
			}
		}
	}
}
