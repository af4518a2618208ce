package view

import (
	"bytes"
	"errors"
	"syscall"
	"testing"

	"github.com/packctl/packctl/internal/release"
)

func logLines() []release.LogLine {
	web := release.LogLine{Tier: "web", Job: "shop-app", Alloc: "0a1b2c3d-4e5f", Task: "nginx", Stream: "stdout", Text: "GET /\r"}
	red := web
	red.Stream, red.Text = "stderr", "\x1b[31mred\x1b[0m \x1b]0;title\x07<&>"
	queue := release.LogLine{Tier: "queue", Index: 2, Job: "shop-app", Alloc: "ffffffff-4e5f", Task: "work", Stream: "stdout"}
	return []release.LogLine{web, red, queue, web}
}

func TestLogLines(t *testing.T) {
	for name, c := range map[string]struct {
		tty, prefix bool
		want        string
	}{
		"a pipe gets the bytes as they are": {false, true, "web[0] 0a1b2c3d nginx | GET /\r\nweb[0] 0a1b2c3d nginx | \x1b[31mred\x1b[0m \x1b]0;title\x07<&>\n" +
			"queue[2] ffffffff work | \nweb[0] 0a1b2c3d nginx | GET /\r\n"},
		"a terminal gets our colours and no foreign ones": {true, true, "\x1b[36mweb[0] 0a1b2c3d nginx |\x1b[0m GET /\n\x1b[36mweb[0] 0a1b2c3d nginx |\x1b[0m red <&>\n" +
			"\x1b[33mqueue[2] ffffffff work |\x1b[0m \n\x1b[36mweb[0] 0a1b2c3d nginx |\x1b[0m GET /\n"},
		"without prefix": {true, false, "GET /\nred <&>\n\nGET /\n"},
	} {
		var out, errs bytes.Buffer
		if err := NewHuman(&Streams{Out: &out, Err: &errs, OutTTY: c.tty, Color: true}).Lines(logLines(), c.prefix); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want || errs.Len() > 0 {
			t.Errorf("%s: got\n%q\nwant\n%q", name, out.String(), c.want)
		}
	}
}

func TestLogLinesForPrograms(t *testing.T) {
	var out, errs bytes.Buffer
	v := NewJSON(streams(&out, &errs))
	if err := v.Lines(logLines()[1:3], true); err != nil {
		t.Fatal(err)
	}
	v.Notice("no logs of web[0]")
	golden(t, "logs.json", indent(t, out.String())+"-- stderr --\n"+indent(t, errs.String()))
}

func TestABrokenPipeIsTold(t *testing.T) {
	for name, v := range map[string]View{"human": NewHuman(&Streams{Out: brokenPipe{}}), "json": NewJSON(&Streams{Out: brokenPipe{}})} {
		if err := v.Lines(logLines(), true); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, syscall.EPIPE }
