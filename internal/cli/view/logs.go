package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/packctl/packctl/internal/release"
)

// tierColours are given to tiers in the order in which they appear.
var tierColours = [...]string{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}

// Lines writes log lines to Out, each behind where it comes from: "web[0] 1a2b3c4d main | ". A terminal gets colours of ours
// and none of the log's escape sequences, which could do anything to it; a pipe gets the bytes as they are.
func (h *Human) Lines(lines []release.LogLine, prefix bool) error {
	var b bytes.Buffer
	for _, l := range lines {
		if prefix {
			from := fmt.Sprintf("%s[%d] %s %s |", l.Tier, l.Index, shortID(l.Alloc), l.Task)
			b.WriteString(h.out.sgr(h.colourOf(l.Tier), from) + " ")
		}
		text := l.Text
		if h.streams.OutTTY {
			text = strings.TrimRight(ansi.Strip(text), "\r")
		}
		b.WriteString(text + "\n")
	}
	_, err := h.streams.Out.Write(b.Bytes())
	return err
}

func (h *Human) colourOf(tier string) string {
	if h.tiers == nil {
		h.tiers = map[string]string{}
	}
	if h.tiers[tier] == "" {
		h.tiers[tier] = tierColours[len(h.tiers)%len(tierColours)]
	}
	return h.tiers[tier]
}

// Notice says on Err what is missing from the result.
func (h *Human) Notice(text string) {
	fmt.Fprint(h.streams.Err, hang(h.err.boldYellow("warning")+": "+ansi.Strip(text), 2, h.streams.talkWidth(), "\n"))
}

// Lines writes a line of type "log" for each line of a log.
func (j *JSON) Lines(lines []release.LogLine, _ bool) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, l := range lines {
		err := e.Encode(struct {
			Type   string `json:"type"`
			Tier   string `json:"tier"`
			Index  int    `json:"index"`
			Job    string `json:"job"`
			Alloc  string `json:"alloc"`
			Task   string `json:"task"`
			Stream string `json:"stream"`
			Line   string `json:"line"`
		}{"log", l.Tier, l.Index, l.Job, l.Alloc, l.Task, l.Stream, l.Text})
		if err != nil {
			return err
		}
	}
	_, err := j.streams.Out.Write(b.Bytes())
	return err
}

// Notice writes {"type": "notice", "message": …} to Err.
func (j *JSON) Notice(text string) {
	line(j.streams.Err, struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}{"notice", text})
}
