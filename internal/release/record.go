package release

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// defaultHistory is how many revisions are kept when nothing is said.
const defaultHistory = 10

// history is what a run knows of its release's records.
type history struct {
	records *records
	newest  *Revision // before this run; nil: there is none
	list    []*Revision
	now     *Revision // that of this run, once it has one
	seen    int       // the newest number when this run was planned

	restores *Revision // what a rollback brings back
	halted   bool      // now is a revision of before, whose canaries wait: what comes before its waves is done
	resumed  bool      // now is a revision of before, which did not end well and which this run has nothing to add to
}

// remember notes, before anything is planned, how far the release's history has come.
func (r *run) remember(ctx context.Context) error {
	r.history.records = recordsOf(r.deps.Nomad, r.manifest.Release.Name)
	if r.opt.Seen != nil {
		r.history.seen = *r.opt.Seen
		return nil
	}
	l, err := r.history.records.paths(ctx)
	r.history.seen = l.newest()
	return err
}

// settle is the first thing under the lock: it removes what a writer that died left, finds out how the newest revision
// ended when nobody has said so, and refuses to go on when a revision was made since this one was planned.
func (r *run) settle(ctx context.Context) error {
	l, err := r.history.records.paths(ctx)
	if err != nil {
		return err
	}
	if err := r.history.records.remove(ctx, l.orphans...); err != nil {
		return err
	}
	var newest *Revision
	if l.newest() > 0 {
		if newest, err = r.history.records.read(ctx, l.newest()); err != nil {
			return err
		}
	}
	r.history.newest = newest
	if newest != nil && !newest.finished() {
		if err := r.reconcile(ctx, newest); err != nil {
			return err
		}
	}
	if l.newest() != r.history.seen {
		who := ""
		if newest != nil {
			who = " by " + newest.Who
		}
		return &Error{Outcome: Conflict, Err: fmt.Errorf("release %s became revision %d%s while this run was planned; nothing was submitted", r.manifest.Release.Name, l.newest(), who),
			Hint: "look at what they did (packctl history " + r.manifest.Release.Name + "), then run again"}
	}
	return nil
}

// changes says whether the plan holds anything to do.
func (r *run) changes() bool {
	return len(r.stops())+len(r.downs)+len(r.schemaOwed) > 0 || slices.ContainsFunc(r.jobs, func(j *planned) bool { return j.changed })
}

// stops are the jobs that this run is to stop.
func (r *run) stops() []string {
	if !r.opt.Prune {
		return nil
	}
	return r.orphans
}

// begin records the revision as pending, once. Nothing is submitted or stopped before it. Scaling makes no revision.
func (r *run) begin(ctx context.Context) error {
	if r.history.now != nil || r.history.records == nil {
		return nil
	}
	number := 1
	if r.history.newest != nil {
		number = r.history.newest.Number + 1
	}
	m := r.manifest
	now := &Revision{Number: number, Started: r.deps.Now().UTC(), Who: r.who(), Packctl: r.opt.Version, Pack: m.Pack.Name, PackVersion: m.Pack.Version,
		Env: r.opt.Inputs.Env, Stops: r.stops(), Outcome: Pending}
	_, now.After = r.events()
	var err error
	if old := r.history.restores; old != nil {
		now.Restores, now.Env, now.Given = old.Number, old.Env, old.Given
	} else if now.Given, err = r.given(ctx); err != nil {
		return err
	}
	if before, err := r.inEffect(ctx); err != nil {
		return err
	} else if before != nil {
		now.Changed = changedGiven(before, now)
	}
	for _, job := range r.jobs {
		n := RevisionJob{ID: job.ID, Changed: job.changed}
		if job.before != nil {
			n.Version, n.Index = value(job.before.Version), value(job.before.JobModifyIndex)
		}
		now.Jobs = append(now.Jobs, n)
	}
	if r.only != nil {
		now.Jobs, m = append(now.Jobs, r.only.others...), r.only.whole
	}
	if err := r.history.records.create(ctx, now, m); err != nil {
		return err
	}
	r.history.now, r.res.Revision = now, number
	return nil
}

// who is the person that works on the release.
func (v *verb) who() string {
	who, _, _ := strings.Cut(v.deps.Owner, ",")
	return who
}

// resume takes the newest revision up again when it was just this manifest, and either this run has nothing to submit and that
// one did not end well: what became of it is then known in the end; or that one waits for its canaries to be promoted: this run goes
// on with it.
func (r *run) resume() error {
	n := r.history.newest
	if n == nil || n.Outcome == Healthy || n.Outcome == RolledBack || !n.touched() || (r.changes() && n.Outcome != Awaiting) {
		return nil
	}
	m := r.manifest
	if r.only != nil {
		m = r.only.whole
	}
	data, err := wire(m)
	if err != nil {
		return err
	}
	if sumOf(data) == n.Sum {
		r.takeUp(n)
	}
	return nil
}

// takeUp makes a revision of before that of this run.
func (r *run) takeUp(n *Revision) {
	r.history.now, r.history.resumed, r.res.Revision = n, true, n.Number
	if r.history.halted = n.Outcome == Awaiting; r.history.halted {
		for _, job := range r.jobs { // what fails now has had its try: it is of this revision
			job.retried = job.retried || slices.Contains(n.Submitted, job.ID)
		}
	}
}

// inEffect is the revision that the release is at. Mostly that is the newest one.
func (r *run) inEffect(ctx context.Context) (*Revision, error) {
	n := r.history.newest
	if n == nil || inEffect([]*Revision{n}) == n {
		return n, nil
	}
	list, err := r.revisions(ctx)
	return inEffect(list), err
}

// revisions are all that there were before this run.
func (r *run) revisions(ctx context.Context) ([]*Revision, error) {
	if r.history.list != nil || r.history.newest == nil {
		return r.history.list, nil
	}
	list, err := r.history.records.list(ctx)
	if err != nil {
		return nil, err
	}
	r.history.list = slices.DeleteFunc(list, func(x *Revision) bool { return x.Number > r.history.newest.Number })
	return r.history.list, nil
}

// conclude records how a run ended, whatever became of its context, and removes what is too old. What goes wrong with that
// is told and does not change the outcome: the next verb that works on the release finds out by itself.
func (r *run) conclude(ctx context.Context, err error) error {
	var out *Error
	if err != nil {
		out = r.classify(ctx, err)
		err = out
	}
	if r.history.now == nil || (out != nil && r.history.halted && r.untouched() && out.Outcome != Failed && out.Outcome != Reverted) {
		return err
	}
	clean, done := context.WithTimeout(context.WithoutCancel(ctx), cleanUpWithin)
	defer done()
	now := r.history.now
	now.Ended = r.deps.Now().UTC()
	now.Submitted = slices.Compact(slices.Sorted(slices.Values(append(now.Submitted, r.res.Submitted...))))
	now.Stopped = slices.Compact(slices.Sorted(slices.Values(append(now.Stopped, r.res.Stopped...))))
	for _, job := range r.jobs {
		if n := now.job(job.ID); n != nil {
			n.Version, n.Index, n.Changed = job.version, job.index, slices.Contains(now.Submitted, job.ID) || slices.Contains(r.res.Left, job.ID)
		}
	}
	switch {
	case out == nil && len(r.res.Waiting) > 0:
		now.Outcome, now.Note = Awaiting, haltNote(r.res.Waiting, r.res.Left)
	case out == nil && r.opt.Detach:
		now.Outcome, now.Note = Detached, ""
	case out == nil:
		was := now.Outcome
		now.Outcome, now.Note = Healthy, ""
		switch {
		case was == Awaiting && len(r.res.Promoted) > 0:
			now.Note = "promoted by " + r.who()
		case r.history.resumed:
			now.Note = "healthy since a later run"
		}
	default:
		now.Outcome, now.Note = out.Outcome, r.secret.text(out.Error())
	}
	if err := r.history.records.update(clean, now); err != nil {
		r.say(Warn, "", "revision %d could not be recorded as %s; the next run finds out how it ended: %v", now.Number, now.Outcome, err)
		return errOf(out)
	}
	if err := r.forget(clean); err != nil {
		r.say(Warn, "", "old revisions were not removed: %v", err)
	}
	return errOf(out)
}

// untouched says that this run has changed nothing.
func (r *run) untouched() bool {
	return len(r.res.Submitted)+len(r.res.Stopped)+len(r.res.Promoted) == 0
}

// errOf keeps a nil *Error from becoming an error.
func errOf(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

// forget removes the revisions that are too old to keep.
func (r *run) forget(ctx context.Context) error {
	keep := r.opt.HistoryMax
	if keep <= 0 {
		keep = defaultHistory
	}
	now := r.history.now
	held := []int{now.Number}
	if now.Outcome != Healthy && now.Number > keep {
		list, err := r.revisions(ctx)
		if err != nil {
			return err
		}
		list = append(slices.Clone(list), now)
		for _, hold := range []*Revision{lastHealthy(list, now.Number), inEffect(list)} {
			if hold != nil {
				held = append(held, hold.Number)
			}
		}
	}
	return r.history.records.prune(ctx, keep, held...)
}

// Inputs are what a person gave for a pack's variables, beside defaults and the env's file.
type Inputs struct {
	Known  bool // what is said here is all that was given; else nothing is known of it
	Env    string
	Values []Input // by name
	Own    []Input // sensitive ones that the pack's own files give, which a plan file may need
}

// Input is one value.
type Input struct {
	Name      string
	Value     string // as HCL writes it
	Sensitive bool
	Text      string // of a sensitive one: as the environment gives it, which is a string itself and other types as HCL
	IsText    bool   // it is a string
}

// given are the inputs as they are recorded.
func (r *run) given(ctx context.Context) ([]Given, error) {
	var out []Given
	var key []byte
	for _, in := range r.opt.Inputs.Values {
		if !in.Sensitive {
			out = append(out, Given{Name: in.Name, Value: in.Value})
			continue
		}
		if key == nil {
			var err error
			if key, err = r.key(ctx); err != nil {
				return nil, err
			}
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(in.Name + "\x00" + in.Value))
		out = append(out, Given{Name: in.Name, HMAC: hex.EncodeToString(mac.Sum(nil))})
	}
	return out, nil
}

const keyItem = "hmac"

// key is the release's own, made when it is first needed: a mark tells nothing to who reads the record alone.
func (r *run) key(ctx context.Context) ([]byte, error) {
	path := "packctl/releases/" + r.manifest.Release.Name + "/key"
	for {
		v, err := r.deps.Nomad.Variable(ctx, path)
		if err != nil {
			return nil, err
		}
		if v != nil {
			return hex.DecodeString(v.Items[keyItem])
		}
		key := make([]byte, sha256.Size)
		if _, err := rand.Read(key); err != nil {
			return nil, err
		}
		err = r.deps.Nomad.PutVariable(ctx, &api.Variable{Path: path, Items: api.VariableItems{keyItem: hex.EncodeToString(key)}})
		var moved FaultMoved
		if !errors.As(err, &moved) {
			return key, err
		}
	}
}

// changedGiven names the variables that were given another value, or are given no longer, or for the first time.
func changedGiven(before, now *Revision) []string {
	old, names := map[string]Given{}, map[string]bool{}
	for _, g := range before.Given {
		old[g.Name] = g
		names[g.Name] = true
	}
	for _, g := range now.Given {
		if old[g.Name] == g {
			delete(names, g.Name)
			continue
		}
		names[g.Name] = true
	}
	if before.Env != now.Env {
		names["env"] = true
	}
	return sorted(names)
}
