package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/hashicorp/nomad/api"
	"golang.org/x/term"
)

// terminal is the one that a person types into.
type terminal struct{ file *os.File }

// terminalOf is nil when the input comes from no terminal.
func terminalOf(in io.Reader) *terminal {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return &terminal{f}
	}
	return nil
}

// raw hands every key on, Ctrl-C too, until restore is called.
func (t *terminal) raw() (restore func(), err error) {
	old, err := term.MakeRaw(int(t.file.Fd()))
	if err != nil {
		return nil, err
	}
	return func() { _ = term.Restore(int(t.file.Fd()), old) }, nil
}

// sizes sends the terminal's size, at once and whenever its window is resized, until ctx is done.
func (t *terminal) sizes(ctx context.Context) <-chan api.TerminalSize {
	out := make(chan api.TerminalSize)
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	go func() {
		defer signal.Stop(resized)
		for {
			if w, h, err := term.GetSize(int(t.file.Fd())); err == nil {
				select {
				case out <- api.TerminalSize{Width: w, Height: h}:
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-resized:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
