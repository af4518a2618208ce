package release

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// withSchema makes a job of a stack one whose migration is that of a version.
func withSchema(s *stack.Stack, id, version string, m spec.Migration, files ...string) {
	job := newJob(id)
	job.Name = ptr(id + " " + version)
	text, err := json.Marshal(spec.Prepare{Migration: &m})
	if err != nil {
		panic(err) // it is made of texts
	}
	task := &api.Task{Name: spec.PrepareTask, Driver: "raw_exec", Config: map[string]any{"image": "app:" + version}, Env: map[string]string{spec.PrepareEnv: string(text)}}
	for _, f := range files {
		name, text, _ := strings.Cut(f, ": ")
		task.Templates = append(task.Templates, &api.Template{DestPath: ptr("local/db/" + name), EmbeddedTmpl: ptr(text)})
	}
	job.TaskGroups[0].Tasks = append(job.TaskGroups[0].Tasks, task)
	s.Job(id).API = job
}

const (
	both   = "-- +goose Up\nx;\n-- +goose Down\ny;"
	onlyUp = "-- +goose Up\nx;"
)

func TestASchemaIsTakenBack(t *testing.T) {
	down := &spec.Down{Command: []string{"back"}, Version: []string{"heads"}}
	command := func(d *spec.Down) func(*stack.Stack, string) {
		return func(s *stack.Stack, version string) {
			withSchema(s, "api", version, spec.Migration{Name: "schema", Command: []string{"up"}, Down: d})
		}
	}
	files := func(third string) func(*stack.Stack, string) {
		return func(s *stack.Stack, version string) {
			list := []string{"00001_a.sql: " + onlyUp, "00002_b.sql: " + both}
			if version == "two" {
				list = append(list, "00003_c.sql: "+third, "00004_d.sql: "+both)
			}
			withSchema(s, "api", version, spec.Migration{Name: "schema", SQL: "${NOMAD_TASK_DIR}/db"}, list...)
		}
	}
	for name, c := range map[string]struct {
		version func(*stack.Stack, string)
		before  func(*fake)
		opt     RollbackOptions
		outcome Outcome
		words   []string
		told    string
		calls   string
		step    string // what the job's tasks are told
	}{
		"by the newer version's command, which is told what the older one needs": {
			version: command(down), opt: RollbackOptions{MigrateDown: true},
			outcome: Healthy, calls: "register api-migrate-api, register api", step: "app:one version 0; app:two down 0"},
		"by the Down sections of the newer version's files": {
			version: files(both), opt: RollbackOptions{MigrateDown: true},
			outcome: Healthy, calls: "register api-migrate-api, register api", step: "app:two down 2"},
		"not unasked, which is said": {
			version: files(both),
			outcome: Healthy, told: "the schema stays: migration schema of tier api, as revision 2 has it (00003_c.sql, 00004_d.sql); -migrate-down takes it back", calls: "register api"},
		"not without a down block, and nothing else is changed": {
			version: command(nil), opt: RollbackOptions{MigrateDown: true},
			outcome: Refused, words: []string{"migration schema of tier api, as revision 2 has it cannot be taken back: it has no down block", "without -migrate-down"}},
		"not by a file without a Down section": {
			version: files(onlyUp), opt: RollbackOptions{MigrateDown: true},
			outcome: Refused, words: []string{`no section "-- +goose Down" stands in 00003_c.sql`}},
		"or nothing is changed": {
			version: command(down), opt: RollbackOptions{MigrateDown: true},
			before:  func(f *fake) { f.becomes = map[string]string{"api-migrate-api": "failed"} },
			outcome: Failed, words: []string{"taking back migration schema of tier api: tier api: task main failed: exit code 3", "no job of the release was changed"},
			calls: "register api-migrate-api", step: "app:one version 0; app:two down 0"},
		"not under what -atomic would bring back": {
			version: command(down), opt: RollbackOptions{MigrateDown: true, Atomic: true},
			outcome: Refused, words: []string{"-atomic would bring the newer version back"}},
		"where there is one to take back": {
			version: func(s *stack.Stack, version string) {
				command(down)(s, "one")
				s.Job("api").API.Name = ptr(version)
			}, opt: RollbackOptions{MigrateDown: true},
			outcome: Healthy, calls: "register api"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, s := newFake(), newStack([]string{"db"}, []string{"api"})
				f.moves = true
				for _, version := range []string{"one", "two"} {
					c.version(s, version)
					res, err, _ := do(t, f, s, RunOptions{}, nil)
					wantOutcome(t, res, err, Healthy)
				}
				delete(f.jobs, "api-migrate-api")
				f.calls = nil
				if c.before != nil {
					c.before(f)
				}
				c.opt.Release = "shop"
				o := &told{}
				res, err := New(Deps{Nomad: f}).Rollback(t.Context(), c.opt, o)
				wantOutcome(t, res, err, c.outcome, c.words...)
				calls := slices.DeleteFunc(f.done(), func(s string) bool { return s == "unlock" })
				if got := strings.Join(calls, ", "); got != c.calls || !strings.Contains(o.text, c.told) {
					t.Errorf("it did %q, want %q, and told\n%s", got, c.calls, o.text)
				}
				if got := stepsOf(f.jobs["api-migrate-api"]); got != c.step {
					t.Errorf("its tasks are told %q, want %q", got, c.step)
				}
			})
		})
	}
}

func stepsOf(job *api.Job) string {
	if job == nil {
		return ""
	}
	var out []string
	for _, task := range job.TaskGroups[0].Tasks {
		var p spec.Prepare
		if err := json.Unmarshal([]byte(task.Env[spec.PrepareEnv]), &p); err != nil {
			return err.Error()
		}
		out = append(out, fmt.Sprintf("%v %s %d", task.Config["image"], p.Step, p.To))
	}
	return strings.Join(out, "; ")
}

// TestASchemaThatWasTakenBackInVain: what runs needs it, and the next run has nothing else to change.
func TestASchemaThatWasTakenBackInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, s := newFake(), newStack([]string{"api"})
		f.moves = true
		version := func(v string) {
			withSchema(s, "api", v, spec.Migration{Name: "schema", Command: []string{"up"}, Down: &spec.Down{Command: []string{"back"}, Version: []string{"heads"}}})
		}
		run := func(want Outcome, calls string) {
			t.Helper()
			f.calls = nil
			res, err, _ := do(t, f, s, RunOptions{}, nil)
			wantOutcome(t, res, err, want)
			if got := strings.Join(f.done(), ", "); got != calls {
				t.Errorf("it did %q, want %q", got, calls)
			}
		}
		back := func(to int, want Outcome, calls string) {
			t.Helper()
			f.calls = nil
			res, err := New(Deps{Nomad: f}).Rollback(t.Context(), RollbackOptions{Release: "shop", Revision: to, MigrateDown: true}, &told{})
			wantOutcome(t, res, err, want)
			if got := strings.Join(f.done(), ", "); got != calls {
				t.Errorf("it did %q, want %q", got, calls)
			}
		}
		version("one")
		run(Healthy, "register api, unlock")
		version("two")
		run(Healthy, "register api-migrate-api, register api, unlock")

		f.becomes = map[string]string{"api-migrate-api": "failed"}
		back(1, Failed, "register api-migrate-api, unlock")
		f.becomes = nil
		run(Healthy, "register api-migrate-api, unlock")
		run(Unchanged, "unlock")

		// One that fails leaves a part of the schema, which belongs to no revision that runs.
		f.becomes = map[string]string{"api-migrate-api": "failed"}
		version("three")
		run(Failed, "register api-migrate-api, unlock")
		f.becomes = nil
		back(2, Healthy, "register api-migrate-api, unlock")
		back(2, Unchanged, "unlock")
		back(1, Healthy, "register api-migrate-api, register api, unlock")
		back(2, Healthy, "register api, unlock") // forwards: its own migration does it
		if got := outcomes(kept(t, f)); !strings.HasPrefix(got, "1 healthy, 2 healthy, 3 failed, 4 healthy, 5 failed, 6 healthy, 7 healthy, 8 healthy") {
			t.Errorf("the history: %s", got)
		}
	})
}

func TestWhichRevisionASchemaIsOf(t *testing.T) {
	ran, tried := []Migrated{{Job: "api", Tier: "api", Done: true}}, []Migrated{{Job: "api", Tier: "api"}}
	back := []Migrated{{Job: "api", Tier: "api", Down: true, Done: true}}
	some := []Migrated{{Job: "api", Tier: "api", Down: true}}
	api := []string{"api"}
	for name, c := range map[string]struct {
		list []*Revision
		want int
		owed bool
	}{
		"nothing":                        {nil, 0, false},
		"the install's":                  {[]*Revision{{Number: 1, Submitted: api}, {Number: 2, Submitted: []string{"web"}}}, 1, false},
		"the newest that migrated":       {[]*Revision{{Number: 1, Submitted: api}, {Number: 2, Migrated: ran, Submitted: api}}, 2, false},
		"one that failed may have":       {[]*Revision{{Number: 1, Submitted: api}, {Number: 2, Migrated: tried}}, 2, false},
		"a rollback lets it be":          {[]*Revision{{Number: 1, Submitted: api}, {Number: 2, Submitted: api}, {Number: 3, Restores: 1, Submitted: api}}, 2, false},
		"a rollback takes it back":       {[]*Revision{{Number: 1, Submitted: api}, {Number: 2, Submitted: api}, {Number: 3, Restores: 1, Migrated: back, Submitted: api}}, 3, false},
		"and forwards again":             {[]*Revision{{Number: 1, Submitted: api}, {Number: 2, Submitted: api}, {Number: 3, Restores: 1, Migrated: back, Submitted: api}, {Number: 4, Restores: 2, Submitted: api}}, 4, false},
		"a rollback that failed half":    {[]*Revision{{Number: 1, Submitted: api}, {Number: 2, Submitted: api}, {Number: 3, Restores: 1, Migrated: some}}, 2, true},
		"one that died before its jobs":  {[]*Revision{{Number: 1, Submitted: api}, {Number: 2, Submitted: api}, {Number: 3, Restores: 1, Migrated: back}}, 3, true},
		"then a run that failed to mend": {[]*Revision{{Number: 2, Submitted: api}, {Number: 3, Restores: 1, Migrated: back}, {Number: 4, Migrated: tried}}, 4, true},
		"then a run that did":            {[]*Revision{{Number: 2, Submitted: api}, {Number: 3, Restores: 1, Migrated: back}, {Number: 4, Migrated: ran}}, 4, false},
	} {
		t.Run(name, func(t *testing.T) {
			at, err := schemaOf(c.list, "api", "api", func(*Revision) (bool, error) { return true, nil })
			if err != nil || numberOf(at) != c.want || owesSchema(c.list, "api", "api") != c.owed {
				t.Errorf("revision %d, owed %v, %v", numberOf(at), owesSchema(c.list, "api", "api"), err)
			}
		})
	}
}
