package packs

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

// TestEnstoreHasExactlyTheTiersAndPortsOfItsArchitecture: which tiers there are, and which of them can be reached at a port
// of the machine, on which of its networks. The supplier's stand-in is the one tier that development has on top.
func TestEnstoreHasExactlyTheTiersAndPortsOfItsArchitecture(t *testing.T) {
	const supplier = "supplier_url=https://supplier.example.com"
	base := []string{"app/backend", "app/queue", "data/db", "data/redis", "scheduler/scheduler", "web/backend-nginx"}
	devPorts := []string{"db 3307 local", "redis 6379 local", "backend-nginx 8000 local", "phpmyadmin 8080 local"}
	prodPorts := []string{"backend-nginx 80 default", "backend-nginx 443 default"}
	for name, c := range map[string]struct {
		args         []string
		tiers, ports []string
	}{
		"dev": {
			[]string{"env=dev"},
			[]string{"tools/phpmyadmin", "supplier/supplier"}, devPorts,
		},
		"dev with the real supplier": {
			[]string{"env=dev", supplier},
			[]string{"tools/phpmyadmin"}, devPorts,
		},
		"dev, frontend": {
			[]string{"env=dev", supplier, `profiles=["frontend"]`},
			[]string{"tools/phpmyadmin", "web/frontend"}, append([]string{"frontend 3000 local"}, devPorts...),
		},
		"dev, flutter": {
			[]string{"env=dev", supplier, `profiles=["flutter"]`},
			[]string{"tools/phpmyadmin", "web/flutter-web"}, append([]string{"flutter-web 5000 local"}, devPorts...),
		},
		"dev, both": {
			[]string{"env=dev", supplier, `profiles=["frontend", "flutter"]`},
			[]string{"tools/phpmyadmin", "web/frontend", "web/flutter-web"},
			append([]string{"frontend 3000 local", "flutter-web 5000 local"}, devPorts...),
		},
		"prod": {
			[]string{"env=prod", supplier}, nil, prodPorts,
		},
		"prod, frontend": {
			[]string{"env=prod", supplier, `profiles=["frontend"]`},
			[]string{"web/frontend"}, prodPorts,
		},
		"prod, flutter": {
			[]string{"env=prod", supplier, `profiles=["flutter"]`},
			[]string{"web/flutter-web"}, append([]string{"backend-nginx 5000 default"}, prodPorts...),
		},
		"prod, both": {
			[]string{"env=prod", supplier, `profiles=["frontend", "flutter"]`},
			[]string{"web/frontend", "web/flutter-web"}, append([]string{"backend-nginx 5000 default"}, prodPorts...),
		},
	} {
		t.Run(name, func(t *testing.T) {
			var tiers, ports []string
			for _, job := range enstoreJobs(t, c.args) {
				for _, tg := range job.TaskGroups {
					tiers = append(tiers, (*job.ID)[len("enstore-"):]+"/"+*tg.Name)
					ports = append(ports, staticPorts(tg)...)
				}
			}
			same(t, "tiers", tiers, append(slices.Clone(base), c.tiers...))
			same(t, "ports", ports, c.ports)
		})
	}
}

func enstoreJobs(t *testing.T, args []string) []*api.Job {
	t.Helper()
	p, diags := pack.Load(os.DirFS("enstore"), "packs/enstore")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	v, diags := vars.Resolve(p, vars.Inputs{Args: args})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, diags := eval.Evaluate(p, v, eval.Release{Name: p.Name, Namespace: "default"}, eval.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	jobs, diags := jobspec.Parse(r)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return jobs
}

// staticPorts lists a group's ports of the machine: "tier port network".
func staticPorts(tg *api.TaskGroup) []string {
	var out []string
	for _, n := range tg.Networks {
		for _, p := range n.ReservedPorts {
			network := p.HostNetwork
			if network == "" {
				network = "default"
			}
			out = append(out, fmt.Sprintf("%s %d %s", *tg.Name, p.Value, network))
		}
	}
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s are %v, want %v", what, got, want)
	}
}
