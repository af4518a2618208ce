package diag

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Suggest is the known name that a wrong one most probably means, or "". Known names are tried in their order, so the
// caller sorts them.
func Suggest(given string, known []string) string {
	best, bestDistance := "", 3
	for _, name := range known {
		if strings.EqualFold(name, given) {
			return name
		}
		// A name of one or two letters is near to every other: a suggestion would be noise.
		if d := levenshtein.Distance(given, name, nil); d < bestDistance && d < len(name) {
			best, bestDistance = name, d
		}
	}
	return best
}

// Near are all the known names that a wrong one may mean, in their order.
func Near(given string, known []string) []string {
	var out []string
	for _, name := range known {
		if Suggest(given, []string{name}) != "" {
			out = append(out, name)
		}
	}
	return out
}

// DidYouMean is Suggest as a sentence with a leading space, or "". The prefix stands before the name, as in "var.".
func DidYouMean(given string, known []string, prefix string) string {
	s := Suggest(given, known)
	if s == "" {
		return ""
	}
	return " Did you mean " + prefix + s + "?"
}

// List joins names for a sentence, or says none.
func List(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}
