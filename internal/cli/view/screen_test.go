package view

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// screen is as much of a terminal as the live view uses: text, line feeds, cursor up, erasing. A line that is too long
// wraps as in a real one, which is what makes wrong line counts visible.
type screen struct {
	t     *testing.T
	width int
	lines []string
	row   int
	col   int

	painted chan struct{} // one place: something was written; nil where nobody waits for it
}

func (s *screen) Write(p []byte) (int, error) {
	select {
	case s.painted <- struct{}{}:
	default:
	}
	for rest := string(p); rest != ""; {
		seq, _, n, _ := ansi.DecodeSequence(rest, 0, nil)
		rest = rest[n:]
		switch {
		case seq == "\n":
			s.row, s.col = s.row+1, 0
		case seq == "\r":
			s.col = 0
		case strings.HasPrefix(seq, "\x1b["):
			s.control(seq)
		default:
			s.put(seq)
		}
	}
	return len(p), nil
}

func (s *screen) control(seq string) {
	final := seq[len(seq)-1]
	switch final {
	case 'A':
		var n int
		if _, err := fmt.Sscanf(seq, "\x1b[%dA", &n); err != nil {
			s.t.Fatalf("cannot read %q", seq)
		}
		s.row -= n
		if s.row < 0 {
			s.t.Fatalf("the cursor left the screen at the top")
		}
	case 'K':
		s.cut()
	case 'J':
		s.cut()
		if len(s.lines) > s.row+1 {
			s.lines = s.lines[:s.row+1]
		}
	case 'm':
	default:
		s.t.Fatalf("a sequence that this screen does not know: %q", seq)
	}
}

func (s *screen) grow() {
	for len(s.lines) <= s.row {
		s.lines = append(s.lines, "")
	}
}

func (s *screen) cut() {
	s.grow()
	s.lines[s.row] = ansi.Truncate(s.lines[s.row], s.col, "")
}

func (s *screen) put(text string) {
	w := ansi.StringWidth(text)
	if s.col+w > s.width {
		s.row, s.col = s.row+1, 0
	}
	s.grow()
	line := s.lines[s.row]
	line += strings.Repeat(" ", max(0, s.col-ansi.StringWidth(line)))
	s.lines[s.row] = ansi.Truncate(line, s.col, "") + text + ansi.TruncateLeft(line, s.col+w, "")
	s.col += w
}

// resize wraps each line that no longer fits, as terminals do; it does not join what an earlier one wrapped.
func (s *screen) resize(width int) {
	var lines []string
	row := s.row
	for i, line := range s.lines {
		for ansi.StringWidth(line) > width {
			lines = append(lines, ansi.Truncate(line, width, ""))
			line = ansi.TruncateLeft(line, width, "")
			if i < s.row {
				row++
			}
		}
		lines = append(lines, line)
	}
	s.lines, s.width, s.row = lines, width, row
}

func (s *screen) String() string {
	return strings.TrimRight(strings.Join(s.lines, "\n"), "\n") + "\n"
}
