package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/packctl/packctl/internal/status"
)

// tree draws the tiers of a release, job by job, as lines that fit a terminal.
type tree struct {
	style  style
	width  int
	height int // the most lines that it may have
	now    time.Time
	since  func(job, tier string) time.Time // when a tier entered its state
}

// lines is the whole picture. A reason that does not fit beside its tier gets a line of its own while there is room.
// When there are more tiers than fit, those that are done are the first to go.
func (t tree) lines(tiers []status.Tier) []string {
	names := 0
	for _, tier := range tiers {
		names = max(names, ansi.StringWidth(tier.Name))
	}
	names = min(names, t.width/3)

	shown, hidden := t.fit(tiers)
	spare := t.height - height(shown) - min(hidden, 1)
	var out []string
	job := ""
	for _, tier := range shown {
		if tier.Job != job {
			job = tier.Job
			out = append(out, t.style.bold(ansi.Truncate(job, t.width, "…")))
		}
		line, reason := t.tier(tier, names)
		beside := line + "  " + reason
		switch {
		case reason == "":
			out = append(out, ansi.Truncate(line, t.width, "…"))
		case ansi.StringWidth(beside) > t.width && spare > 0:
			spare--
			out = append(out, ansi.Truncate(line, t.width, "…"), ansi.Truncate("      "+reason, t.width, "…"))
		default:
			out = append(out, ansi.Truncate(beside, t.width, "…"))
		}
	}
	if hidden > 0 {
		out = append(out, t.style.dim(fmt.Sprintf("  … and %d more", hidden)))
	}
	return out
}

// fit chooses the tiers that can be shown in the height, in their order.
func (t tree) fit(tiers []status.Tier) (shown []status.Tier, hidden int) {
	keep := append([]status.Tier(nil), tiers...)
	for height(keep)+min(len(tiers)-len(keep), 1) > t.height && len(keep) > 1 {
		drop := len(keep) - 1
		for i, tier := range keep {
			if done(tier.State) {
				drop = i
				break
			}
		}
		keep = append(keep[:drop], keep[drop+1:]...)
	}
	return keep, len(tiers) - len(keep)
}

// height is how many lines tiers take: one each, one a job.
func height(tiers []status.Tier) int {
	n, job := len(tiers), ""
	for _, tier := range tiers {
		if tier.Job != job {
			job = tier.Job
			n++
		}
	}
	return n
}

func done(s status.State) bool {
	return s == status.Healthy || s == status.Complete || s == status.Stopped || s == status.Scheduled
}

// tier is a tier's line (mark, name, state, instances, time in this state) and the reason for its state.
func (t tree) tier(tier status.Tier, names int) (line, reason string) {
	mark, paint := t.look(tier.State)
	line = fmt.Sprintf("  %s %s  %s", paint(mark), pad(tier.Name, names), paint(pad(string(tier.State), 11)))
	if tier.State == status.Unsubmitted {
		return line, oneLine(tier.Reason) // how many it will have is not known yet
	}
	line += " " + pad(instances(tier), 5)
	switch {
	case tier.State == status.Scheduled:
		return line, oneLine(tier.Reason)
	case done(tier.State):
		return strings.TrimRight(line, " "), ""
	}
	return line + " " + t.style.dim(padLeft(t.elapsed(tier), 6)), oneLine(tier.Reason)
}

func (t tree) elapsed(tier status.Tier) string {
	since := t.since(tier.Job, tier.Name)
	if since.IsZero() || t.now.Before(since) {
		return ""
	}
	return short(t.now.Sub(since).Truncate(time.Second))
}

// look is the mark and the colour of a state.
func (t tree) look(s status.State) (mark string, paint func(string) string) {
	switch s {
	case status.Healthy, status.Complete:
		return "✓", t.style.green
	case status.Failed, status.Unhealthy:
		return "✗", t.style.red
	case status.Waiting, status.Migrating:
		return "◌", t.style.yellow
	case status.Starting, status.Checking:
		return "●", t.style.blue
	default:
		return "·", t.style.dim
	}
}

// instances is "healthy/desired", or nothing for a periodic tier, which wants none.
func instances(tier status.Tier) string {
	if !tier.Next.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d/%d", tier.Healthy, tier.Desired)
}

// oneLine keeps a text of several lines, or with control characters, from breaking a line.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(ansi.Strip(s), func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " ")
}

// pad fills a text with spaces, or cuts it, to a width in cells.
func pad(s string, width int) string {
	s = ansi.Truncate(s, width, "…")
	return s + strings.Repeat(" ", max(0, width-ansi.StringWidth(s)))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-ansi.StringWidth(s))) + s
}

func twoPart(a int, unitA string, b int, unitB string) string {
	return fmt.Sprintf("%d%s%02d%s", a, unitA, b, unitB)
}
