package packs

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

// Two releases of one pack share nothing that Nomad or Consul know by its name: no job, service, volume or secret. What they read
// of Nomad Variables is their own too.
func TestTwoReleasesOfAPackLiveSideBySide(t *testing.T) {
	for _, name := range folders(t) {
		p, diags := pack.Load(os.DirFS(name), "packs/"+name)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, env := range append(p.EnvNames(), "") {
			for _, more := range combinations(name) {
				args := slices.Concat(required()[name], more)
				if env != "" {
					args = append([]string{"env=" + env}, args...)
				}
				t.Run(name+"/"+strings.Join(args, " "), func(t *testing.T) {
					one, two := names(t, p, args, "one"), names(t, p, args, "two")
					if len(one) < 2 || len(one) != len(two) {
						t.Errorf("%d and %d names: %v", len(one), len(two), one)
					}
					for _, n := range one {
						if slices.Contains(two, n) {
							t.Errorf("both have %s", n)
						}
					}
				})
			}
		}
	}
}

// names are all names that a release takes or reads in its cluster, with what they name.
func names(t *testing.T, p *pack.Pack, args []string, release string) []string {
	t.Helper()
	v, diags := vars.Resolve(p, vars.Inputs{Args: args})
	r, found := eval.Evaluate(p, v, eval.Release{Name: release, Namespace: "default"}, eval.Options{})
	jobs, more := jobspec.Parse(r)
	s, last := stack.Assemble(r, jobs)
	if all := slices.Concat(diags, found, more, last); all.HasErrors() {
		t.Fatal(all)
	}
	var out []string
	for _, j := range jobs {
		out = append(out, "job "+*j.ID)
		for _, g := range j.TaskGroups {
			services := slices.Clone(g.Services)
			for _, task := range g.Tasks {
				services = append(services, task.Services...)
			}
			for _, x := range services {
				out = append(out, "service "+x.Name)
			}
			for _, x := range g.Volumes {
				out = append(out, "volume "+x.Source)
			}
		}
	}
	for _, x := range s.Volumes {
		out = append(out, "volume "+x.Spec.Name)
	}
	for _, x := range s.Reads {
		out = append(out, "variable "+x.Path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
