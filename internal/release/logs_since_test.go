package release

import (
	"strings"
	"testing"
	"time"
)

// sunk is a sink that keeps what it is given.
type sunk struct{ text, notices string }

func (s *sunk) Lines(lines []LogLine) error {
	for _, l := range lines {
		s.text += l.Text + "\n"
	}
	return nil
}

func (s *sunk) Notice(text string) { s.notices += text + "\n" }

func TestLinesSinceAMomentAreMergedByTheTimesThatTheyTell(t *testing.T) {
	since := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for name, keep := range map[string]bool{"merged": true, "as they come": false} {
		t.Run(name, func(t *testing.T) {
			out := &sunk{}
			n := newNewest(out, since, keep)
			line := func(alloc, text string) LogLine {
				return LogLine{Alloc: alloc, Task: "main", Stream: "stdout", Text: text}
			}
			for _, lines := range [][]LogLine{
				{line("a", `{"time":"2026-03-01T09:59:59Z","m":"early"}`), line("a", "of the early one"), line("a", `{"@timestamp":"2026-03-01T10:00:03.5Z","m":"third"}`), line("a", "of the third")},
				{line("b", `{"ts":1772359201.5,"m":"first"}`), line("b", `{"timestamp":1772359202000,"m":"second"}`)},
				{line("c", "no time")},
			} {
				if err := n.Lines(lines); err != nil {
					t.Fatal(err)
				}
			}
			if err := n.end(); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.text, "early") || !strings.Contains(out.notices, "c main stdout") || strings.Contains(out.notices, "a main") {
				t.Errorf("got\n%s\n%s", out.text, out.notices)
			}
			var order []string
			for _, word := range strings.FieldsFunc(out.text, func(r rune) bool { return r == '\n' }) {
				for _, w := range []string{"first", "second", "of the third", "third", "no time"} {
					if strings.Contains(word, w) {
						order = append(order, w)
						break
					}
				}
			}
			want := "third, of the third, first, second, no time"
			if keep {
				want = "no time, first, second, third, of the third"
			}
			if got := strings.Join(order, ", "); got != want {
				t.Errorf("order %q, want %q", got, want)
			}
		})
	}
}
