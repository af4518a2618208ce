package check

import (
	"strings"

	"github.com/packctl/packctl/hcl/diag"
)

// ignoreMark starts a comment that silences a warning: "# packctl:ignore ID reason", on the line of its place or on
// the line before. The reason is not optional: without one the warning stays.
const ignoreMark = "packctl:ignore "

// Ignore drops the warnings that the author silenced. Errors cannot be silenced. sources are the author's files.
func Ignore(diags diag.Diagnostics, sources map[string][]byte) diag.Diagnostics {
	lines := map[string][]string{}
	var out diag.Diagnostics
	for _, d := range diags {
		name := d.Subject.Filename
		if _, split := lines[name]; !split {
			lines[name] = strings.Split(string(sources[name]), "\n")
		}
		if d.Severity == diag.Warning && (ignored(lines[name], d.Subject.Start.Line, d.ID) || ignored(lines[name], d.Subject.Start.Line-1, d.ID)) {
			continue
		}
		out = append(out, d)
	}
	return out
}

// ignored reports whether line n, from 1, silences an ID.
func ignored(lines []string, n int, id string) bool {
	if n < 1 || n > len(lines) {
		return false
	}
	before, after, found := strings.Cut(lines[n-1], ignoreMark)
	if !found || !strings.ContainsAny(before, "#/") {
		return false
	}
	fields := strings.Fields(after)
	return len(fields) >= 2 && fields[0] == id
}
