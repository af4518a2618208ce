package monitor

import (
	"fmt"
	"slices"
)

// Sizes of the dependency chart, in its own units (CSS scales it).
const (
	boxW, boxH = 128, 30
	gapX, gapY = 32, 10
	margin     = 4
)

// Chart is the picture of who needs whom: columns from left to right, dependencies first.
type Chart struct {
	W, H  int
	Boxes []Box
	Lines []Line
}

// Box is one tier.
type Box struct {
	X, Y  int
	ID    string
	Label string
	Title string
	Level Level
}

// Line is one need. Level is that of the tier that is needed.
type Line struct {
	D     string
	Level Level
}

// chart lays out the tiers that need others or are needed; nil when no tier is.
func chart(tiers []Tier) *Chart {
	edges := map[string][]string{}
	linked := map[string]bool{}
	for _, t := range tiers {
		for _, n := range t.Needs {
			if n.Tier != "" && !slices.Contains(edges[t.ID], n.Tier) {
				edges[t.ID] = append(edges[t.ID], n.Tier)
				linked[t.ID], linked[n.Tier] = true, true
			}
		}
	}
	if len(linked) == 0 {
		return nil
	}
	reduce(edges)
	columns := layers(tiers, edges, linked)
	tallest := 0
	for _, col := range columns {
		tallest = max(tallest, len(col))
	}
	c := &Chart{
		W: len(columns)*(boxW+gapX) - gapX + 2*margin,
		H: tallest*(boxH+gapY) - gapY + 2*margin,
	}
	at := map[string]Box{}
	for x, col := range columns {
		top := (c.H - len(col)*(boxH+gapY) + gapY) / 2
		for y, t := range col {
			b := Box{X: margin + x*(boxW+gapX), Y: top + y*(boxH+gapY), ID: t.ID, Label: clip(t.Name, 14),
				Title: t.Name + ": " + string(t.State), Level: t.Level}
			at[t.ID] = b
			c.Boxes = append(c.Boxes, b)
		}
	}
	for _, t := range tiers {
		for _, id := range edges[t.ID] {
			from, ok1 := at[id]
			to, ok2 := at[t.ID]
			if !ok1 || !ok2 {
				continue
			}
			x1, y1, x2, y2 := from.X+boxW, from.Y+boxH/2, to.X, to.Y+boxH/2
			bend := gapX / 2
			c.Lines = append(c.Lines, Line{Level: from.Level,
				D: fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)})
		}
	}
	return c
}

// reduce drops an edge where a longer way says the same: who needs backend and what backend needs shows one line.
func reduce(edges map[string][]string) {
	var reaches func(from, to string, seen map[string]bool) bool
	reaches = func(from, to string, seen map[string]bool) bool {
		if from == to {
			return true
		}
		if seen[from] {
			return false
		}
		seen[from] = true
		return slices.ContainsFunc(edges[from], func(next string) bool { return reaches(next, to, seen) })
	}
	implied := map[string][]string{}
	for id, needs := range edges {
		for _, n := range needs {
			for _, other := range needs {
				// seen holds id: a way back through the tier itself, in a cycle, implies nothing.
				if other != n && reaches(other, n, map[string]bool{id: true}) && !reaches(n, other, map[string]bool{id: true}) {
					implied[id] = append(implied[id], n)
				}
			}
		}
	}
	for id, drop := range implied {
		edges[id] = slices.DeleteFunc(slices.Clone(edges[id]), func(n string) bool { return slices.Contains(drop, n) })
	}
}

// layers puts each tier one column right of the last tier that it needs, and one that needs nobody right before the
// first that needs it. A column is sorted by where its needs stand, so that few lines cross. The tiers come with
// dependencies first; in a cycle the edge that goes back is passed over.
func layers(tiers []Tier, edges map[string][]string, linked map[string]bool) [][]Tier {
	column := map[string]int{}
	for _, t := range tiers {
		for _, id := range edges[t.ID] {
			if c, ok := column[id]; ok {
				column[t.ID] = max(column[t.ID], c+1)
			}
		}
		column[t.ID] = max(column[t.ID], 0)
	}
	for _, t := range tiers {
		if len(edges[t.ID]) > 0 || !linked[t.ID] {
			continue
		}
		first := len(tiers)
		for _, other := range tiers {
			if slices.Contains(edges[other.ID], t.ID) {
				first = min(first, column[other.ID])
			}
		}
		column[t.ID] = max(0, first-1)
	}
	var out [][]Tier
	for _, t := range tiers {
		if !linked[t.ID] {
			continue
		}
		for len(out) <= column[t.ID] {
			out = append(out, nil)
		}
		out[column[t.ID]] = append(out[column[t.ID]], t)
	}
	sortColumns(out, edges)
	return out
}

func sortColumns(columns [][]Tier, edges map[string][]string) {
	row := map[string]int{}
	mean := func(t Tier) int { // times 100; one that needs nobody stands at the end
		if len(edges[t.ID]) == 0 {
			return 100 * len(row)
		}
		sum := 0
		for _, id := range edges[t.ID] {
			sum += 100 * row[id]
		}
		return sum / len(edges[t.ID])
	}
	for x, col := range columns {
		if x > 0 {
			slices.SortStableFunc(col, func(a, b Tier) int { return mean(a) - mean(b) })
		}
		for y, t := range col {
			row[t.ID] = y
		}
	}
}
