package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"

	"github.com/packctl/packctl/internal/status"
)

// LogLine is one line of a task's log, without its end.
type LogLine struct {
	Tier   string
	Index  int // of the instance within its tier
	Job    string
	Alloc  string
	Task   string
	Stream string // stdout, stderr
	Text   string
}

// LogSink takes lines as they come. An error of Lines ends the verb, and is what it returns. Notice is about logs that are
// missing. Calls come from one goroutine.
type LogSink interface {
	Lines([]LogLine) error
	Notice(text string)
}

// logs is one reading of a release's logs.
type logs struct {
	verb
	opt    LogOptions
	sink   LogSink
	broken error              // what the sink said when it took no more
	jobs   []string           // IDs, without children
	known  map[string]*source // by allocation
	open   []*source          // those that are followed, oldest first
	gone   []string           // names of allocations whose logs are not there
}

// source is one allocation whose logs are read.
type source struct {
	alloc *api.AllocationListStub
	at    map[string]*position // by task and stream
	over  int                  // readings since it was seen to have ended
	told  bool                 // that its logs are not there
}

// position is how far one stream of one task has been read.
type position struct {
	number int
	offset int64
	rest   []byte // of a line that has not ended
}

func (s *source) name() string {
	return fmt.Sprintf("%s[%d] %s", s.alloc.TaskGroup, status.Index(s.alloc.Name), s.alloc.ID[:min(8, len(s.alloc.ID))])
}

func (s *source) ended() bool {
	return s.alloc.ClientStatus != api.AllocClientStatusPending && s.alloc.ClientStatus != api.AllocClientStatusRunning
}

func (l *logs) do(ctx context.Context) error {
	tiers, err := l.tiers(ctx, l.opt.Release)
	if err != nil {
		return err
	}
	for _, t := range tiers {
		l.jobs = append(l.jobs, t.job.ID)
	}
	l.jobs = slices.Compact(l.jobs)
	allocs, index, err := l.deps.Nomad.Allocs(ctx, l.jobs, 0)
	if err != nil {
		return err
	}
	if err := l.check(tiers, allocs); err != nil {
		return err
	}
	for _, s := range l.take(allocs) {
		last := !l.opt.Follow || s.ended()
		if err := l.read(ctx, s, l.opt.Tail, last); err != nil {
			return err
		}
		if !last {
			l.open = append(l.open, s)
		}
	}
	l.missing()
	if !l.opt.Follow {
		return nil
	}
	return l.follow(ctx, index)
}

// check refuses tiers and tasks that neither the registered jobs nor an allocation of an earlier version know.
func (l *logs) check(tiers []*target, allocs []*api.AllocationListStub) error {
	names, tasks := tierNames(tiers), map[string]bool{}
	for _, a := range allocs {
		names = append(names, a.TaskGroup)
		if l.wants(a) {
			for task := range a.TaskStates {
				tasks[task] = true
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	p := problems{outcome: Refused}
	for _, word := range l.opt.Tiers {
		known := slices.ContainsFunc(tiers, func(t *target) bool { return named(word, l.opt.Release, t.job.ID, t.group) }) ||
			slices.ContainsFunc(allocs, func(a *api.AllocationListStub) bool { return named(word, l.opt.Release, l.parent(a), a.TaskGroup) })
		if !known {
			p.add(nameHint(word, "its tiers", names), "release %s has no tier %q", l.opt.Release, word)
		}
	}
	if err := p.err(); err != nil || l.opt.Task == "" || tasks[l.opt.Task] {
		return err
	}
	for _, t := range tiers {
		if !l.named(t.job.ID, t.group) {
			continue
		}
		for _, task := range t.job.before.LookupTaskGroup(t.group).Tasks {
			tasks[task.Name] = true
		}
	}
	if !tasks[l.opt.Task] {
		p.add(nameHint(l.opt.Task, "the tasks", sorted(tasks)), "no tier that was asked for has a task %q", l.opt.Task)
	}
	return p.err()
}

// parent is the ID of the release's job that an allocation belongs to; that of a child is the job that launched it.
func (l *logs) parent(a *api.AllocationListStub) string {
	for _, id := range l.jobs {
		if strings.HasPrefix(a.JobID, id+"/") {
			return id
		}
	}
	return a.JobID
}

func (l *logs) wants(a *api.AllocationListStub) bool { return l.named(l.parent(a), a.TaskGroup) }

func (l *logs) named(job, group string) bool {
	return len(l.opt.Tiers) == 0 ||
		slices.ContainsFunc(l.opt.Tiers, func(word string) bool { return named(word, l.opt.Release, job, group) })
}

// take brings what is known of allocations up to date, and returns those that are new, oldest first.
func (l *logs) take(allocs []*api.AllocationListStub) []*source {
	var fresh []*source
	for _, a := range allocs {
		if s := l.known[a.ID]; s != nil {
			s.alloc = a
			continue
		}
		if l.wants(a) {
			s := &source{alloc: a, at: map[string]*position{}}
			l.known[a.ID] = s
			fresh = append(fresh, s)
		}
	}
	slices.SortFunc(fresh, func(a, b *source) int {
		return cmp.Or(cmp.Compare(a.alloc.CreateTime, b.alloc.CreateTime), cmp.Compare(a.alloc.CreateIndex, b.alloc.CreateIndex),
			cmp.Compare(a.alloc.Name, b.alloc.Name))
	})
	return fresh
}

// fewNames is how many allocations a message names.
const fewNames = 20

// missing says, once for each, which allocations' logs are not there.
func (l *logs) missing() {
	if len(l.gone) == 0 {
		return
	}
	names := strings.Join(l.gone[:min(len(l.gone), fewNames)], ", ")
	if more := len(l.gone) - fewNames; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	l.sink.Notice("no logs of " + names + ": Nomad has collected them, or their node does not answer")
	l.gone = nil
}

// tolerate tells whether reading goes on after a fault with one allocation, which it then says.
func (l *logs) tolerate(s *source, err error) bool {
	var unreachable FaultUnreachable
	var denied FaultDenied
	if errors.As(err, &unreachable) || errors.As(err, &denied) || errors.Is(err, context.Canceled) {
		return false
	}
	if !s.told {
		s.told = true
		l.sink.Notice(fmt.Sprintf("the logs of %s cannot be read: %v", s.name(), err))
	}
	return true
}
