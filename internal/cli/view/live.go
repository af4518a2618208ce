package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/packctl/packctl/internal/release"
	"github.com/packctl/packctl/internal/status"
)

// memory knows since when each tier has been in its state, as far as the events told.
type memory map[string]seen

type seen struct {
	state status.State
	since time.Time
}

// update takes a snapshot in and returns the tiers of which state, instances or reason are new.
func (m memory) update(now time.Time, tiers []status.Tier) {
	for _, tier := range tiers {
		key := tier.Job + "/" + tier.Name
		if old, ok := m[key]; !ok || old.state != tier.State {
			m[key] = seen{state: tier.State, since: now}
		}
	}
}

func (m memory) since(job, tier string) time.Time { return m[job+"/"+tier].since }

// live repaints the tree of tiers in place, below the messages that scroll away above it. Every repaint is one write
// that overwrites the lines it replaces, so nothing flickers and nothing is left behind when lines get shorter.
type live struct {
	out     io.Writer
	streams *Streams
	style   style
	seen    memory
	tiers   []status.Tier
	painted int // lines of the tree that stand above the cursor
}

func (l *live) event(e release.Event) {
	if e.Tiers != nil {
		l.seen.update(e.Time, e.Tiers)
		l.tiers = e.Tiers
	}
	width, height := l.streams.size()
	var frame strings.Builder
	if l.painted > 0 {
		fmt.Fprintf(&frame, "\x1b[%dA", l.painted)
	}
	frame.WriteString("\r")
	if e.Message != "" {
		// A message may be longer than a line; it is wrapped here, because the terminal's own wrapping would make
		// more lines than were counted.
		frame.WriteString(hang(l.message(e), len("15:04:05  "), width, "\x1b[K\n"))
	}
	t := tree{style: l.style, width: width, height: height - 2, now: e.Time, since: l.seen.since}
	lines := t.lines(l.tiers)
	for _, line := range lines {
		frame.WriteString(line + "\x1b[K\n")
	}
	frame.WriteString("\x1b[J")
	l.painted = len(lines)
	_, _ = io.WriteString(l.out, frame.String())
}

// message is the line that stays: a dim clock, then what happened.
func (l *live) message(e release.Event) string {
	text := oneLine(e.Message)
	if e.Level == release.Warn {
		text = l.style.yellow(text)
	}
	return l.style.dim(clock(e.Time)) + "  " + text
}

// hang wraps text to a width, indents all lines but the first, and ends each with eol.
func hang(text string, indent, width int, eol string) string {
	var b strings.Builder
	for i, line := range strings.Split(wrap(text, max(width-indent, 10)), "\n") {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(line + eol)
	}
	return b.String()
}

// wrap breaks text at spaces, and inside a word only when it is longer than a line: the library would break at every
// hyphen, and names are full of them.
func wrap(text string, width int) string {
	const noBreak = "\u2011"
	return strings.ReplaceAll(ansi.Wrap(strings.ReplaceAll(text, "-", noBreak), width, ""), noBreak, "-")
}

// end leaves the last picture where it stands; what comes next is written below it.
func (l *live) end() { l.painted = 0; l.tiers = nil }

// plain writes one line for each thing that changed, for logs and pipes.
type plain struct {
	out  io.Writer
	last map[string]string
}

func (p *plain) event(e release.Event) {
	if e.Message != "" {
		level := ""
		if e.Level == release.Warn {
			level = "warning: "
		}
		fmt.Fprintf(p.out, "%s  %s%s\n", clock(e.Time), level, oneLine(e.Message))
	}
	for _, tier := range e.Tiers {
		text := fmt.Sprintf("%s: %s %s", tier.Name, tier.State, instances(tier))
		if reason := oneLine(tier.Reason); reason != "" && !done(tier.State) {
			text += ", " + reason
		}
		key := tier.Job + "/" + tier.Name
		if p.last[key] == text {
			continue
		}
		_, known := p.last[key]
		p.last[key] = text
		if !known && tier.State == status.Unsubmitted {
			continue // a tier whose turn has not come is no news
		}
		fmt.Fprintf(p.out, "%s  %s\n", clock(e.Time), text)
	}
}
