package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/spec"
)

// sidecar is how the prestart task runs, from the pack block.
type sidecar struct {
	driver        string
	image         string
	path          string
	consulAddress string
}

// sidecarInImage is where a docker image of a prestart task holds the sidecar binary.
const sidecarInImage = "/sidecar"

func (e *evaluator) decodeSidecar() sidecar {
	version := e.options.PackctlVersion
	if version == "" || version == "devel" {
		version = "dev"
	}
	s := sidecar{driver: "docker", image: "packctl/sidecar:" + version, path: "sidecar", consulAddress: "${attr.unique.network.ip-address}:8500"}
	if e.pack.Sidecar == nil {
		return s
	}
	d := &decoder{fileEval: &fileEval{evaluator: e}, scope: e.base, block: e.pack.Sidecar, runtime: true}
	s.driver = d.text("driver", s.driver)
	s.image = d.text("image", s.image)
	s.path = d.text("path", s.path)
	s.consulAddress = d.text("consul_address", s.consulAddress)
	if !slices.Contains([]string{"docker", "raw_exec", "exec"}, s.driver) {
		e.diags.Add("unknown-driver", e.pack.Sidecar.Body.Attributes["driver"].Expr.Range(), "Unknown driver",
			"The sidecar's driver is docker, raw_exec or exec, not %q.", s.driver)
	}
	return s
}

// sqlFile is a file that reaches the task through a template.
type sqlFile struct {
	destination string
	content     string
}

// prepareTask collects what one prestart task is made of.
type prepareTask struct {
	*fileEval
	scope *scope
	first *hclsyntax.Block
	last  *hclsyntax.Block // the last of those that follow the first with nothing between

	image, user string
	files       []sqlFile
	env         []*hclsyntax.Attribute
	moved       []*hclsyntax.Block // template, volume_mount
	config      []*hclsyntax.Block
	resources   *hclsyntax.Block
}

// take moves the task content of one of the toolkit's blocks here.
func (t *prepareTask) take(b *hclsyntax.Block) {
	for _, c := range b.Body.Blocks {
		if c.Type != "env" && !slices.Contains(taskContent(), c.Type) {
			continue
		}
		if c.Type == "template" || c.Type == "volume_mount" {
			if keep, _ := t.when(c.Body, t.scope); !keep {
				t.namesOnly(c.Body, t.scope, c.Type)
				continue
			}
		}
		switch c.Type {
		case "env":
			t.takeEnv(c)
		case "config":
			t.config = append(t.config, c)
		case "resources":
			t.resources = c
		default:
			t.moved = append(t.moved, c)
		}
	}
}

func (t *prepareTask) takeEnv(c *hclsyntax.Block) {
	for _, a := range pack.Attributes(c.Body) {
		i := slices.IndexFunc(t.env, func(o *hclsyntax.Attribute) bool { return o.Name == a.Name })
		switch {
		case a.Name == spec.PrepareEnv:
			t.diags.Add("reserved-env", a.NameRange, "Reserved environment variable", "packctl writes %s itself.", a.Name)
		case i < 0:
			t.env = append(t.env, a)
		case string(a.Expr.Range().SliceBytes(t.file.src)) != string(t.env[i].Expr.Range().SliceBytes(t.file.src)):
			t.diags.Add("conflicting-env", a.NameRange, "Conflicting environment variable",
				"The group's wait_for and migration blocks share one task, and %s has another value at %s.", a.Name, place(t.env[i].NameRange))
		}
	}
}

// edit puts the task where the first of its blocks stands, with a blank line around it. Every line begins with the
// indentation of that block.
func (t *prepareTask) edit(p Prepare) edit {
	start := t.first.Range().Start.Byte
	lead, alone := t.file.indent(start)
	w := &taskWriter{t: t, indent: lead[min(t.scope.dedent, len(lead)):], begun: alone}
	if alone {
		start -= len(lead)
		if !blankAbove(t.file.src[:start], true) {
			w.text("\n")
		}
	}
	w.line(0, "task %s {", quote(spec.PrepareTask))
	driver := t.sidecar.driver
	w.line(1, "driver = %s", quote(driver))
	if t.user != "" {
		w.line(1, "user   = %s", quoteRuntime(t.user))
	}
	if p.Migration != nil {
		w.line(0, "")
		w.line(1, "kill_timeout = %s", quote("30s"))
	}
	w.line(0, "")
	w.line(1, "lifecycle {")
	w.line(2, "hook    = %s", quote("prestart"))
	w.line(2, "sidecar = false")
	w.line(1, "}")
	w.config(driver)
	w.envBlock(p)
	for _, b := range t.moved {
		w.line(0, "")
		w.moved(1, b)
	}
	for _, f := range t.files {
		w.sql(f)
	}
	w.resources(p.Migration != nil)
	w.restart(p)
	w.last(0, "}")
	end := t.file.lineEnd(t.first.Range().End.Byte)
	if next := t.file.nextLine(t.last.Range().End.Byte); len(next) > 0 && next[0] != '}' {
		w.text("\n")
	}
	return edit{start: start, end: end, pieces: w.pieces}
}

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
	w.text(fmt.Sprintf("%s%-*s = ", w.indent+strings.Repeat("  ", depth), width, a.Name))
	edits := w.t.expr(a.Expr, at, w.t.scope)
	start, end := a.Expr.Range().Start.Byte, a.Expr.Range().End.Byte
	if end > start && w.t.file.src[end-1] == '\n' {
		end--
	}
	w.pieces = append(w.pieces, w.t.file.moved(start, end, w.t.scope.dedent, edits)...)
	w.text("\n")
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

// document is the JSON that the sidecar reads, for a heredoc: runtime expressions in it are Nomad's to fill in.
func (t *prepareTask) document(p Prepare) string {
	doc := spec.Prepare{
		Release: t.result.Release.Name, Pack: t.result.Pack.Name, Job: t.out.Job, Group: p.Group,
	}
	for _, w := range p.WaitFor {
		doc.WaitFor = append(doc.WaitFor, w.WaitFor)
	}
	if p.Migration != nil {
		doc.Migration = &p.Migration.Migration
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	// Strings, numbers and structs of them always encode.
	_ = enc.Encode(doc)
	return escapeRuntime(strings.TrimSuffix(b.String(), "\n"))
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

var runtimeText = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*\}`)

// escapeRuntime makes a text safe inside a template, its runtime expressions left as they are, as a person writes them.
func escapeRuntime(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range runtimeText.FindAllStringIndex(s, -1) {
		root, _, _ := strings.Cut(s[m[0]+2:m[1]-1], ".")
		if !isRuntime(root) || m[0] > 0 && (s[m[0]-1] == '$' || s[m[0]-1] == '%') {
			continue
		}
		b.WriteString(escapeTemplate(s[at:m[0]]))
		b.WriteString(s[m[0]:m[1]])
		at = m[1]
	}
	b.WriteString(escapeTemplate(s[at:]))
	return b.String()
}

// quoteRuntime is a text in quotes, its runtime expressions left as they are.
func quoteRuntime(s string) string {
	var b strings.Builder
	at := 0
	for _, m := range runtimeText.FindAllStringIndex(s, -1) {
		root, _, _ := strings.Cut(s[m[0]+2:m[1]-1], ".")
		if !isRuntime(root) || m[0] > 0 && (s[m[0]-1] == '$' || s[m[0]-1] == '%') {
			continue
		}
		q := quote(s[at:m[0]])
		b.WriteString(q[1 : len(q)-1])
		b.WriteString(s[m[0]:m[1]])
		at = m[1]
	}
	q := quote(s[at:])
	b.WriteString(q[1 : len(q)-1])
	return `"` + b.String() + `"`
}

func parseStatus(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && (n < 100 || n > 599) {
		err = strconv.ErrRange
	}
	return n, err
}
