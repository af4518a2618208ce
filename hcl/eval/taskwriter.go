package eval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/spec"
)

// taskWriter writes our lines, and the author's between them.
type taskWriter struct {
	t      *prepareTask
	indent string
	begun  bool // the next line needs its indentation
	pieces []piece
}

func (w *taskWriter) text(s string) {
	r := w.t.first.Range()
	w.pieces = append(w.pieces, piece{start: r.Start.Byte, end: r.End.Byte, text: s})
}

func (w *taskWriter) line(depth int, format string, args ...any) {
	w.last(depth, format, args...)
	w.text("\n")
}

func (w *taskWriter) last(depth int, format string, args ...any) {
	if format == "" {
		return
	}
	if w.begun {
		w.text(w.indent + strings.Repeat("  ", depth))
	}
	w.begun = true
	w.text(fmt.Sprintf(format, args...))
}

// moved copies one of the author's blocks.
func (w *taskWriter) moved(depth int, b *hclsyntax.Block) {
	w.text(w.indent + strings.Repeat("  ", depth))
	edits := w.t.body(b.Body, b.Type, "", w.t.scope)
	w.pieces = append(w.pieces, w.t.file.moved(b.Range().Start.Byte, b.Range().End.Byte, w.t.scope.dedent, edits)...)
	w.text("\n")
}

func (w *taskWriter) config(driver string) {
	names := [2]string{"image", "entrypoint"}
	values := [2]string{"", fmt.Sprintf("[%s, %s]", quote(sidecarInImage), quote("prepare"))}
	if driver == "docker" {
		image := w.t.image
		if image == "" {
			image = w.t.sidecar.image
		}
		values[0] = quoteRuntime(image)
	} else {
		names = [2]string{"command", "args"}
		values = [2]string{quoteRuntime(w.t.sidecar.path), fmt.Sprintf("[%s]", quote("prepare"))}
	}
	width := max(len(names[0]), len(names[1]))
	for _, c := range w.t.config {
		for _, a := range pack.Attributes(c.Body) {
			width = max(width, len(a.Name))
		}
	}
	w.line(0, "")
	w.line(1, "config {")
	for i := range names {
		w.line(2, "%-*s = %s", width, names[i], values[i])
	}
	for _, c := range w.t.config {
		for _, a := range pack.Attributes(c.Body) {
			w.attribute(2, width, a, slotConfig)
		}
		for _, b := range c.Body.Blocks {
			w.line(0, "")
			w.text(w.indent + "    ")
			edits := w.t.freeBody(b.Body, w.t.scope)
			w.pieces = append(w.pieces, w.t.file.moved(b.Range().Start.Byte, b.Range().End.Byte, w.t.scope.dedent, edits)...)
			w.text("\n")
		}
	}
	w.line(1, "}")
}

// attribute copies one of the author's attributes, its name filled up to a width.
func (w *taskWriter) attribute(depth, width int, a *hclsyntax.Attribute, at slot) {
	w.text(w.indent + strings.Repeat("  ", depth))
	w.pieces = append(w.pieces, w.t.file.moved(a.NameRange.Start.Byte, a.NameRange.End.Byte, 0, nil)...)
	w.text(fmt.Sprintf("%*s = ", width-len(a.Name), ""))
	edits := w.t.expr(a.Expr, at, w.t.scope)
	start, end := a.Expr.Range().Start.Byte, a.Expr.Range().End.Byte
	if end > start && w.t.file.src[end-1] == '\n' {
		end--
	}
	w.pieces = append(w.pieces, w.t.file.moved(start, end, w.t.scope.dedent, edits)...)
	w.text("\n")
}

// identity asks for the token with which the task may look up services where Consul has ACLs. Nomad gives one to tasks with
// this block, or in a group with it.
func (w *taskWriter) identity(p Prepare) {
	grouped := slices.ContainsFunc(w.t.group.Blocks, func(b *hclsyntax.Block) bool {
		keep, _ := w.t.when(b.Body, w.t.scope)
		return keep && b.Type == "consul"
	})
	asks := slices.ContainsFunc(p.WaitFor, func(c WaitFor) bool { return c.Kind == spec.KindService })
	if asks && !grouped {
		w.line(0, "")
		w.line(1, "consul {}")
	}
}

func (w *taskWriter) envBlock(p Prepare) {
	const consul = "CONSUL_HTTP_ADDR"
	own := !slices.ContainsFunc(w.t.env, func(a *hclsyntax.Attribute) bool { return a.Name == consul })
	width := 0
	if own {
		width = len(consul)
	}
	for _, a := range w.t.env {
		width = max(width, len(a.Name))
	}
	w.line(0, "")
	w.line(1, "env {")
	if own {
		w.line(2, "%-*s = %s", width, consul, quoteRuntime(w.t.sidecar.consulAddress))
	}
	for _, a := range w.t.env {
		w.attribute(2, width, a, slotConfig)
	}
	doc := w.t.document(p)
	word := delimiter(doc, "JSON")
	w.line(0, "")
	w.line(2, "%s = <<-%s", spec.PrepareEnv, word)
	for line := range strings.SplitSeq(doc, "\n") {
		w.line(3, "%s", line)
	}
	w.line(2, "%s", word)
	w.line(1, "}")
}

func (w *taskWriter) sql(f sqlFile) {
	width := len("destination")
	delimited := strings.Contains(f.content, "{{")
	if delimited {
		width = len("right_delimiter")
	}
	w.line(0, "")
	w.line(1, "template {")
	w.line(2, "%-*s = %s", width, "destination", quote(f.destination))
	w.line(2, "%-*s = %s", width, "change_mode", quote("noop"))
	if delimited {
		left, right := templateDelimiters(f.content)
		w.line(2, "%-*s = %s", width, "left_delimiter", quote(left))
		w.line(2, "%-*s = %s", width, "right_delimiter", quote(right))
	}
	if doc, ok := heredoc(f.content); ok {
		w.line(0, "")
		w.line(2, "data = %s", doc)
	} else {
		w.line(2, "%-*s = %s", width, "data", quote(f.content))
	}
	w.line(1, "}")
}

// templateDelimiters are two that a text does not hold.
func templateDelimiters(s string) (left, right string) {
	left, right = "[[", "]]"
	for i := 1; strings.Contains(s, left) || strings.Contains(s, right); i++ {
		left, right = "<"+strings.Repeat("<", i), ">"+strings.Repeat(">", i)
	}
	return left, right
}

func (w *taskWriter) resources(migrates bool) {
	w.line(0, "")
	if w.t.resources != nil {
		w.moved(1, w.t.resources)
		return
	}
	memory := 64
	if migrates {
		memory = 256
	}
	w.line(1, "resources {")
	w.line(2, "cpu    = 50")
	w.line(2, "memory = %d", memory)
	w.line(1, "}")
}

// restart gives the task two more tries, in an interval that holds all three even when each uses its whole budget.
func (w *taskWriter) restart(p Prepare) {
	const attempts = 2
	const delay = 5 * time.Second
	var longest time.Duration
	for _, c := range p.WaitFor {
		longest = max(longest, time.Duration(c.Timeout))
	}
	budget := longest
	if p.Migration != nil {
		budget += time.Duration(p.Migration.Timeout) + time.Duration(p.Migration.LockTimeout)
	}
	interval := max(30*time.Minute, (attempts+1)*(budget+2*delay)).Round(time.Minute)
	w.line(0, "")
	w.line(1, "restart {")
	w.line(2, "attempts = %d", attempts)
	w.line(2, "delay    = %s", quote(delay.String()))
	w.line(2, "interval = %s", quote(shortDuration(interval)))
	w.line(2, "mode     = %s", quote("fail"))
	w.line(1, "}")
}

func shortDuration(d time.Duration) string {
	return strings.TrimSuffix(d.String(), "0s")
}
