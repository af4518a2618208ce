package jobspec_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/nomad/api"
	"github.com/hashicorp/nomad/jobspec2"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/vars"
)

// The oracle: a job file whose variables are Nomad's own means to Nomad what its rendered form means.

// original is what Nomad makes of a file by itself.
func original(name string, src []byte) (job *api.Job, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return jobspec2.ParseWithConfig(&jobspec2.ParseConfig{Path: name, Body: src, Strict: true})
}

// rendered is what Nomad makes of our text. What packctl adds is taken off again.
func rendered(src []byte) (*api.Job, []byte, error) {
	o := run(fstest.MapFS{
		"pack.hcl":           {Data: []byte("pack \"shop\" {\n  version = \"1.2.3\"\n}\n")},
		"jobs/job.nomad.hcl": {Data: src},
	}, vars.Inputs{})
	if o.diags.HasErrors() {
		return nil, nil, o.diags
	}
	jobs, _ := jobspec.Parse(o.result)
	job := jobs[0]
	for _, p := range []*string{job.ID, job.Name} {
		*p = strings.TrimPrefix(*p, "shop-")
	}
	delete(job.Meta, eval.MetaRelease)
	delete(job.Meta, eval.MetaPack)
	delete(job.Meta, eval.MetaNamespace)
	if len(job.Meta) == 0 {
		job.Meta = nil
	}
	return job, o.result.Files[0].Source, nil
}

func same(a, b *api.Job) bool {
	if len(a.Meta) == 0 {
		a.Meta = nil
	}
	return reflect.DeepEqual(a, b)
}

func asJSON(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}

func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range as {
		if i >= len(bs) || as[i] != bs[i] {
			from := max(0, i-4)
			return strings.Join(as[from:min(len(as), i+4)], "\n") + "\n--- rendered:\n" + strings.Join(bs[from:min(len(bs), i+4)], "\n")
		}
	}
	return "(no difference in JSON; the types differ)"
}

func TestRenderedJobsMeanWhatNomadMakesOfTheOriginals(t *testing.T) {
	own, err := filepath.Glob("testdata/nomad/*.nomad.hcl")
	if err != nil || len(own) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, path := range own {
		compare(t, path, true)
	}
	// Nomad's own job files, where a copy of its sources is at hand.
	for _, dir := range strings.Fields(os.Getenv("NOMAD_SOURCES")) {
		filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err == nil && (strings.HasSuffix(path, ".nomad") || strings.HasSuffix(path, ".hcl")) {
				compare(t, path, false)
			}
			return nil
		})
	}
}

func compare(t *testing.T, path string, mustParse bool) {
	t.Run(strings.TrimPrefix(path, "testdata/nomad/"), func(t *testing.T) {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := original(path, src)
		if err != nil {
			if mustParse {
				t.Fatalf("Nomad itself refuses the fixture: %v", err)
			}
			t.Skip("Nomad itself refuses it")
		}
		got, text, err := rendered(src)
		if err != nil {
			t.Fatalf("not rendered: %v", err)
		}
		if !same(want, got) {
			t.Errorf("different jobs:\n%s\n\n%s", firstDifference(asJSON(want), asJSON(got)), text)
		}
	})
}
