package view

import (
	"fmt"
	"io"
	"strings"
	"sync"
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

// update takes a snapshot in.
func (m memory) update(now time.Time, tiers []status.Tier) {
	for _, tier := range tiers {
		key := tier.Job + "/" + tier.Name
		if old, ok := m[key]; !ok || old.state != tier.State {
			m[key] = seen{state: tier.State, since: now}
		}
	}
}

func (m memory) since(job, tier string) time.Time { return m[job+"/"+tier].since }

// live repaints the tree of tiers in place, below the messages that scroll away above it: at every event, and once a
// second in between so that times go on. A repaint is one write that overwrites the lines it replaces, so nothing
// flickers and nothing is left behind when lines get shorter.
type live struct {
	out     io.Writer
	streams *Streams
	style   style

	mu      sync.Mutex // over all below, and over out while ticking
	seen    memory
	tiers   []status.Tier
	painted []int         // widths of the tree's lines that stand above the cursor
	told    time.Time     // of the newest event, by its own clock
	heard   time.Time     // when that event came, by ours
	quit    chan struct{} // ends the ticking; nil while nothing ticks
	ended   chan struct{} // closed when the ticking has ended
}

func (l *live) event(e release.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Tiers != nil {
		l.seen.update(e.Time, e.Tiers)
		l.tiers = e.Tiers
	}
	l.told, l.heard = e.Time, time.Now()
	message := ""
	if e.Message != "" {
		message = l.message(e)
	}
	l.paint(e.Time, message)
	if l.tiers != nil && l.quit == nil {
		l.quit, l.ended = make(chan struct{}), make(chan struct{})
		go l.tick(l.quit, l.ended)
	}
}

// tick repaints once a second until quit is closed.
func (l *live) tick(quit <-chan struct{}, ended chan<- struct{}) {
	defer close(ended)
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-quit:
			return
		case <-t.C:
			l.mu.Lock()
			l.paint(l.told.Add(time.Since(l.heard)), "")
			l.mu.Unlock()
		}
	}
}

// paint writes a message, if any, and the tree below it. Messages are wrapped here, because the terminal's own wrapping
// would make more lines than were counted.
func (l *live) paint(now time.Time, message string) {
	width, height := l.streams.size()
	var frame strings.Builder
	if n := rows(l.painted, width); n > 0 {
		fmt.Fprintf(&frame, "\x1b[%dA", n)
	}
	frame.WriteString("\r")
	if message != "" {
		frame.WriteString(hang(message, len("15:04:05  "), width, "\x1b[K\n"))
	}
	t := tree{style: l.style, width: width, height: height - 2, now: now, since: l.seen.since}
	l.painted = l.painted[:0]
	for _, line := range t.lines(l.tiers) {
		frame.WriteString(line + "\x1b[K\n")
		l.painted = append(l.painted, ansi.StringWidth(line))
	}
	frame.WriteString("\x1b[J")
	_, _ = io.WriteString(l.out, frame.String())
}

// rows is how many lines of the terminal painted lines take at its present width: a window that was made narrower has wrapped
// those that no longer fit.
func rows(painted []int, width int) int {
	n := 0
	for _, w := range painted {
		n += 1 + max(w-1, 0)/width
	}
	return n
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

// end stops the ticking and leaves the last picture where it stands; what comes next is written below it.
func (l *live) end() {
	l.mu.Lock()
	quit, ended, painted := l.quit, l.ended, l.painted
	l.quit, l.ended, l.painted, l.tiers = nil, nil, nil, nil
	l.mu.Unlock()
	if quit != nil {
		close(quit)
		<-ended
	}
	if len(painted) > 0 {
		_, _ = io.WriteString(l.out, "\r\x1b[K") // a ^C that the terminal echoed
	}
}

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
		text := strings.TrimRight(fmt.Sprintf("%s: %s %s", tier.Name, tier.State, instances(tier)), " ")
		if reason := oneLine(tier.Reason); reason != "" && (!done(tier.State) || tier.State == status.Scheduled) {
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
