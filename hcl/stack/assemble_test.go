package stack

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/nomad/api"
	"github.com/hashicorp/nomad/jobspec2"
	"golang.org/x/tools/txtar"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A case is an archive: job files, "prepare" with a line "job group condition service" for each wait_for (or "job group
// migration"), "pack" with lines "credential name" and "volume label [name]", and "want", what Assemble makes of them.
func TestAssemble(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			result, jobs := evaluated(t, archive)
			got := describe(Assemble(result, jobs))
			for range 5 {
				rand.Shuffle(len(result.Files), func(i, j int) {
					result.Files[i], result.Files[j] = result.Files[j], result.Files[i]
				})
				rand.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
				if again := describe(Assemble(result, jobs)); again != got {
					t.Fatalf("another order of the input gave\n%s\ninstead of\n%s", again, got)
				}
			}
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			if *update {
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(archive.Files[i].Data); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func evaluated(t *testing.T, archive *txtar.Archive) (*eval.Result, []*api.Job) {
	t.Helper()
	r := &eval.Result{Pack: eval.Pack{Name: "shop"}, Release: eval.Release{Name: "shop", Namespace: "default"}}
	prepares := map[string][]eval.Prepare{}
	var jobs []*api.Job
	for _, f := range archive.Files {
		switch {
		case f.Name == "prepare":
			for _, line := range strings.Split(strings.TrimSpace(string(f.Data)), "\n") {
				addPrepare(prepares, strings.Fields(line))
			}
		case f.Name == "pack":
			for _, line := range strings.Split(strings.TrimSpace(string(f.Data)), "\n") {
				addPackLine(r, strings.Fields(line))
			}
		case strings.HasSuffix(f.Name, ".hcl"):
			job, err := jobspec2.ParseWithConfig(&jobspec2.ParseConfig{Path: f.Name, Body: f.Data})
			if err != nil {
				t.Fatal(err)
			}
			jobs = append(jobs, job)
			r.Files = append(r.Files, eval.File{Name: f.Name, Path: f.Name, Job: *job.ID, Source: f.Data})
		}
	}
	for i := range r.Files {
		r.Files[i].Prepares = prepares[r.Files[i].Job]
	}
	return r, jobs
}

func addPrepare(prepares map[string][]eval.Prepare, f []string) {
	job, group := f[0], f[1]
	i := slices.IndexFunc(prepares[job], func(p eval.Prepare) bool { return p.Group == group })
	if i < 0 {
		prepares[job] = append(prepares[job], eval.Prepare{Group: group})
		i = len(prepares[job]) - 1
	}
	p := &prepares[job][i]
	if f[2] == "migration" {
		p.Migration = &eval.Migration{}
		return
	}
	w := eval.WaitFor{WaitFor: spec.WaitFor{Name: f[2], Kind: spec.KindTCP}}
	if len(f) > 3 {
		w.Kind, w.Service = spec.KindService, &spec.Service{Name: f[3], Min: 1}
	}
	p.WaitFor = append(p.WaitFor, w)
}

func addPackLine(r *eval.Result, f []string) {
	switch f[0] {
	case "credential":
		c := eval.Credential{Name: f[1], Password: &eval.Password{Length: 32}}
		if len(f) > 2 { // what the author says of its volumes
			c.Volumes = strings.Split(strings.Trim(f[2], "[]"), ",")
		}
		r.Credentials = append(r.Credentials, c)
	case "certificate":
		r.Credentials = append(r.Credentials, eval.Credential{Name: f[1], Certificate: &eval.Certificate{}})
	case "volume":
		v := eval.Volume{Label: f[1]}
		if len(f) > 2 {
			v.Spec = &api.HostVolume{Name: f[2]}
		}
		r.Volumes = append(r.Volumes, v)
	}
}

func describe[D ~[]E, E error](s *Stack, diags D) string {
	var b strings.Builder
	for i, wave := range s.Waves {
		ids := make([]string, len(wave))
		for k, j := range wave {
			ids[k] = j.ID
		}
		fmt.Fprintf(&b, "wave %d: %s\n", i+1, strings.Join(ids, " "))
	}
	for _, t := range s.Tiers {
		fmt.Fprintf(&b, "tier %s/%s %s x%d services=%v migrates=%v\n", t.JobID, t.Name, t.Type, t.Count, t.Services, t.Migrates)
		for _, n := range t.Needs {
			fmt.Fprintf(&b, "  needs %s: service=%q tier=%q job=%q\n", n.Name, n.Service, n.Tier, n.JobID)
		}
	}
	for _, c := range s.Credentials {
		fmt.Fprintf(&b, "credential %s readers=%v volumes=%v\n", c.Name, c.Readers, c.Volumes)
	}
	for _, v := range s.Volumes {
		fmt.Fprintf(&b, "volume %s name=%s namespace=%s\n", v.Label, v.Spec.Name, v.Spec.Namespace)
	}
	for _, d := range diags {
		fmt.Fprintf(&b, "error %s\n", d.Error())
	}
	return b.String()
}
