package stack

import (
	"cmp"
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/diag"
)

// IDs of the diagnostics about order.
const (
	IDTierCycle = "dependency-cycle"
	IDJobCycle  = "job-cycle"
)

// edge says that a tier waits for a service that another registers.
type edge struct {
	from, to *Tier
	need     Need
}

// edges lists who waits for whom, in the order of Tiers and Needs. A service that several tiers register is waited for
// in all of them.
func (s *Stack) edges() []edge {
	owners := s.registrants()
	var out []edge
	for _, t := range s.Tiers {
		for _, need := range t.Needs {
			if need.Service == "" {
				continue
			}
			for _, owner := range owners[need.Service] {
				out = append(out, edge{t, owner, need})
			}
		}
	}
	return out
}

// order finds the waves: Kahn's algorithm by levels over the jobs. An edge between groups of one job is none between
// jobs: Nomad starts them together, and the gate inside makes one wait. A cycle of tiers can never start; a cycle of jobs
// could, but could not be submitted one after the other. Either is an error that shows the whole path.
func (s *Stack) order() diag.Diagnostics {
	edges := slices.DeleteFunc(s.edges(), func(e edge) bool { return e.from.JobID != e.to.JobID && s.IsHook(e.to.JobID) }) // a check says so
	var diags diag.Diagnostics
	if path := tierCycle(s.Tiers, edges); path != nil {
		diags.Add(IDTierCycle, path[0].need.Range, "Tiers wait for each other",
			"%s. None of them could ever start: remove one of these wait_for blocks.", tierPath(path))
		return diags
	}
	if path := jobCycle(s.Jobs, edges); path != nil {
		diags.Add(IDJobCycle, path[0].need.Range, "Jobs wait for each other",
			"%s. Jobs are submitted one wave after the other, so put these groups into one job, or a group into a job of its own.", tierPath(path))
		return diags
	}
	var ordered []*Job
	wave := map[string]int{}
	for _, j := range s.Jobs {
		if s.IsHook(j.ID) {
			wave[j.ID] = len(s.Jobs) // after all
			continue
		}
		ordered = append(ordered, j)
	}
	s.Waves = waves(ordered, edges)
	for i, jobs := range s.Waves {
		for _, j := range jobs {
			wave[j.ID] = i
		}
	}
	slices.SortStableFunc(s.Tiers, func(a, b *Tier) int {
		return cmp.Or(cmp.Compare(wave[a.JobID], wave[b.JobID]), cmp.Compare(a.JobID, b.JobID))
	})
	return nil
}

// IsHook says whether a job runs as a hook, and therefore in no wave.
func (s *Stack) IsHook(jobID string) bool {
	return slices.ContainsFunc(s.Hooks, func(h Hook) bool { return h.Job == jobID })
}

// waves needs edges without a cycle, none of which leads to a job that is not among jobs. Jobs of a wave are by ID, as they
// came in.
func waves(jobs []*Job, edges []edge) [][]*Job {
	before := map[string]map[string]bool{}
	for _, e := range edges {
		if e.from.JobID != e.to.JobID {
			if before[e.from.JobID] == nil {
				before[e.from.JobID] = map[string]bool{}
			}
			before[e.from.JobID][e.to.JobID] = true
		}
	}
	var out [][]*Job
	rest := slices.Clone(jobs)
	for len(rest) > 0 {
		var wave, later []*Job
		for _, j := range rest {
			if len(before[j.ID]) == 0 {
				wave = append(wave, j)
			} else {
				later = append(later, j)
			}
		}
		for _, j := range wave {
			for _, deps := range before {
				delete(deps, j.ID)
			}
		}
		out, rest = append(out, wave), later
	}
	return out
}

// tierCycle is the edges of a cycle of tiers, or nil: a depth-first search in the order of Tiers.
func tierCycle(tiers []*Tier, edges []edge) []edge {
	return cycle(tiers, edges, func(t *Tier) *Tier { return t })
}

// jobCycle is the same over jobs; edges inside a job do not count.
func jobCycle(jobs []*Job, edges []edge) []edge {
	var between []edge
	for _, e := range edges {
		if e.from.JobID != e.to.JobID {
			between = append(between, e)
		}
	}
	return cycle(jobs, between, func(t *Tier) *Job { return t.Job })
}

// cycle searches a cycle among nodes; node says to which a tier belongs.
func cycle[N comparable](nodes []N, edges []edge, node func(*Tier) N) []edge {
	next := map[N][]edge{}
	for _, e := range edges {
		next[node(e.from)] = append(next[node(e.from)], e)
	}
	const open, closed = 1, 2
	state := map[N]int{}
	var path []edge
	var visit func(N) []edge
	visit = func(n N) []edge {
		state[n] = open
		for _, e := range next[n] {
			to := node(e.to)
			path = append(path, e)
			if state[to] == open {
				start := slices.IndexFunc(path, func(p edge) bool { return node(p.from) == to })
				return path[start:]
			}
			if state[to] == 0 {
				if found := visit(to); found != nil {
					return found
				}
			}
			path = path[:len(path)-1]
		}
		state[n] = closed
		return nil
	}
	for _, n := range nodes {
		if state[n] == 0 {
			if found := visit(n); found != nil {
				return found
			}
		}
	}
	return nil
}

// tierPath reads a cycle out: "a (job x) waits for b (job y), which waits for a (job x)".
func tierPath(path []edge) string {
	var b strings.Builder
	name := func(t *Tier) string { return t.Name + " (job " + t.JobID + ")" }
	for i, e := range path {
		if i == 0 {
			b.WriteString(name(e.from) + " waits for " + name(e.to))
			continue
		}
		if path[i-1].to == e.from {
			b.WriteString(", which waits for " + name(e.to))
		} else {
			b.WriteString("; " + name(e.from) + " waits for " + name(e.to))
		}
	}
	return b.String()
}
