package release

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// migrating gives a stack's job a prestart task with a migration, and waits for services before it.
func migrating(s *stack.Stack, id string, services ...string) *api.Job {
	job := s.Job(id).API
	tg := job.TaskGroups[0]
	p := spec.Prepare{Migration: &spec.Migration{Name: "schema", Command: []string{"true"}}}
	for _, name := range services {
		p.WaitFor = append(p.WaitFor, spec.WaitFor{Name: name, Kind: spec.KindService, Service: &spec.Service{Name: name, Min: 1}})
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // it is made of texts
	}
	tg.Tasks = append(tg.Tasks, &api.Task{Name: spec.PrepareTask, Driver: "raw_exec", Env: map[string]string{spec.PrepareEnv: string(text)},
		Lifecycle: &api.TaskLifecycle{Hook: api.TaskLifecycleHookPrestart},
		Templates: []*api.Template{{EmbeddedTmpl: ptr(`{{ with nomadVar "nomad/jobs/` + id + `" }}{{ .db }}{{ end }}{{ with nomadVar "nomad/jobs/` + id +
			`/` + id + `" }}{{ .x }}{{ end }}{{ with nomadVar "nomad/jobs/` + id + `-other" }}{{ .y }}{{ end }}`)}}})
	return job
}

func TestMigrationsBeforeAnUpgrade(t *testing.T) {
	serve := func(s *stack.Stack, id string) {
		s.Job(id).API.TaskGroups[0].Services = []*api.Service{{Name: "shop-" + id}}
	}
	for name, c := range map[string]struct {
		before  func(*fake, *stack.Stack)
		outcome Outcome
		words   []string
		told    string
		calls   []string
	}{
		"they run before the first job changes": {
			before: func(f *fake, s *stack.Stack) {
				serve(s, "db")
				migrating(s, "api", "shop-db")
				f.have(s.Jobs...)
				s.Jobs[0].API.Name, s.Jobs[1].API.Name = ptr("new db"), ptr("new api")
			},
			outcome: Healthy, calls: []string{"register api-migrate-api", "register db", "register api", "unlock"}},
		"one that fails leaves everything as it is": {
			before: func(f *fake, s *stack.Stack) {
				migrating(s, "api")
				f.have(s.Jobs...)
				s.Jobs[0].API.Name, s.Jobs[1].API.Name = ptr("new db"), ptr("new api")
				f.becomes = map[string]string{"api-migrate-api": "failed"}
			},
			outcome: Failed, words: []string{"migration schema of tier api: tier api: task main failed: exit code 3", "nothing of the release was changed"},
			calls: []string{"register api-migrate-api", "unlock"}},
		"an install has no version that runs": {
			before:  func(_ *fake, s *stack.Stack) { migrating(s, "api") },
			outcome: Healthy, calls: []string{"register db", "register api", "unlock"}},
		"a tier that keeps its allocations is not migrated": {
			before: func(f *fake, s *stack.Stack) {
				migrating(s, "db")
				migrating(s, "api")
				f.have(s.Jobs...)
				s.Jobs[1].API.Name = ptr("new api")
				f.moves = false
			},
			outcome: Healthy, calls: []string{"register api", "unlock"}},
		"one that needs what comes with the upgrade runs later": {
			before: func(f *fake, s *stack.Stack) {
				serve(s, "db")
				migrating(s, "api", "shop-db")
				f.have(s.Jobs[1])
				s.Jobs[1].API.Name = ptr("new api")
			},
			outcome: Healthy, told: "it waits for shop-db, which comes with this change", calls: []string{"register db", "register api", "unlock"}},
		"one that writes where the running instance does runs later": {
			before: func(f *fake, s *stack.Stack) {
				tg := migrating(s, "api").TaskGroups[0]
				tg.Volumes = map[string]*api.VolumeRequest{"data": {Source: "shop-data", AccessMode: "single-node-writer"}}
				prepareTask(tg).VolumeMounts = []*api.VolumeMount{{Volume: ptr("data")}}
				f.volumes["shop-data"] = []*api.HostVolume{{}}
				f.have(s.Jobs...)
				s.Jobs[1].API.Name = ptr("new api")
			},
			outcome: Healthy, told: "which the running instance holds", calls: []string{"register api", "unlock"}},
		"secrets are lent while it runs": {
			before: func(f *fake, s *stack.Stack) {
				migrating(s, "api")
				f.have(s.Jobs...)
				s.Jobs[1].API.Name = ptr("new api")
				f.set("nomad/jobs/api", map[string]string{"db": "a secret"})
				f.set("nomad/jobs/api/api", map[string]string{"x": "another"})
				f.becomes = map[string]string{"api-migrate-api": "failed"}
			},
			outcome: Failed, calls: []string{"put nomad/jobs/api-migrate-api", "put nomad/jobs/api-migrate-api/api", "register api-migrate-api", "unlock"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"}, []string{"api"})
				f.moves = true
				c.before(f, s)
				res, err, o := do(t, f, s, RunOptions{}, nil)
				wantOutcome(t, res, err, c.outcome, c.words...)
				want(t, f, c.calls...)
				for path := range f.variables {
					if strings.HasPrefix(path, "nomad/jobs/api-migrate") {
						t.Errorf("%s is still there", path)
					}
				}
				if !strings.Contains(o.text, c.told) {
					t.Errorf("it does not say %q:\n%s", c.told, o.text)
				}
			})
		})
	}
}

// TestAMigrationsJobIsNoTier: it has the tier's name, and nobody who names the tier means it.
func TestAMigrationsJobIsNoTier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"db"}, []string{"api"})
		f.moves = true
		migrating(s, "api")
		addHook(s, "smoke", 0, spec.PostUpgrade)
		f.have(s.Jobs[0], s.Jobs[1])
		s.Jobs[1].API.Name = ptr("new api")
		res, err, _ := do(t, f, s, RunOptions{Prune: true}, nil)
		wantOutcome(t, res, err, Healthy)
		if f.jobs["api-migrate-api"] == nil || f.jobs["smoke"] == nil {
			t.Fatal("neither ran")
		}
		res, err, _ = do(t, f, s, RunOptions{Prune: true}, nil)
		wantOutcome(t, res, err, Unchanged)
		if len(res.Stopped) > 0 {
			t.Errorf("%v were taken for jobs that the pack no longer has", res.Stopped)
		}
		scaled, err := New(Deps{Nomad: f}).Scale(t.Context(), ScaleOptions{Release: "shop", Targets: []Target{{Tier: "api", Count: 2}}}, &told{})
		if err != nil || len(scaled.Scaled) != 1 || scaled.Scaled[0].Job != "api" {
			t.Errorf("scaled %v, %v", scaled.Scaled, err)
		}
	})
}

func TestMigrationJob(t *testing.T) {
	s := newStack([]string{"api"})
	from := migrating(s, "api")
	minute := time.Minute
	from.Update = &api.UpdateStrategy{MaxParallel: ptr(1)}
	from.Constraints = []*api.Constraint{{LTarget: "${attr.kernel.name}", RTarget: "linux", Operand: "="}}
	tg := from.TaskGroups[0]
	tg.Count, tg.ShutdownDelay = ptr(4), &minute
	tg.Services = []*api.Service{{Name: "shop-api"}}
	tg.Networks = []*api.NetworkResource{{Mode: "bridge", ReservedPorts: []api.Port{{Label: "https", Value: 443}}, DynamicPorts: []api.Port{{Label: "http"}}}}
	tg.Volumes = map[string]*api.VolumeRequest{"uploads": {Source: "a"}, "certs": {Source: "b", ReadOnly: true}}
	prepareTask(tg).VolumeMounts = []*api.VolumeMount{{Volume: ptr("certs")}}
	got, err := migrationJob(from, "api")
	if err != nil {
		t.Fatal(err)
	}
	g := got.TaskGroups[0]
	for what, ok := range map[string]bool{
		"the ID":                              *got.ID == "api-migrate-api" && *got.Type == "batch",
		"the release":                         got.Meta[MetaRelease] == "shop" && got.Meta[MetaMigration] == "api/api",
		"no update":                           got.Update == nil && g.Update == nil,
		"the placement":                       len(got.Constraints) == 1,
		"one instance of the prestart task":   *g.Count == 1 && len(g.Tasks) == 1 && g.Tasks[0].Lifecycle == nil && g.Tasks[0].Name == spec.PrepareTask,
		"no service":                          len(g.Services) == 0,
		"the network without taken ports":     g.Networks[0].Mode == "bridge" && g.Networks[0].ReservedPorts == nil && len(g.Networks[0].DynamicPorts) == 1,
		"the volumes that it mounts":          len(g.Volumes) == 1 && g.Volumes["certs"] != nil,
		"no place for what failed":            *g.ReschedulePolicy.Attempts == 0 && !*g.ReschedulePolicy.Unlimited,
		"the tier's job as it was":            len(tg.Tasks) == 2 && *tg.Count == 4 && len(tg.Volumes) == 2 && from.Meta[MetaMigration] == "",
		"the prestart task of the tier's job": prepareTask(tg).Lifecycle != nil && strings.Contains(*prepareTask(tg).Templates[0].EmbeddedTmpl, `"nomad/jobs/api"`),
	} {
		if !ok {
			t.Errorf("it does not have %s: %+v", what, got)
		}
	}
	text := *g.Tasks[0].Templates[0].EmbeddedTmpl
	var paths []string
	for _, part := range strings.Split(text, `nomadVar "`)[1:] {
		path, _, _ := strings.Cut(part, `"`)
		paths = append(paths, path)
	}
	if want := []string{"nomad/jobs/api-migrate-api", "nomad/jobs/api-migrate-api/api", "nomad/jobs/api-other"}; !slices.Equal(paths, want) {
		t.Errorf("its templates read %v, want %v", paths, want)
	}
}
