package eval

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

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
	group *hclsyntax.Body
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
	w.identity(p)
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

func parseStatus(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && (n < 100 || n > 599) {
		err = strconv.ErrRange
	}
	return n, err
}
