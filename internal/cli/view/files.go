package view

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Created says what was written, and what to do with it.
func (h *Human) Created(c Created) {
	for _, name := range c.Files {
		fmt.Fprintln(h.streams.Out, name)
	}
	fmt.Fprintf(h.streams.Err, "%s pack %s is in %s\n", h.err.green("✓"), h.err.bold(c.Pack), c.Dir)
	for _, way := range []string{
		"packctl validate " + c.Arg + "   checks it, without a cluster",
		"packctl run " + c.Arg + "        brings it up; 'packctl dev up' starts agents for it",
	} {
		fmt.Fprint(h.streams.Err, hang("  "+h.err.dim("→")+" "+way, 4, h.streams.talkWidth(), "\n"))
	}
}

// Created writes the value.
func (j *JSON) Created(c Created) { value(j.streams.Out, c) }

// Formatted writes the names of the files, each with its difference where that was asked for.
func (h *Human) Formatted(f Formatted) {
	for _, file := range f.Files {
		fmt.Fprintln(h.streams.Out, file.Name)
		for line := range strings.Lines(file.Diff) {
			fmt.Fprintln(h.streams.Out, h.diffLine(strings.TrimRight(line, "\n")))
		}
	}
	if f.Check && len(f.Files) > 0 {
		fmt.Fprintf(h.streams.Err, "%s not formatted; 'packctl fmt' does it\n", isAre(len(f.Files), "file"))
	}
}

func (h *Human) diffLine(line string) string {
	line = ansi.Strip(line)
	switch {
	case strings.HasPrefix(line, "+"):
		return h.out.green(line)
	case strings.HasPrefix(line, "-"):
		return h.out.red(line)
	}
	return line
}

// isAre is "1 file is", "2 files are".
func isAre(n int, noun string) string {
	if n == 1 {
		return plural(n, noun) + " is"
	}
	return plural(n, noun) + " are"
}

// Formatted writes {"check": …, "files": […]}.
func (j *JSON) Formatted(f Formatted) {
	f.Files = append([]FormattedFile{}, f.Files...)
	value(j.streams.Out, f)
}

// Drawn writes a picture to Out.
func (h *Human) Drawn(text string) { fmt.Fprint(h.streams.Out, text) }

// Drawn writes a picture that is JSON already.
func (j *JSON) Drawn(text string) { fmt.Fprint(j.streams.Out, text) }
