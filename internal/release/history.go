package release

import (
	"context"
	"fmt"
)

// History lists a release's revisions, the oldest first. One that nobody finished is told as the cluster shows it, unless
// somebody works on the release now; nothing is written.
func (e *Engine) History(ctx context.Context, release string) ([]*Revision, error) {
	v := &verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}
	_, list, err := v.told(ctx, release)
	if err != nil {
		return nil, v.classify(ctx, err)
	}
	return list, nil
}

// Revision reads one revision with what it submitted. Number 0 is the one that is in effect.
func (e *Engine) Revision(ctx context.Context, release string, number int) (*Revision, *Manifest, error) {
	v := &verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}
	rev, m, err := v.revision(ctx, release, number)
	if err != nil {
		return nil, nil, v.classify(ctx, err)
	}
	return rev, m, nil
}

func (v *verb) revision(ctx context.Context, release string, number int) (*Revision, *Manifest, error) {
	s, list, err := v.told(ctx, release)
	if err != nil {
		return nil, nil, err
	}
	rev, err := choose(release, list, number)
	if err != nil {
		return nil, nil, err
	}
	m, err := s.manifest(ctx, rev)
	if err != nil {
		return nil, nil, err
	}
	v.deps.places.learn(m)
	return rev, m, nil
}

// Memory is what a release was given the last time that it changed.
type Memory struct {
	Newest   int // number of the newest revision, 0: there is none
	Revision int // the one that is in effect, which Env and Given are of; 0: none is
	Env      string
	Given    []Given // sensitive ones have no value
}

// Memory reads what a release remembers.
func (e *Engine) Memory(ctx context.Context, release string) (*Memory, error) {
	v := &verb{deps: e.deps, obs: nobody{}, began: e.deps.Now(), res: &Result{}}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	_, list, err := v.told(ctx, release)
	if err != nil {
		return nil, v.classify(ctx, err)
	}
	m := &Memory{}
	if len(list) > 0 {
		m.Newest = list[len(list)-1].Number
	}
	if now := inEffect(list); now != nil {
		m.Revision, m.Env, m.Given = now.Number, now.Env, now.Given
	}
	return m, nil
}

// choose is the revision of a number, 0 being that in effect.
func choose(release string, list []*Revision, number int) (*Revision, error) {
	if number == 0 {
		if rev := inEffect(list); rev != nil {
			return rev, nil
		}
	}
	for _, rev := range list {
		if rev.Number == number {
			return rev, nil
		}
	}
	hint := "packctl history " + release + " lists those that there are"
	if len(list) == 0 {
		return nil, &Error{Outcome: Refused, Err: fmt.Errorf("release %s has no revisions in this namespace", release),
			Hint: "packctl run records one; those of jobs that were submitted otherwise are unknown to packctl"}
	}
	if number == 0 {
		return nil, &Error{Outcome: Refused, Err: fmt.Errorf("no revision of release %s is in effect", release), Hint: hint}
	}
	return nil, &Error{Outcome: Refused, Err: fmt.Errorf("release %s has no revision %d", release, number),
		Hint: fmt.Sprintf("%s; the oldest that is kept is %d", hint, list[0].Number)}
}

// told reads the revisions and finds out, without writing it, how one ended that nobody finished.
func (v *verb) told(ctx context.Context, release string) (*records, []*Revision, error) {
	s := recordsOf(v.deps.Nomad, release)
	list, err := s.list(ctx)
	if err != nil || len(list) == 0 {
		return s, list, err
	}
	newest := list[len(list)-1]
	for now, i := inEffect(list), len(list)-1; i >= 0; i-- {
		if list[i].Outcome == Awaiting && list[i] != now && list[i] != newest {
			list[i].Outcome = Replaced
		}
	}
	if newest.finished() {
		return s, list, nil
	}
	lock, err := v.deps.Nomad.Variable(ctx, lockPath(release))
	if err != nil {
		return nil, nil, err
	}
	if lock != nil && lock.Lock != nil {
		newest.Note = "under way"
		return s, list, nil
	}
	f, err := v.find(ctx, s, newest)
	if err != nil {
		return nil, nil, err
	}
	f.close(newest)
	return s, list, nil
}

func lockPath(release string) string { return "packctl/releases/" + release + "/lock" }
