package jobspec_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/nomad/jobspec2"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
)

const fuzzJob = `
variable "name" { default = "prod" }
variable "n" { default = -4 }
variable "yes" { default = true }
variable "nothing" { default = null }
variable "odd" { default = "$${x} %%{y} \"q\" \\ \t $" }
variable "lines" { default = " one\n  two\n" }
variable "list" { default = ["b", "a"] }
variable "map" { default = { a = "2", "b c" = { d = null } } }
locals {
  l = "${var.name}-${NOMAD_DC}"
}
job "fuzz" {
  meta {
    x = EXPR
  }
  group "g" {
    task "t" {
      driver = "docker"
      config {
        x = EXPR
        y = [EXPR]
      }
    }
  }
}
`

// Whatever stands in an expression: nothing panics, and what both Nomad and we accept means the same to both.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		`var.name`, `"${var.name}:${NOMAD_PORT_http}"`, `-var.n - 3`, `var.yes ? NOMAD_DC : var.map.zz`, `try(var.map.zz, NOMAD_DC)`,
		`[for x in var.list : "${x}${NOMAD_DC}" if x != var.name]`, `{ for k, v in var.map : k => v }`, `{ (var.name) = 1, "${var.name}-x" = var.n, var = 2 }`,
		"<<EOT\n${var.lines}x ${NOMAD_DC}\n  ${var.odd}\nEOT\n", "<<-EOT\n    a\n  ${var.lines}\n  EOT\n", `"%{ if var.yes ~} a %{ else }${var.odd}%{ endif }"`,
		`"%{ for x in var.list ~} ${x}${NOMAD_DC} %{ endfor ~}"`, `"$${var.name} %%{if} ${var.odd}{NOMAD_DC}"`, `var.list[*]`, `var.map["b c"].d`, `merge(var.map, { x = NOMAD_DC })`,
		`local.l`, `"${local.l}"`, `convert(var.list, set(string))`, `jsonencode({ a = var.map, b = NOMAD_DC })`, `"${"${var.name}"}"`, `var.nothing`, `(var.yes && !var.yes) || NOMAD_DC == "x"`,
		`format("%s", var.list...)`, `[var.map, [var.n], { y = var.odd }]`, `"${~ var.odd ~}  x"`, `can(var.zz.y)`, `{ a = { b = [var.map] } }.a`, `"\u200b${var.odd}\n"`,
		strings.Repeat("try(", 40) + "var.name" + strings.Repeat(")", 40), strings.Repeat("{ for k, v in var.map : k => ", 40) + "x" + strings.Repeat("}", 40),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		if _, diags := hclsyntax.ParseExpression([]byte(expr), "x", hcl.InitialPos); diags.HasErrors() {
			t.Skip()
		}
		agree(t, expr)
	})
}

// Whatever stands in a job file: nothing panics, and what both Nomad and we accept means the same to both.
func FuzzJob(f *testing.F) {
	paths, err := filepath.Glob("testdata/nomad/*.nomad.hcl")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if !utf8.Valid(src) || bytes.Contains(src, []byte("packctl")) {
			t.Skip()
		}
		got, text, err := rendered(src)
		if err != nil {
			return
		}
		want, err := original("job.nomad.hcl", src)
		if err == nil && !same(want, got) {
			t.Errorf("%s\n%s\n\n%s", src, firstDifference(asJSON(want), asJSON(got)), text)
		}
	})
}

// agree reports whether Nomad accepts an expression, and fails where it means something else to us.
func agree(t *testing.T, expr string) bool {
	t.Helper()
	src := []byte(strings.ReplaceAll(fuzzJob, "EXPR", expr))
	got, text, ours := rendered(src)
	if !affordable(t, expr) {
		return false // Nomad has no bounds, and would compute it to no end
	}
	want, err := original("job.nomad.hcl", src)
	if err != nil {
		return false
	}
	if ours != nil {
		var diags diag.Diagnostics
		errors.As(ours, &diags)
		if slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.ID == "too-much-to-compute" }) {
			return true // what comes after it is about values that were not computed
		}
		for _, d := range diags {
			if d.Severity == diag.Error && !slices.Contains([]string{"unknown-name", "unknown-variable", "refused-function", "parser-panic"}, d.ID) {
				t.Errorf("Nomad accepts\n%s\nand we do not: %v", expr, d)
			}
		}
		return true
	}
	if !same(want, got) {
		t.Errorf("%s\n%s\n\n%s", expr, firstDifference(asJSON(want), asJSON(got)), text)
	}
	return true
}

// affordable reports whether an expression is within the budget where each name is what it is to Nomad: a variable of
// fuzzJob, or a text.
func affordable(t *testing.T, expr string) bool {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(strings.ReplaceAll(fuzzJob, "EXPR", expr)), "x", hcl.InitialPos)
	if diags.HasErrors() {
		return false
	}
	e, diags := hclsyntax.ParseExpression([]byte(expr), "x", hcl.InitialPos)
	if diags.HasErrors() {
		return false
	}
	variables := map[string]cty.Value{}
	for _, block := range file.Body.(*hclsyntax.Body).Blocks {
		if def := block.Body.Attributes["default"]; block.Type == "variable" && def != nil {
			v, _ := def.Expr.Value(nil)
			variables[block.Labels[0]] = v
		}
	}
	ctx := &hcl.EvalContext{Functions: jobspec2.Functions("", false), Variables: map[string]cty.Value{
		"var": cty.ObjectVal(variables), "local": cty.ObjectVal(map[string]cty.Value{"l": cty.StringVal("prod-${NOMAD_DC}")}),
	}}
	for _, name := range e.Variables() {
		if _, known := ctx.Variables[name.RootName()]; !known {
			ctx.Variables[name.RootName()] = cty.StringVal("${" + name.RootName() + "}")
		}
	}
	within := budget.New()
	within.Value(e, ctx)
	return !within.Spent()
}

// Expressions made by the grammar rather than by chance reach deeper. The seed is fixed: a failure can be repeated.
func TestRandomExpressionsMeanTheSame(t *testing.T) {
	accepted := 0
	for seed := range uint64(600) {
		g := &grammar{rand.New(rand.NewPCG(seed, 1))}
		if agree(t, g.expr(4)) {
			accepted++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if accepted < 100 {
		t.Errorf("Nomad accepts only %d of the expressions: the grammar tests nothing", accepted)
	}
}

type grammar struct{ *rand.Rand }

func (g *grammar) pick(of ...string) string { return of[g.IntN(len(of))] }

func (g *grammar) expr(depth int) string {
	if depth == 0 || g.IntN(6) == 0 {
		return g.pick("var.name", "var.n", "var.yes", "var.odd", "var.lines", "var.list", "var.map", "local.l", `var.map["b c"]`, "var.list[1]",
			"NOMAD_DC", "attr.kernel.name", "7", "-2", `"text"`, "true", "null", `"a${var.name}b"`, "var.nothing", "var.map.zz", `"$${x}"`, "x")
	}
	d := depth - 1
	switch g.IntN(14) {
	case 0, 1, 2:
		return `"` + g.template(d, false) + `"`
	case 3:
		return "<<" + g.pick("", "-") + "E\n" + g.pick("", "  ") + g.template(d, true) + "\n    " + g.template(d, true) + "\nE\n"
	case 4:
		return "[" + g.expr(d) + ", " + g.expr(d) + "\n]"
	case 5:
		return "{ " + g.pick("a", "(var.name)", `"k"`, `"${var.name}x"`, "var", "for1") + " = " + g.expr(d) + "\n b = " + g.expr(d) + "\n}"
	case 6:
		return "(" + g.pick("var.yes", "!var.yes", "var.n > 3", g.expr(d)) + " ? " + g.expr(d) + " : " + g.expr(d) + "\n)"
	case 7:
		return "[for x in " + g.pick("var.list", "var.map", "["+g.expr(d)+"\n]") + " : " + g.expr(d) + "\n]"
	case 8:
		return "{ for k, x in " + g.pick("var.map", "var.list") + " : \"${k}\" => " + g.expr(d) + "\n}"
	case 9:
		return "format(\"%s|%v\", " + g.expr(d) + "\n, " + g.expr(d) + "\n)"
	case 10:
		return g.pick("try", "coalesce", "concat", "merge", "lookup") + "(" + g.expr(d) + "\n, " + g.expr(d) + "\n)"
	case 11:
		return g.pick("jsonencode", "yamlencode", "upper", "can", "length", "keys", "flatten") + "(" + g.expr(d) + "\n)"
	case 12:
		return "(" + g.expr(d) + "\n)" + g.pick("", ".a", "[0]", "[*]", `["a"]`)
	default:
		return g.expr(d) + g.pick(" + ", " == ", " && ", " - ") + g.expr(d)
	}
}

// template makes no line's end and no "}" after a runtime reference: Nomad's parser cuts those out of the file by their
// bytes, and takes up what follows.
func (g *grammar) template(depth int, lines bool) string {
	var b strings.Builder
	for range 1 + g.IntN(3) {
		switch g.IntN(5) {
		case 0:
			b.WriteString(g.pick("a", " ", "$${y}", "%%{z}", "{", "$", "ü"))
		case 1:
			b.WriteString("%{ if " + g.pick("var.yes", "!var.yes") + g.pick("", " ~") + "}" + g.pick("p", " ${var.name}", "${var.map.zz}") + "%{" + g.pick("", "~ ") + "else}" + g.pick("q", "${NOMAD_DC}") + "%{endif}")
		case 2:
			b.WriteString("%{ for x in var.list }" + g.pick("${x}", " ${x}${var.name} ", "<${NOMAD_DC}>") + "%{ endfor " + g.pick("", "~") + "}")
		default:
			b.WriteString("${" + g.pick("", "~ ") + g.expr(depth) + g.pick("", " ~") + "}")
		}
		if lines && g.IntN(3) == 0 {
			b.WriteString("\n" + g.pick("", " ", "      "))
		}
	}
	return b.String()
}
