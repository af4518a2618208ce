package stack

import "strings"

// align finds, for each line of a text, the line from 1 of the template of HCL's that it was rendered from, or 0. It takes the next
// line that fits, and begins again where a directive repeats lines.
func align(template, text []string) []int {
	out := make([]int, len(text))
	if len(template) == len(text) {
		for i := range out {
			out[i] = i + 1
		}
		return out
	}
	patterns := make([][]string, len(template))
	for i, l := range template {
		patterns[i] = fragments(l)
	}
	last := -1
	for i, l := range text {
		at := -1
		for j := 0; j < len(patterns) && at < 0; j++ {
			if k := (last + 1 + j) % len(patterns); fitsLine(patterns[k], l) {
				at = k
			}
		}
		if at >= 0 {
			out[i], last = at+1, at
		}
	}
	return out
}

// fragments are the plain parts of a line between its ${…} and %{…}.
func fragments(line string) []string {
	var out []string
	for {
		i := strings.IndexAny(line, "$%")
		for i >= 0 && (i+1 >= len(line) || line[i+1] != '{') {
			next := strings.IndexAny(line[i+1:], "$%")
			if next < 0 {
				i = -1
				break
			}
			i += 1 + next
		}
		if i < 0 {
			return append(out, line)
		}
		out = append(out, line[:i])
		end := closing(line, i+2)
		if end < 0 {
			return append(out, "")
		}
		line = line[end:]
	}
}

// closing is behind the brace that closes the one before start.
func closing(line string, start int) int {
	depth := 1
	for i := start; i < len(line); i++ {
		switch line[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// fitsLine reports whether a line is made of the fragments, in their order, with anything between them.
func fitsLine(fragments []string, line string) bool {
	if len(fragments) == 1 {
		return strings.TrimSpace(fragments[0]) == strings.TrimSpace(line)
	}
	blank := true
	for i, f := range fragments {
		blank = blank && strings.TrimSpace(f) == ""
		switch {
		case i == 0:
			if !strings.HasPrefix(line, f) {
				return false
			}
			line = line[len(f):]
		case i == len(fragments)-1:
			if !strings.HasSuffix(line, f) {
				return false
			}
		default:
			at := strings.Index(line, f)
			if at < 0 {
				return false
			}
			line = line[at+len(f):]
		}
	}
	return !blank || strings.TrimSpace(line) == "" // a line of expressions alone would fit everything
}
