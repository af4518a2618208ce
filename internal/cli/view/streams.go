package view

import (
	"io"
	"math"
)

// Streams are where a command reads and writes, and what is known of the terminal behind them.
type Streams struct {
	In  io.Reader
	Out io.Writer // the result
	Err io.Writer // the talk

	InTTY  bool // somebody can answer
	OutTTY bool
	ErrTTY bool
	Color  bool                       // whether a terminal may be given colours; a pipe never is
	Size   func() (width, height int) // of the terminal, asked again before every repaint
}

// fallbackWidth and fallbackHeight are taken where no terminal can be asked.
const (
	fallbackWidth  = 80
	fallbackHeight = 24
)

// size is the terminal's size with sane lower bounds.
func (s *Streams) size() (width, height int) {
	if s.Size != nil {
		width, height = s.Size()
	}
	if width < 20 {
		width = fallbackWidth
	}
	if height < 4 {
		height = fallbackHeight
	}
	return width, height
}

// talkWidth is where text on Err is wrapped: at the terminal's edge, and nowhere when something else reads it, so that a
// search for a phrase finds it.
func (s *Streams) talkWidth() int {
	if !s.ErrTTY {
		return math.MaxInt16
	}
	width, _ := s.size()
	return width
}

// resultWidth is where lines on Out are cut.
func (s *Streams) resultWidth() int {
	if !s.OutTTY {
		return math.MaxInt16
	}
	width, _ := s.size()
	return width
}

// style wraps text in SGR codes, or in nothing.
type style struct{ on bool }

func (s style) sgr(code, text string) string {
	if !s.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(t string) string   { return s.sgr("1", t) }
func (s style) dim(t string) string    { return s.sgr("2", t) }
func (s style) red(t string) string    { return s.sgr("31", t) }
func (s style) green(t string) string  { return s.sgr("32", t) }
func (s style) yellow(t string) string { return s.sgr("33", t) }
func (s style) blue(t string) string   { return s.sgr("34", t) }

func (s style) boldRed(t string) string    { return s.sgr("1;31", t) }
func (s style) boldYellow(t string) string { return s.sgr("1;33", t) }
