package view

import (
	"fmt"

	"github.com/charmbracelet/x/ansi"
)

// Page is something to look at in a browser.
type Page struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Pages shows an address a line; they are never cut.
func (h *Human) Pages(pages []Page) {
	names := 0
	for _, p := range pages {
		names = max(names, ansi.StringWidth(p.Name))
	}
	for _, p := range pages {
		fmt.Fprintf(h.streams.Out, "%s  %s\n", pad(p.Name, names), p.URL)
	}
}

// Pages writes {"pages": […]}.
func (j *JSON) Pages(pages []Page) {
	value(j.streams.Out, struct {
		Pages []Page `json:"pages"`
	}{pages})
}
