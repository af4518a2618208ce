package release

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// above is a tier whose schema is of a newer revision than a rollback brings back.
type above struct {
	job, tier string
	newer     *Revision
	next, old *api.Job // of the newer revision and of the one that is brought back
	name      string   // of the newer one's migration
	files     []string // SQL files that the older one does not have, the oldest first
	to        int64    // the newest SQL file that it has
	cannot    string   // why it cannot be taken back
}

func (a above) String() string {
	text := fmt.Sprintf("migration %s of tier %s, as revision %d has it", a.name, a.tier, a.newer.Number)
	if len(a.files) > 0 {
		text += " (" + strings.Join(a.files, ", ") + ")"
	}
	return text
}

// planDown finds out what of the schema is newer than the revision that is brought back. It stays, and that is said, unless it was asked to be
// taken back; then what cannot be is refused before anything is changed.
func (r *run) planDown(ctx context.Context, opt RollbackOptions, list []*Revision) error {
	if opt.MigrateDown && opt.Atomic {
		return &Error{Outcome: Refused, Err: fmt.Errorf("-atomic would bring the newer version back onto the schema that -migrate-down has taken back"),
			Hint: "give one of the two"}
	}
	found, err := r.schemasAbove(ctx, list)
	if err != nil && (opt.MigrateDown || fatal(err)) {
		return err
	}
	p := &problems{outcome: Refused}
	for _, a := range found {
		switch {
		case !opt.MigrateDown:
			r.say(Info, a.job, "the schema stays: %s; -migrate-down takes it back", a)
		case a.cannot != "":
			p.add(fmt.Sprintf("where revision %d can live with the schema, roll back without -migrate-down; else give the migration a way down, run that, and roll back then", r.history.restores.Number),
				"%s cannot be taken back: %s", a, a.cannot)
			p.about(a.job, a.tier, "")
		default:
			m, err := r.downJob(a)
			if err != nil {
				return err
			}
			r.downs = append(r.downs, m)
		}
	}
	return p.err()
}

// schemasAbove finds them in the order in which they have to be taken back: what waits for others first.
func (r *run) schemasAbove(ctx context.Context, list []*Revision) ([]above, error) {
	to := r.history.restores
	list = slices.DeleteFunc(slices.Clone(list), func(rev *Revision) bool { return rev.Number < to.origin() })
	known := map[int]*Manifest{to.Number: r.manifest}
	manifest := func(rev *Revision) (*Manifest, error) {
		if m := known[rev.Number]; m != nil {
			return m, nil
		}
		m, err := r.history.records.manifest(ctx, rev)
		known[rev.Number] = m
		return m, err
	}
	var out []above
	for _, j := range slices.Backward(r.manifest.Jobs) {
		for _, tg := range j.Spec.TaskGroups {
			tier := value(tg.Name)
			if p := prepareOf(tg); p == nil || p.Migration == nil {
				continue
			}
			at, err := schemaOf(list, j.ID, tier, func(rev *Revision) (bool, error) {
				m, err := manifest(rev)
				if err != nil {
					return false, err
				}
				p := prepareOf(m.tier(j.ID, tier))
				return p != nil && p.Migration != nil, nil
			})
			if err != nil {
				return nil, err
			}
			if at == nil || at.origin() <= to.origin() {
				continue
			}
			a := above{job: j.ID, tier: tier, newer: at, next: known[at.Number].job(j.ID), old: j.Spec}
			if a.compare() {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

// job is the specification of one of the manifest's jobs, or nil.
func (m *Manifest) job(id string) *api.Job {
	for _, j := range m.Jobs {
		if j.ID == id {
			return j.Spec
		}
	}
	return nil
}

// tier is a group of one of the manifest's jobs; an empty one where there is none.
func (m *Manifest) tier(job, name string) *api.TaskGroup {
	if j := m.job(job); j != nil {
		if tg := j.LookupTaskGroup(name); tg != nil {
			return tg
		}
	}
	return &api.TaskGroup{}
}

// compare says whether the newer migration may have done more than the older one, and what, and what is in the way.
func (a *above) compare() bool {
	newer, older := a.next.LookupTaskGroup(a.tier), a.old.LookupTaskGroup(a.tier)
	next, old := prepareOf(newer).Migration, prepareOf(older).Migration
	a.name = next.Name
	var missing []string
	switch {
	case next.SQL != "" && old.SQL != "":
		for _, f := range sqlFiles(older) {
			a.to = max(a.to, f.version)
		}
		for _, f := range sqlFiles(newer) {
			if f.version <= a.to {
				continue
			}
			a.files = append(a.files, f.name)
			if !downSection.MatchString(f.text) {
				missing = append(missing, f.name)
			}
		}
		if len(a.files) == 0 {
			return false
		}
	case sameTask(prepareTask(newer), prepareTask(older)):
		return false
	}
	switch {
	case (next.SQL == "") != (old.SQL == ""):
		a.cannot = "one of the two revisions has SQL files, the other a command"
	case len(missing) > 0:
		a.cannot = "no section \"-- +goose Down\" stands in " + strings.Join(missing, ", ")
	case next.SQL == "" && next.Down == nil:
		a.cannot = "it has no down block"
	default:
		a.cannot = holds(newer)
	}
	return true
}

// sameTask says whether two prestart tasks are the same to the byte: image, command, environment, templates.
func sameTask(a, b *api.Task) bool {
	x, err := json.Marshal(a)
	y, other := json.Marshal(b)
	return err == nil && other == nil && bytes.Equal(x, y)
}

var downSection = regexp.MustCompile(`(?mi)^\s*--\s*\+goose\s+down\s*$`)

// sqlFile is a file of a migration, as the prestart task gets it.
type sqlFile struct {
	name    string
	version int64
	text    string
}

// sqlFiles are those of a tier, by version.
func sqlFiles(tg *api.TaskGroup) []sqlFile {
	_, folder, _ := strings.Cut(prepareOf(tg).Migration.SQL, "/")
	var out []sqlFile
	for _, t := range prepareTask(tg).Templates {
		dir, name := path.Split(value(t.DestPath))
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.ParseInt(number, 10, 64)
		if path.Clean(dir) == path.Join("local", folder) && err == nil {
			out = append(out, sqlFile{name: name, version: version, text: value(t.EmbeddedTmpl)})
		}
	}
	slices.SortFunc(out, func(a, b sqlFile) int { return cmp.Compare(a.version, b.version) })
	return out
}

// takeBack runs what brings the schema to what the older revision needs, beside the newer version, before a job is changed.
func (r *run) takeBack(ctx context.Context) error {
	for i, m := range r.downs {
		if i == 0 {
			r.enter(PhaseMigrate, "taking the schema back before anything else is changed")
		}
		r.phase = PhaseMigrate
		r.say(Info, m.from.ID, "migration %s of tier %s: running job %s", m.name, m.tier, m.job.ID)
		if err := r.noting(ctx, m, true); err != nil {
			out := *r.classify(ctx, err)
			if out.Outcome == Failed {
				out.Err = fmt.Errorf("taking back migration %s of tier %s: %w", m.name, m.tier, out.Err)
				out.Hint = "no job of the release was changed, and the newer version goes on; what its log calls taken back, packctl run applies again, or mend it and roll back again"
			}
			return &out
		}
		r.phase = PhaseMigrate
		r.say(Info, m.from.ID, "migration %s of tier %s is taken back", m.name, m.tier)
	}
	return nil
}
