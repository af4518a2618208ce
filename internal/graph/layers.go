package graph

import "slices"

// item is a node in its layer, or the place where a long edge passes through one.
type item struct {
	node   int // index in Graph.Nodes, -1 for a passing edge
	layer  int
	up     []int // items of the layer above that lead here
	down   []int
	width  float64
	height float64
	x, y   float64 // of the middle, and of the top
}

// layout is a graph in layers: every edge leads down. The method is Sugiyama's: layers by longest path, an order within
// each by barycentres, then places that are as near to their neighbours as the order allows.
type layout struct {
	graph  Graph
	items  []item
	layers [][]int // items from left to right
	paths  [][]int // by edge: the items it passes, its ends included; empty for one that does not lead down
	edges  []Edge
}

// newLayout makes the layers and orders them. Tiers of a later wave stand below all of an earlier one.
func newLayout(g Graph) *layout {
	l := &layout{graph: g, edges: g.edges()}
	for i, layer := range l.rank() {
		l.add(item{node: i, layer: layer})
	}
	l.pass()
	l.order()
	return l
}

func (l *layout) add(it item) int {
	for len(l.layers) <= it.layer {
		l.layers = append(l.layers, nil)
	}
	l.items = append(l.items, it)
	l.layers[it.layer] = append(l.layers[it.layer], len(l.items)-1)
	return len(l.items) - 1
}

// rank gives every node its layer: within a wave the longest path to it, the waves one below the other. An edge that
// would close a cycle, which no valid stack has, is not followed.
func (l *layout) rank() []int {
	nodes := l.graph.Nodes
	index := map[string]int{}
	for i, n := range nodes {
		index[n.ID] = i
	}
	depth := make([]int, len(nodes))
	for range nodes { // no path is longer than there are nodes
		for _, e := range l.edges {
			from, to := index[e.From], index[e.To]
			if nodes[from].Wave == nodes[to].Wave && depth[to] <= depth[from] && depth[from]+1 < len(nodes) {
				depth[to] = depth[from] + 1
			}
		}
	}
	first := 0
	for wave := 0; wave <= l.graph.waves(); wave++ {
		var used []int // depths in this wave; a cycle may leave holes
		for i, n := range nodes {
			if n.Wave == wave {
				used = append(used, depth[i])
			}
		}
		slices.Sort(used)
		used = slices.Compact(used)
		for i, n := range nodes {
			if n.Wave == wave {
				depth[i] = first + slices.Index(used, depth[i])
			}
		}
		first += len(used)
	}
	return depth
}

// pass makes the places where edges pass through layers. Edges from one node share them.
func (l *layout) pass() {
	index := map[string]int{}
	for i, n := range l.graph.Nodes {
		index[n.ID] = i
	}
	type key struct{ from, layer int }
	shared := map[key]int{}
	for _, e := range l.edges {
		from, to := index[e.From], index[e.To]
		if l.items[from].layer >= l.items[to].layer {
			l.paths = append(l.paths, nil)
			continue
		}
		path := []int{from}
		for layer := l.items[from].layer + 1; layer < l.items[to].layer; layer++ {
			k := key{from, layer}
			if _, ok := shared[k]; !ok {
				shared[k] = l.add(item{node: -1, layer: layer})
			}
			path = append(path, shared[k])
		}
		path = append(path, to)
		for i := 1; i < len(path); i++ {
			a, b := path[i-1], path[i]
			if !slices.Contains(l.items[a].down, b) {
				l.items[a].down = append(l.items[a].down, b)
				l.items[b].up = append(l.items[b].up, a)
			}
		}
		l.paths = append(l.paths, path)
	}
}

// order sorts each layer by the mean place of its neighbours, down and up in turn, and keeps the order with the fewest
// crossings.
func (l *layout) order() {
	const sweeps = 12
	best, crossings := l.copyLayers(), l.crossings()
	for sweep := range sweeps {
		if sweep%2 == 0 {
			for i := 1; i < len(l.layers); i++ {
				l.sortLayer(i, func(it item) []int { return it.up })
			}
		} else {
			for i := len(l.layers) - 2; i >= 0; i-- {
				l.sortLayer(i, func(it item) []int { return it.down })
			}
		}
		if n := l.crossings(); n < crossings {
			best, crossings = l.copyLayers(), n
		}
	}
	l.layers = best
}

func (l *layout) copyLayers() [][]int {
	out := make([][]int, len(l.layers))
	for i, layer := range l.layers {
		out[i] = slices.Clone(layer)
	}
	return out
}

// places is where each item stands in its layer.
func (l *layout) places() []int {
	out := make([]int, len(l.items))
	for _, layer := range l.layers {
		for place, i := range layer {
			out[i] = place
		}
	}
	return out
}

// sortLayer keeps an item without neighbours at its place.
func (l *layout) sortLayer(n int, neighbours func(item) []int) {
	places := l.places()
	weight := map[int]float64{}
	for place, i := range l.layers[n] {
		weight[i] = float64(place)
		if near := neighbours(l.items[i]); len(near) > 0 {
			sum := 0
			for _, j := range near {
				sum += places[j]
			}
			weight[i] = float64(sum) / float64(len(near))
		}
	}
	slices.SortStableFunc(l.layers[n], func(a, b int) int {
		switch {
		case weight[a] < weight[b]:
			return -1
		case weight[a] > weight[b]:
			return 1
		}
		return 0
	})
}

// crossings counts the pairs of edges that cross between neighbouring layers.
func (l *layout) crossings() int {
	places := l.places()
	count := 0
	for _, layer := range l.layers {
		var ends [][2]int
		for _, i := range layer {
			for _, j := range l.items[i].down {
				ends = append(ends, [2]int{places[i], places[j]})
			}
		}
		for i, a := range ends {
			for _, b := range ends[i+1:] {
				if (a[0]-b[0])*(a[1]-b[1]) < 0 {
					count++
				}
			}
		}
	}
	return count
}
