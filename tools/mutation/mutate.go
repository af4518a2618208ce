package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
)

// mutant is a pack with one character changed.
type mutant struct {
	site
	what string // for people: what was done
	line int    // from 1
	data []byte // the file
}

// mutate deletes, inserts, swaps or replaces the character at a site, as chance says.
func mutate(s site, r *rand.Rand) mutant {
	src := s.pack.files[s.file].Data
	m := mutant{site: s, line: 1 + bytes.Count(src[:s.at], []byte{'\n'})}
	old := src[s.at]
	before, after := src[:s.at], src[s.at+1:]
	switch r.IntN(4) {
	case 0:
		m.what = fmt.Sprintf("delete %q", old)
		m.data = bytes.Join([][]byte{before, after}, nil)
	case 1:
		c := other(s.kind, old, r)
		m.what = fmt.Sprintf("insert %q before %q", c, old)
		m.data = bytes.Join([][]byte{before, {c, old}, after}, nil)
	case 2:
		if len(after) > 0 && after[0] != old && after[0] != '\n' {
			m.what = fmt.Sprintf("swap %q and %q", old, after[0])
			m.data = bytes.Join([][]byte{before, {after[0], old}, after[1:]}, nil)
			break
		}
		fallthrough
	default:
		c := other(s.kind, old, r)
		m.what = fmt.Sprintf("replace %q by %q", old, c)
		m.data = bytes.Join([][]byte{before, {c}, after}, nil)
	}
	return m
}

// other is a character as a slip of the finger makes it: a letter in a name, also another brace or quote among those.
func other(k kind, not byte, r *rand.Rand) byte {
	alphabet := "abcdefghijklmnopqrstuvwxyz"
	if k == brace {
		alphabet = `{}()[]"abcdefgh`
	}
	for {
		if c := alphabet[r.IntN(len(alphabet))]; c != not {
			return c
		}
	}
}

// sample picks n sites with a fixed seed, as many of each kind as of any other while there are enough.
func sample(all []site, n int, r *rand.Rand) []site {
	byKind := map[kind][]site{}
	for _, s := range all {
		byKind[s.kind] = append(byKind[s.kind], s)
	}
	for _, k := range kinds() {
		list := byKind[k]
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	var out []site
	for taken := true; taken && len(out) < n; {
		taken = false
		for _, k := range kinds() {
			if list := byKind[k]; len(list) > 0 && len(out) < n {
				out, byKind[k], taken = append(out, list[0]), list[1:], true
			}
		}
	}
	return out
}
