package check

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/stack"
)

// place is a block of a job.
type place struct {
	job   *stack.Job
	steps []stack.Step
}

func ofJob(j *stack.Job) place { return place{job: j} }

func ofTier(t *stack.Tier) place { return ofJob(t.Job).labelled("group", t.Name) }

// nth is the block number i of a kind.
func (p place) nth(kind string, i int) place {
	return place{p.job, append(slices.Clone(p.steps), stack.Nth(kind, i))}
}

func (p place) labelled(kind, label string) place {
	return place{p.job, append(slices.Clone(p.steps), stack.Block(kind, label))}
}

// here is the block's header.
func (p place) here() hcl.Range { return p.job.At(p.steps...) }

// attr is the first of the attributes that the block has, or the block's header.
func (p place) attr(names ...string) hcl.Range {
	for _, name := range names {
		if p.has(name) {
			return p.job.At(append(slices.Clone(p.steps), stack.Attr(name))...)
		}
	}
	return p.here()
}

func (p place) has(name string) bool {
	return p.job.Has(append(slices.Clone(p.steps), stack.Attr(name))...)
}

// oneOf finds a value that is none of the allowed ones; the empty one is the default. Values that only the client knows are
// left alone.
func (f *findings) oneOf(p place, attr, value, summary string, allowed ...string) {
	if value == "" || runtime(value) || slices.Contains(allowed, value) {
		return
	}
	f.error(p.attr(attr), summary, "%s is %q.%s It is one of: %s.", attr, value, diag.DidYouMean(value, allowed, ""), diag.List(allowed, ""))
}

// nearby tells, beside faults about a name that does not exist, of the definition that is most probably meant: when nothing uses
// it, it may be the one that is misspelt.
type nearby struct {
	wrong map[string]hcl.Range // unknown names and where the first of each is used
	order []string
}

func (n *nearby) add(name string, at hcl.Range) {
	if n.wrong == nil {
		n.wrong = map[string]hcl.Range{}
	}
	if _, seen := n.wrong[name]; !seen {
		n.wrong[name] = at
		n.order = append(n.order, name)
	}
}

// definition is a name that could have been used.
type definition struct {
	name string
	at   hcl.Range
}

// report warns about unused definitions that are near to an unknown name. what is their kind: "port".
func (n *nearby) report(f *findings, what string, unused []definition) {
	for _, name := range n.order {
		var known []string
		for _, d := range unused {
			known = append(known, d.name)
		}
		best := diag.Suggest(name, known)
		if best == "" && len(unused) == 1 && len(n.order) == 1 {
			best = unused[0].name // two letters swapped in a short name: nothing is near, and nothing else can be meant
		}
		if best == "" {
			continue
		}
		for _, d := range unused {
			if d.name == best {
				at := n.wrong[name]
				f.warn(d.at, "Definition that nothing uses", "Nothing uses the %s %q, and %q is looked for at %s:%d: one of the two is misspelt.",
					what, best, name, at.Filename, at.Start.Line)
			}
		}
	}
}

// quote is a name for a sentence.
func quote(s string) string { return strconv.Quote(s) }

func quoted(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, quote(n))
	}
	return out
}

// jobType is the job's type, with Nomad's default.
func jobType(t *stack.Tier) string { return strings.ToLower(t.Type) }
