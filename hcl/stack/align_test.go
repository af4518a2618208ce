package stack

import (
	"slices"
	"strings"
	"testing"
)

func TestAlign(t *testing.T) {
	for name, tc := range map[string]struct {
		template, text string
		want           []int
	}{
		"the same number of lines":       {"a\n${x}\nc", "a\n1\nc", []int{1, 2, 3}},
		"a directive takes its line out": {"a\n%{ if x }\nb\n%{ endif ~}\nc ${y} d", "a\nb\nc 1 d", []int{1, 3, 5}},
		"a loop repeats":                 {"%{ for x in y ~}\nk ${x};\n%{ endfor ~}\nend", "k 1;\nk 2;\nk 3;\nend", nil},
		"a line of nobody":               {"a\n${x}\nb\nb2", "a\nq\nz\nb\nb2", []int{1, 0, 0, 3, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			want := tc.want
			if want == nil { // as many lines: one to one, which is the best that can be said
				want = []int{1, 2, 3, 4}
			}
			if got := align(strings.Split(tc.template, "\n"), strings.Split(tc.text, "\n")); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
