package release

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// problems collects what speaks against a verb, to be told all at once.
type problems struct {
	outcome Outcome
	list    []Problem
}

func (p *problems) add(hint, format string, args ...any) {
	p.list = append(p.list, Problem{Message: fmt.Sprintf(format, args...), Hint: hint})
}

// about says what the problem that was added last is about.
func (p *problems) about(job, tier, file string) {
	last := &p.list[len(p.list)-1]
	last.Job, last.Tier, last.File = job, tier, file
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	var texts, hints []string
	for _, x := range p.list {
		texts = append(texts, x.Message)
		if !slices.Contains(hints, x.Hint) {
			hints = append(hints, x.Hint)
		}
	}
	return &Error{Outcome: p.outcome, Err: errors.New(strings.Join(texts, "\n")), Hint: strings.Join(hints, "\n")}
}
