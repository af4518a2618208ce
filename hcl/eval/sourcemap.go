package eval

import (
	"bytes"
	"sort"
	"unicode/utf8"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2"
)

// SourceMap leads from a place in rendered text to the place in the author's file that made it.
type SourceMap struct {
	name     string
	source   []byte
	segments []segment // by out, without gaps
	lines    []int     // byte offset of each line of the source
	out      []byte
	outLines []int
}

// segment says that the rendered bytes from out on come from the source at src: byte for byte where verbatim, as a
// whole where not.
type segment struct {
	out, src, srcEnd int
	verbatim         bool
}

func newSourceMap(name string, source, out []byte, segments []segment) *SourceMap {
	return &SourceMap{
		name: name, source: source, segments: segments, lines: lineIndex(source),
		out: out, outLines: lineIndex(out),
	}
}

func lineIndex(b []byte) []int {
	lines := []int{0}
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return lines
		}
		i += n + 1
		lines = append(lines, i)
	}
}

// Source is the author's text; nil for no map.
func (m *SourceMap) Source() []byte {
	if m == nil {
		return nil
	}
	return m.source
}

// Range maps a range of rendered text. Columns count grapheme clusters, as everywhere in HCL; bytes in the given
// range are not looked at, so that a range that was parsed from text will do.
func (m *SourceMap) Range(startLine, startColumn, endLine, endColumn int) hcl.Range {
	return m.Bytes(offset(m.out, m.outLines, startLine, startColumn), offset(m.out, m.outLines, endLine, endColumn))
}

// Bytes maps the rendered bytes from start to end.
func (m *SourceMap) Bytes(start, end int) hcl.Range {
	from, fromEnd := m.at(start)
	to := from
	if end > start {
		_, to = m.at(end - 1)
	}
	if to < from {
		to = fromEnd
	}
	return hcl.Range{Filename: m.name, Start: position(m.source, m.lines, from), End: position(m.source, m.lines, to)}
}

// at is the source range of one rendered byte.
func (m *SourceMap) at(out int) (start, end int) {
	i := sort.Search(len(m.segments), func(i int) bool { return m.segments[i].out > out }) - 1
	if i < 0 {
		return 0, 0
	}
	s := m.segments[i]
	if s.verbatim {
		at := min(s.src+out-s.out, s.srcEnd)
		return at, min(at+1, s.srcEnd)
	}
	return s.src, s.srcEnd
}

// offset is the byte at a line and column, both from 1.
func offset(b []byte, lines []int, line, column int) int {
	if line < 1 {
		return 0
	}
	if line > len(lines) {
		return len(b)
	}
	at := lines[line-1]
	for c := 1; c < column && at < len(b) && b[at] != '\n'; c++ {
		at += cluster(b[at:])
	}
	return at
}

// position is the line and column of a byte.
func position(b []byte, lines []int, at int) hcl.Pos {
	at = min(at, len(b))
	line := sort.SearchInts(lines, at+1)
	column := 1
	for i := lines[line-1]; i < at; column++ {
		i += cluster(b[i:])
	}
	return hcl.Pos{Line: line, Column: column, Byte: at}
}

// cluster is the length of the first grapheme cluster; ASCII, nearly everything, is decided at a glance.
func cluster(b []byte) int {
	if b[0] < utf8.RuneSelf && b[0] != '\r' && (len(b) == 1 || b[1] < utf8.RuneSelf) {
		return 1
	}
	n, _, err := textseg.ScanGraphemeClusters(b, true)
	if err != nil || n < 1 {
		return 1
	}
	return n
}
