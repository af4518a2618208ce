package eval

import (
	"regexp"
	"strings"
)

var runtimeText = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*\}`)

// escapeRuntime makes a text safe inside a heredoc, its runtime expressions left as they are, as a person writes them.
func escapeRuntime(s string) string { return aroundRuntime(s, escapeTemplate) }

// quoteRuntime is a text in quotes, its runtime expressions left as they are.
func quoteRuntime(s string) string {
	return `"` + aroundRuntime(s, func(part string) string {
		q := quote(part)
		return q[1 : len(q)-1]
	}) + `"`
}

// aroundRuntime escapes what stands between a text's runtime expressions.
func aroundRuntime(s string, escape func(string) string) string {
	var b strings.Builder
	at := 0
	for _, m := range runtimeText.FindAllStringIndex(s, -1) {
		root, _, _ := strings.Cut(s[m[0]+2:m[1]-1], ".")
		// After a "$" or "%" the parser would take "${" for an escape.
		if !isRuntime(root) || m[0] > 0 && (s[m[0]-1] == '$' || s[m[0]-1] == '%') {
			continue
		}
		b.WriteString(escape(s[at:m[0]]))
		b.WriteString(s[m[0]:m[1]])
		at = m[1]
	}
	b.WriteString(escape(s[at:]))
	return b.String()
}
