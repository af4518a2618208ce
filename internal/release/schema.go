package release

import (
	"context"
	"errors"
	"slices"
)

// origin is the revision whose manifest a revision has: of a rollback the one that it brought back.
func (r *Revision) origin() int {
	if r.Restores > 0 {
		return r.Restores
	}
	return r.Number
}

// migrated is what a revision did to the schema of a tier in a job of its own, or nil.
func (r *Revision) migrated(job, tier string) *Migrated {
	for i := range r.Migrated {
		if r.Migrated[i].Job == job && r.Migrated[i].Tier == tier {
			return &r.Migrated[i]
		}
	}
	return nil
}

// schemaOf is the revision that the schema of a tier is of, as far as revisions tell, oldest first; nil: none has touched it. has
// says whether the tier has a migration in a revision. A migration runs in a job of its own, or with the first new instance.
// That of a rollback finds what is newer, and lets it be.
func schemaOf(list []*Revision, job, tier string, has func(*Revision) (bool, error)) (at *Revision, err error) {
	for _, rev := range list {
		m := rev.migrated(job, tier)
		runs := slices.Contains(rev.Submitted, job)
		switch {
		case m != nil && m.Down:
			runs = m.Done
		case rev.Restores > 0:
			runs = runs && at != nil && rev.Restores > at.origin()
		case m != nil:
			runs = true
		}
		if !runs {
			continue
		}
		ok, err := has(rev)
		if err != nil {
			return nil, err
		}
		if ok {
			at = rev
		}
	}
	return at, nil
}

// noting runs a migration and records it, first that it is going to. One whose task never ran has changed nothing, and is
// forgotten.
func (r *run) noting(ctx context.Context, m migration, down bool) error {
	now := r.history.now
	if now == nil {
		return r.migrate(ctx, m)
	}
	now.Migrated = append(now.Migrated, Migrated{Job: m.from.ID, Tier: m.tier, Down: down})
	if err := r.history.records.update(ctx, now); err != nil {
		return err
	}
	before := len(r.res.Failures)
	err := r.migrate(ctx, m)
	last := len(now.Migrated) - 1
	var failed *Error
	ran := slices.ContainsFunc(r.res.Failures[before:], func(f Failure) bool { return f.Task != "" && f.ExitCode != 0 })
	switch {
	case err == nil:
		now.Migrated[last].Done = true
	case errors.As(err, &failed) && failed.Outcome == Failed && !ran:
		now.Migrated = now.Migrated[:last]
	}
	return err
}

// owesSchema finds out which tiers run on a schema that a rollback took back before it failed, or died: it brought no
// older instances, so those that run need their own migration again.
func (r *run) owesSchema(ctx context.Context) error {
	n := r.history.newest
	if n == nil || n.Outcome == Healthy || r.history.restores != nil {
		return nil
	}
	list, err := r.revisions(ctx)
	if err != nil {
		return err
	}
	for _, job := range r.jobs {
		for _, tg := range job.api.TaskGroups {
			if tier := value(tg.Name); owesSchema(list, job.ID, tier) {
				if r.schemaOwed == nil {
					r.schemaOwed = map[string]bool{}
				}
				r.schemaOwed[job.ID+"/"+tier] = true
			}
		}
	}
	return nil
}

func owesSchema(list []*Revision, job, tier string) bool {
	for _, rev := range slices.Backward(list) {
		m := rev.migrated(job, tier)
		switch {
		case slices.Contains(rev.Submitted, job):
			return false
		case m != nil && (m.Down || m.Done):
			return m.Down
		}
	}
	return false
}
