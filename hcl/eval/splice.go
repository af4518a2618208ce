package eval

import (
	"bytes"
	"slices"
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// piece is a part of the rendered text: bytes of the source as they are, or text of ours that stands for a part of
// the source.
type piece struct {
	start, end int
	text       string
	verbatim   bool
}

// edit replaces a part of the source.
type edit struct {
	start, end int
	pieces     []piece
}

func replace(start, end int, text string) edit {
	return edit{start: start, end: end, pieces: []piece{{start: start, end: end, text: text}}}
}

func replaceRange(r hcl.Range, text string) edit {
	return replace(r.Start.Byte, r.End.Byte, text)
}

// file is one file being rendered.
type file struct {
	name  string
	src   []byte
	lines []int // where each line begins

	// What only the lexer knows, which most files do not need: see lexed.
	interps []interp     // by start
	fixed   map[int]bool // lines, by where they begin, that belong to a heredoc and keep their indentation
}

// interp is one ${ … } of a template.
type interp struct {
	start, open, close, end int // of "${", after it, of "}", after it
	trims                   bool
}

func newFile(name string, src []byte) *file {
	return &file{name: name, src: src, lines: lineIndex(src)}
}

// lexed is the file with what the lexer knows. Lexing takes as long as all else that rendering does, so it is put off until
// a place asks for it.
func (f *file) lexed() *file {
	if f.fixed != nil {
		return f
	}
	f.fixed = map[int]bool{}
	tokens, _ := hclsyntax.LexConfig(f.src, f.name, hcl.InitialPos)
	var stack []int // indexes into interps, -1 for a directive
	var heredocs []int
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOHeredoc:
			heredocs = append(heredocs, t.Range.Start.Line)
		case hclsyntax.TokenCHeredoc:
			if n := len(heredocs); n > 0 {
				for line := heredocs[n-1] + 1; line <= t.Range.Start.Line; line++ {
					f.fixed[f.lines[line-1]] = true
				}
				heredocs = heredocs[:n-1]
			}
		case hclsyntax.TokenTemplateInterp:
			stack = append(stack, len(f.interps))
			f.interps = append(f.interps, interp{start: t.Range.Start.Byte, open: t.Range.End.Byte, trims: bytes.HasSuffix(t.Bytes, []byte("~"))})
		case hclsyntax.TokenTemplateControl:
			stack = append(stack, -1)
		case hclsyntax.TokenTemplateSeqEnd:
			if len(stack) == 0 {
				continue
			}
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if i >= 0 {
				x := &f.interps[i]
				x.close, x.end = t.Range.Start.Byte, t.Range.End.Byte
				x.trims = x.trims || bytes.HasPrefix(t.Bytes, []byte("~"))
			}
		}
	}
	return f
}

// interp is the ${ … } around an expression.
func (f *file) interp(r hcl.Range) (interp, bool) {
	if in, ok := f.plainInterp(r.Start.Byte, r.End.Byte); ok {
		return in, true
	}
	at, all := r.Start.Byte, f.lexed().interps
	i := sort.Search(len(all), func(i int) bool { return all[i].start >= at }) - 1
	if i < 0 || all[i].end <= at {
		return interp{}, false
	}
	return all[i], true
}

// plainInterp is the ${ … } around an expression that has nothing but spaces beside it, as nearly all have.
func (f *file) plainInterp(start, end int) (interp, bool) {
	before, after := bytes.TrimRight(f.src[:start], " "), bytes.TrimLeft(f.src[end:], " ")
	x := interp{open: len(before), close: len(f.src) - len(after)}
	if rest, trims := bytes.CutSuffix(before, []byte("~")); trims {
		before, x.trims = rest, true
	}
	if rest, trims := bytes.CutPrefix(after, []byte("~")); trims {
		after, x.trims = rest, true
	}
	x.start, x.end = len(before)-len("${"), len(f.src)-len(after)+len("}")
	return x, bytes.HasSuffix(before, []byte("${")) && bytes.HasPrefix(after, []byte("}"))
}

// pieces cuts a part of the source into what stays and what the edits put there. Where edits overlap, as removed lines
// next to each other may, the later one keeps only what is left.
func (f *file) pieces(start, end int, edits []edit) []piece {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.start - b.start })
	var out []piece
	at := start
	for _, e := range edits {
		if e.start > at {
			out = append(out, piece{start: at, end: e.start, verbatim: true})
		}
		out = append(out, e.pieces...)
		at = max(at, e.end)
	}
	if end > at {
		out = append(out, piece{start: at, end: end, verbatim: true})
	}
	return out
}

// moved is pieces for a part whose lines stand a number of columns too far to the right.
func (f *file) moved(start, end, columns int, edits []edit) []piece {
	if columns > 0 {
		fixed := f.lexed().fixed
		for i := sort.SearchInts(f.lines, start); i < len(f.lines) && f.lines[i] < end; i++ {
			at := f.lines[i]
			if cut := min(at+columns, len(f.src)); !fixed[at] && len(bytes.Trim(f.src[at:cut], " \t")) == 0 {
				edits = append(edits, edit{start: at, end: cut})
			}
		}
	}
	return f.pieces(start, end, edits)
}

// join makes the rendered text and its map.
func (f *file) join(pieces []piece) ([]byte, *SourceMap) {
	var out bytes.Buffer
	segments := make([]segment, 0, len(pieces))
	for _, p := range pieces {
		segments = append(segments, segment{out: out.Len(), src: p.start, srcEnd: p.end, verbatim: p.verbatim})
		if p.verbatim {
			out.Write(f.src[p.start:p.end])
		} else {
			out.WriteString(p.text)
		}
	}
	return out.Bytes(), newSourceMap(f.name, f.src, out.Bytes(), segments)
}

// indent is the white space before a byte, if only white space stands before it on its line.
func (f *file) indent(at int) (string, bool) {
	start := bytes.LastIndexByte(f.src[:at], '\n') + 1
	lead := f.src[start:at]
	return string(lead), len(bytes.TrimLeft(lead, " \t")) == 0
}

// room reports whether nothing but a line's end follows a byte.
func (f *file) room(at int) bool {
	rest := bytes.TrimLeft(f.src[at:], " \t\r")
	return len(rest) > 0 && rest[0] == '\n'
}

// removeLines is an edit that takes something out with the lines that it fills, a comment behind it, and the blank lines
// after it where blank lines would meet.
func (f *file) removeLines(start, end int) edit {
	lead, alone := f.indent(start)
	tail := f.lineEnd(end)
	if !alone || tail < len(f.src) && f.src[tail] != '\n' {
		return edit{start: start, end: end}
	}
	start -= len(lead)
	if tail < len(f.src) {
		tail++
	}
	if blankAbove(f.src[:start], true) {
		for {
			n := bytes.IndexByte(f.src[tail:], '\n')
			if n < 0 || len(bytes.TrimSpace(f.src[tail:tail+n])) > 0 {
				break
			}
			tail += n + 1
		}
	}
	if rest := bytes.TrimLeft(f.src[tail:], " \t"); bytes.HasPrefix(rest, []byte("}")) {
		for blankAbove(f.src[:start], false) {
			start = bytes.LastIndexByte(f.src[:start-1], '\n') + 1
		}
	}
	return edit{start: start, end: tail}
}

// nextLine is the line after a byte's, without the space around it.
func (f *file) nextLine(at int) []byte {
	_, rest, _ := bytes.Cut(f.src[at:], []byte("\n"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return bytes.TrimSpace(line)
}

// blank reports whether nothing but space and comments at a line's end stands between two bytes.
func (f *file) blank(start, end int) bool {
	start = min(f.lineEnd(start), end)
	return len(bytes.TrimSpace(f.src[start:end])) == 0
}

// lineEnd is the end of a byte's line, if nothing or only a comment stands before it; else the byte.
func (f *file) lineEnd(at int) int {
	line, _, _ := bytes.Cut(f.src[at:], []byte("\n"))
	text := bytes.TrimSpace(line)
	if len(text) == 0 || text[0] == '#' || bytes.HasPrefix(text, []byte("//")) {
		return at + len(line)
	}
	return at
}

// blankAbove reports whether the last line of a text, which ends in a line's end, is blank; an opening brace counts too
// where asked for.
func blankAbove(text []byte, brace bool) bool {
	if len(text) == 0 {
		return brace
	}
	line := text[bytes.LastIndexByte(text[:len(text)-1], '\n')+1:]
	line = bytes.TrimSpace(line)
	return len(line) == 0 || brace && line[len(line)-1] == '{'
}
