package status

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// unplaced is why the group has fewer instances than it wants, or "" when it has enough or nothing is known yet.
func (g *group) unplaced(desired int) string {
	if len(g.current()) >= desired && desired > 0 {
		return ""
	}
	e := g.facts.Eval
	if e == nil {
		return ""
	}
	m := e.FailedTGAllocs[value(g.tg.Name)]
	if m == nil {
		return ""
	}
	return PlacementReason(m)
}

// PlacementReason says in one line why the scheduler found no place.
func PlacementReason(m *api.AllocationMetric) string {
	var why []string
	for _, dim := range slices.Sorted(maps.Keys(m.DimensionExhausted)) {
		if n := m.DimensionExhausted[dim]; n > 0 {
			why = append(why, fmt.Sprintf("%s on %s", exhausted(dim), count(n, "node")))
		}
	}
	for _, c := range slices.Sorted(maps.Keys(m.ConstraintFiltered)) {
		if n := m.ConstraintFiltered[c]; n > 0 {
			why = append(why, fmt.Sprintf("%s rules out %s", constraint(c), count(n, "node")))
		}
	}
	for _, class := range slices.Sorted(maps.Keys(m.ClassFiltered)) {
		if n := m.ClassFiltered[class]; n > 0 && len(m.ConstraintFiltered) == 0 {
			why = append(why, fmt.Sprintf("node class %q is ruled out (%s)", class, count(n, "node")))
		}
	}
	for _, q := range m.QuotaExhausted {
		why = append(why, "quota "+q+" is used up")
	}
	if len(why) == 0 {
		why = append(why, empty(m))
	}
	return "no node can take it: " + strings.Join(why, ", ")
}

// empty is the reason when no node was even looked at.
func empty(m *api.AllocationMetric) string {
	var none []string
	for _, dc := range slices.Sorted(maps.Keys(m.NodesAvailable)) {
		if m.NodesAvailable[dc] == 0 {
			none = append(none, dc)
		}
	}
	switch {
	case m.NodePool != "" && m.NodesInPool == 0:
		return fmt.Sprintf("node pool %q has no ready node", m.NodePool)
	case len(none) > 0:
		return "no ready node in datacenter " + strings.Join(none, ", ")
	case m.NodesEvaluated == 0:
		return "no ready node in its datacenters"
	}
	return fmt.Sprintf("%s looked at, none fits", count(m.NodesEvaluated, "node"))
}

func exhausted(dimension string) string {
	if strings.HasPrefix(dimension, "network: ") {
		return strings.TrimPrefix(dimension, "network: ")
	}
	return "not enough " + dimension
}

func constraint(c string) string {
	if strings.HasPrefix(c, "$") {
		return "constraint " + c
	}
	return c
}
