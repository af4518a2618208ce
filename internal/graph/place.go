package graph

import "math"

// Distances in the picture, in pixels.
const (
	gapX     = 28.0 // between neighbours of a layer
	gapY     = 46.0 // between layers
	bandGap  = 26.0 // more of it where a wave ends
	laneSize = 14.0 // width of a passing edge
)

// place gives every item its x and y. Items must have their sizes.
func (l *layout) place() (width, height float64) {
	for _, layer := range l.layers {
		x := 0.0
		for _, i := range layer {
			l.items[i].x = x + l.items[i].width/2
			x += l.items[i].width + gapX
		}
	}
	const sweeps = 10
	for range sweeps {
		for n := range l.layers {
			l.settle(n, func(it item) []int { return it.up })
		}
		for n := len(l.layers) - 1; n >= 0; n-- {
			l.settle(n, func(it item) []int { return it.down })
		}
	}
	for n := range l.layers {
		l.settle(n, func(it item) []int { return append(append([]int{}, it.up...), it.down...) })
	}
	left := math.Inf(1)
	for _, it := range l.items {
		left = min(left, it.x-it.width/2)
	}
	for i := range l.items {
		l.items[i].x = math.Round(l.items[i].x - left)
		width = max(width, l.items[i].x+l.items[i].width/2)
	}
	return width, l.rows()
}

// settle moves a layer's items to the mean of their neighbours, or leaves them, as near as their order and sizes allow:
// the least sum of squared distances, found by pooling adjacent violators.
func (l *layout) settle(n int, neighbours func(item) []int) {
	type block struct {
		sum   float64 // of the wanted places, each less its offset from the first of the layer
		count int
		items int
	}
	layer := l.layers[n]
	offsets := make([]float64, len(layer))
	var blocks []block
	for place, i := range layer {
		if place > 0 {
			offsets[place] = offsets[place-1] + (l.items[layer[place-1]].width+l.items[i].width)/2 + gapX
		}
		want := l.items[i].x
		if near := neighbours(l.items[i]); len(near) > 0 {
			want = 0
			for _, j := range near {
				want += l.items[j].x
			}
			want /= float64(len(near))
		} else if len(l.items[i].up)+len(l.items[i].down) == 0 && place > 0 {
			last := blocks[len(blocks)-1] // nothing draws it anywhere: it stands beside the one before it
			want = last.sum/float64(last.count) + offsets[place]
		}
		blocks = append(blocks, block{want - offsets[place], 1, 1})
		for len(blocks) > 1 {
			a, b := blocks[len(blocks)-2], blocks[len(blocks)-1]
			if a.sum/float64(a.count) < b.sum/float64(b.count) {
				break
			}
			blocks = append(blocks[:len(blocks)-2], block{a.sum + b.sum, a.count + b.count, a.items + b.items})
		}
	}
	place := 0
	for _, b := range blocks {
		for range b.items {
			l.items[layer[place]].x = b.sum/float64(b.count) + offsets[place]
			place++
		}
	}
}

// rows gives the layers their tops; a layer is as high as its highest item.
func (l *layout) rows() float64 {
	y, before := 0.0, -1
	for _, layer := range l.layers {
		wave, high := l.wave(layer), 0.0
		for _, i := range layer {
			high = max(high, l.items[i].height)
		}
		if before >= 0 && wave != before {
			y += bandGap
		}
		before = wave
		for _, i := range layer {
			l.items[i].y = y
			if l.items[i].node < 0 {
				l.items[i].height = high
			}
		}
		y += high + gapY
	}
	return max(0, y-gapY)
}

// wave is that of a layer's nodes.
func (l *layout) wave(layer []int) int {
	for _, i := range layer {
		if n := l.items[i].node; n >= 0 {
			return l.graph.Nodes[n].Wave
		}
	}
	return 0
}
