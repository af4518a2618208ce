package view

import (
	"fmt"
	"strings"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/charmbracelet/x/ansi"
	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
)

// Diagnosed is what is wrong with a pack, with the files it was found in.
type Diagnosed struct {
	Diags   diag.Diagnostics
	Sources map[string][]byte // by the name that ranges use
}

// HasErrors reports whether there is an error among them.
func (d Diagnosed) HasErrors() bool { return d.Diags.HasErrors() }

// count is "2 errors, 1 warning".
func (d Diagnosed) count() string {
	errors, warnings := 0, 0
	for _, x := range d.Diags {
		if x.Severity == diag.Error {
			errors++
		} else {
			warnings++
		}
	}
	var parts []string
	if errors > 0 {
		parts = append(parts, plural(errors, "error"))
	}
	if warnings > 0 {
		parts = append(parts, plural(warnings, "warning"))
	}
	return strings.Join(parts, ", ")
}

// diagnostics writes diagnostics for people: the place, what is wrong, the source line, the way out.
type diagnostics struct {
	style   style
	width   int
	sources map[string][]byte
}

func (w diagnostics) text(d diag.Diagnostic) string {
	var b strings.Builder
	head := ""
	if d.HasPlace() {
		head = w.style.bold(place4(d.Subject)) + ": "
	}
	if d.Severity == diag.Warning {
		head += w.style.boldYellow("warning")
	} else {
		head += w.style.boldRed("error")
	}
	head += ": " + w.style.bold(d.Summary) + " " + w.style.dim("("+d.ID+")")
	b.WriteString(hang(head, 2, w.width, "\n"))
	if !d.Hidden {
		w.excerpt(&b, d.Subject, "^")
	}
	w.paragraph(&b, d.Detail)
	for _, v := range d.Values {
		w.paragraph(&b, "with "+v)
	}
	for _, r := range d.Related {
		w.paragraph(&b, fmt.Sprintf("%s: %s", place4(r.Range), r.Text))
		if !d.Hidden {
			w.excerpt(&b, r.Range, "-")
		}
	}
	return b.String()
}

// place4 is file:line:column, which editors and terminals make a link of.
func place4(r hcl.Range) string {
	return fmt.Sprintf("%s:%d:%d", r.Filename, r.Start.Line, r.Start.Column)
}

// paragraph is text of any length, wrapped and indented.
func (w diagnostics) paragraph(b *strings.Builder, text string) {
	if text == "" {
		return
	}
	for _, line := range strings.Split(wrap(ansi.Strip(text), w.width-2), "\n") {
		b.WriteString("  " + line + "\n")
	}
}

// excerpt is the source line with a mark below the range. A range over several lines is marked to the end of its first.
func (w diagnostics) excerpt(b *strings.Builder, r hcl.Range, mark string) {
	line, ok := sourceLine(w.sources[r.Filename], r.Start.Line)
	if !ok || strings.TrimSpace(line) == "" {
		return
	}
	before, rest := clusters(line, r.Start.Column-1)
	marked := rest
	if r.End.Line == r.Start.Line {
		marked, _ = clusters(rest, r.End.Column-r.Start.Column)
	}
	before, marked, line = tabs(before), tabs(strings.TrimRight(marked, " \t")), tabs(line)

	gutter := fmt.Sprintf("%5d ", r.Start.Line)
	room := w.width - len(gutter) - 3
	from := ansi.StringWidth(before)
	length := max(1, ansi.StringWidth(marked))
	shift := 0
	if from+min(length, 8) > room {
		// The place is far to the right: show the line from a little before it.
		shift = from - room/3
		line = "…" + ansi.TruncateLeft(line, shift+1, "")
	}
	line = ansi.Truncate(line, room, "…")
	length = min(length, room-(from-shift))

	bar := w.style.dim("│")
	fmt.Fprintf(b, "%s%s %s\n", w.style.dim(gutter), bar, line)
	fmt.Fprintf(b, "%s%s %s%s\n", strings.Repeat(" ", len(gutter)), bar, strings.Repeat(" ", from-shift), w.style.red(strings.Repeat(mark, max(1, length))))
}

// sourceLine is a line of a file, from 1.
func sourceLine(src []byte, n int) (string, bool) {
	if src == nil || n < 1 {
		return "", false
	}
	lines := strings.Split(string(src), "\n")
	if n > len(lines) {
		return "", false
	}
	return strings.TrimRight(ansi.Strip(lines[n-1]), "\r"), true
}

// clusters cuts a text after n grapheme clusters, the unit in which HCL counts columns.
func clusters(s string, n int) (head, tail string) {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		size, _, err := textseg.ScanGraphemeClusters([]byte(s[at:]), true)
		if err != nil || size < 1 {
			break
		}
		at += size
	}
	return s[:at], s[at:]
}

// tabs makes every tab two cells wide, so that marks stand below what they mark.
func tabs(s string) string { return strings.ReplaceAll(s, "\t", "  ") }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
