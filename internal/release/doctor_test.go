package release

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/stack"
)

// wellConsul is a Consul in good health, except for what a test changes.
type wellConsul struct {
	silent
	version string
	listens []string
}

func (wellConsul) Ping(context.Context) error { return nil }
func (c wellConsul) Agent(context.Context) (string, []string, error) {
	return c.version, c.listens, nil
}

// wellCluster is one of which the doctor has nothing to say but good.
func wellCluster() (*fake, *wellConsul) {
	f := newFake()
	f.servers = []*api.AgentMember{{Name: "s1", Tags: map[string]string{"build": "1.11.3"}}}
	f.nodes[0].Version = "1.11.3"
	f.attributes = map[string]string{cniBridge: "1", "plugins.host_volume.mkdir.version": "1", "consul.version": "1.22.3"}
	f.kill = 2 * time.Minute
	f.token = &api.ACLToken{Name: "ops"}
	return f, &wellConsul{version: "1.22.3", listens: []string{"127.0.0.1", "172.17.0.1"}}
}

// findings are those that are not fine, with their level and area.
func findings(c *Checkup) string {
	var out []string
	for _, f := range c.Findings {
		if f.Level != Fine {
			out = append(out, string(f.Level)+" "+f.Area+": "+f.Text)
		}
	}
	return strings.Join(out, "\n")
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	bridged := newStack([]string{"web"})
	bridged.Jobs[0].API.TaskGroups[0].Networks = []*api.NetworkResource{{Mode: "bridge"}}
	docker := newStack([]string{"web"})
	docker.Jobs[0].API.TaskGroups[0].Tasks[0].Driver = "docker"
	for name, c := range map[string]struct {
		change func(*fake, *wellConsul)
		stack  *stack.Stack
		want   string // a part of what is found
		bad    bool
	}{
		"all is well":        {func(*fake, *wellConsul) {}, newStack([]string{"web"}), "", false},
		"an old server":      {func(f *fake, _ *wellConsul) { f.servers[0].Tags["build"] = "1.9.7" }, nil, "error nomad: Nomad server too old: s1 1.9.7", true},
		"an untested server": {func(f *fake, _ *wellConsul) { f.servers[0].Tags["build"] = "1.10.4" }, nil, "warning nomad: Nomad server older", false},
		"an old client":      {func(f *fake, _ *wellConsul) { f.nodes[0].Version = "1.8.0" }, nil, "error clients: Nomad client too old", true},
		"no client":          {func(f *fake, _ *wellConsul) { f.nodes[0].Status = "down" }, nil, "error clients: no client takes work", true},
		"an ill driver": {func(f *fake, _ *wellConsul) {
			f.nodes[0].Drivers["docker"] = &api.DriverInfo{Detected: true, HealthDescription: "no daemon"}
		}, nil, "drivers that do not work: docker on node1: no daemon", false},
		"no CNI plugins":              {func(f *fake, _ *wellConsul) { delete(f.attributes, cniBridge) }, nil, "warning clients: CNI plugins", false},
		"no CNI plugins for a bridge": {func(f *fake, _ *wellConsul) { delete(f.attributes, cniBridge) }, bridged, "error pack: tier web needs a bridge", true},
		"no driver for a pack":        {func(*fake, *wellConsul) {}, docker, "error pack: no node can run the driver docker", true},
		"no volume plugin":            {func(f *fake, _ *wellConsul) { delete(f.attributes, "plugins.host_volume.mkdir.version") }, nil, "volume plugin mkdir: not on node1", false},
		"a short max_kill_timeout":    {func(f *fake, _ *wellConsul) { f.kill = 30 * time.Second }, nil, "max_kill_timeout of this agent is 30s", false},
		"an unknown max_kill_timeout": {func(f *fake, _ *wellConsul) { f.kill = 0 }, nil, "Nomad's API does not tell it", false},
		"a clock that is behind":      {func(f *fake, _ *wellConsul) { f.clock = 5 * time.Second }, nil, "warning clock: the clocks of this machine and of the agent differ by 5s", false},
		"a clock that is wrong":       {func(f *fake, _ *wellConsul) { f.clock = -time.Hour }, nil, "error clock: the clocks", true},
		"an old Consul":               {func(_ *fake, c *wellConsul) { c.version = "1.17.9" }, nil, "error consul: Consul 1.17.9 is too old", true},
		"Consul on loopback":          {func(_ *fake, c *wellConsul) { c.listens = []string{"127.0.0.1"} }, nil, "warning consul: Consul's API listens on loopback only", false},
		"no ACLs":                     {func(f *fake, _ *wellConsul) { f.token = nil }, nil, "warning rights: ACLs are off", false},
		"a right that is missing":     {func(f *fake, _ *wellConsul) { f.lacks = []Right{RightScaleJob} }, nil, "error rights: the token lacks scale-job, for scale", true},
		"a token that ends soon":      {func(f *fake, _ *wellConsul) { f.token.ExpirationTime = ptr(time.Now().Add(time.Hour)) }, nil, "warning rights: the token ends at", false},
	} {
		t.Run(name, func(t *testing.T) {
			f, consul := wellCluster()
			c.change(f, consul)
			got, err := New(Deps{Nomad: f, Health: consul}).Doctor(t.Context(), c.stack)
			if err != nil {
				t.Fatal(err)
			}
			text := findings(got)
			if !strings.Contains(text, c.want) || got.Healthy == c.bad || (c.want == "" && strings.Contains(text, "error")) {
				t.Errorf("healthy %v:\n%s\nwant %q", got.Healthy, text, c.want)
			}
			for _, x := range got.Findings {
				if x.Level == Bad && x.Remedy == "" {
					t.Errorf("no remedy: %+v", x)
				}
			}
			if len(f.done()) > 0 {
				t.Errorf("it changed something: %q", f.done())
			}
		})
	}
}

func TestDoctorWithoutConsul(t *testing.T) {
	f, _ := wellCluster()
	got, err := New(Deps{Nomad: f, Health: silent{}}).Doctor(t.Context(), nil)
	if err != nil || got.Healthy || !strings.Contains(findings(got), "error consul: Consul does not answer") {
		t.Errorf("%v\n%s", err, findings(got))
	}
}

func TestVersionsAreComparedAsNumbers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"1.9.7", "1.10.0", true}, {"1.10.0", "1.10.0", false}, {"1.11.0-beta.1", "1.11.0", false}, {"2.0", "1.11.3", false}, {"", "1.10.0", false}, {"1.10", "1.10.1", true}} {
		if got := older(c.a, c.b); got != c.want {
			t.Errorf("older(%q, %q) = %v", c.a, c.b, got)
		}
	}
}
