package packs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/packctl/packctl/hcl/check"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/jobspec"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

const fromCompose = "../docs/from-compose.md"

// example is a fenced block of the page: "```hcl <where>", where is a file of the pack, or the block whose body it is.
type example struct {
	where, text string
	line        int
}

func examples(t *testing.T) []example {
	t.Helper()
	page, err := os.ReadFile(fromCompose)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	var out []example
	for _, at := range regexp.MustCompile("(?s)```hcl ([^\n]+)\n(.*?)```").FindAllStringSubmatchIndex(text, -1) {
		out = append(out, example{text[at[2]:at[3]], text[at[4]:at[5]], 1 + strings.Count(text[:at[0]], "\n")})
	}
	if all := strings.Count(text, "```hcl"); len(out) != all || all < 10 {
		t.Fatalf("%d of %d examples say what they are", len(out), all)
	}
	return out
}

// job puts an example that is a body of something into a whole job named "example", with what it leaves out.
func (e example) job(t *testing.T) string {
	t.Helper()
	task := func(body string) string {
		if !strings.Contains(body, "config {") {
			body += "config { image = \"example:1\" }\n"
		}
		return "task \"example\" {\ndriver = \"docker\"\n" + body + "}\n"
	}
	group := func(body string) string {
		if !strings.Contains(body, "config {") || !regexp.MustCompile(`(?m)^task "`).MatchString(body) || strings.Contains(body, `hook    = "prestart"`) {
			body += task("")
		}
		if !strings.Contains(body, "service {") {
			names := regexp.MustCompile(`task "(\w+)"`).FindAllStringSubmatch(body, -1)
			body += fmt.Sprintf("service {\nname = \"${release.name}-example\"\ncheck {\ntype = \"script\"\ntask = %q\ncommand = \"true\"\n"+
				"interval = \"5s\"\ntimeout = \"1s\"\n}\n}\n", names[len(names)-1][1])
		}
		return "group \"example\" {\n" + body + "}\n"
	}
	switch e.where {
	case "job":
		return "job \"example\" {\n" + e.text + "}\n"
	case "group":
		return "job \"example\" {\n" + group(e.text) + "}\n"
	case "task":
		return "job \"example\" {\n" + group(task(e.text)) + "}\n"
	}
	t.Fatalf("line %d: an example is a file, or the body of a job, group or task, not of %q", e.line, e.where)
	return ""
}

// The files among the page's examples are one pack; each other example becomes one more job of it. All of it renders, in
// each env, is a stack, and passes the checks without a word.
func TestTheExamplesOfFromCompose(t *testing.T) {
	base := fstest.MapFS{"files/default.conf.tpl": {Data: []byte("server_name ${name};\n")}}
	var bodies []example
	for _, e := range examples(t) {
		if filepath.Ext(e.where) != ".hcl" {
			bodies = append(bodies, e)
			continue
		}
		if base[e.where] == nil {
			base[e.where] = &fstest.MapFile{}
		}
		base[e.where].Data = append(base[e.where].Data, e.text...)
	}
	for _, e := range bodies {
		fsys := fstest.MapFS{"jobs/example.nomad.hcl": {Data: []byte(e.job(t))}}
		for name, file := range base {
			fsys[name] = file
		}
		for _, env := range []string{"dev", "prod"} {
			t.Run(fmt.Sprintf("line %d in %s", e.line, env), func(t *testing.T) {
				p, diags := pack.Load(fsys, "shop")
				values, found := vars.Resolve(p, vars.Inputs{Args: []string{"env=" + env, `profiles=["frontend"]`, "source_dir=/src"}})
				diags = append(diags, found...)
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				result, found := eval.Evaluate(p, values, eval.Release{Name: "shop", Namespace: "default"}, eval.Options{})
				jobs, parsed := jobspec.Parse(result)
				if diags = append(append(diags, found...), parsed...); diags.HasErrors() {
					t.Fatal(diags)
				}
				s, found := stack.Assemble(result, jobs)
				diags = append(append(diags, found...), check.Check(s)...)
				for _, d := range diags {
					t.Errorf("%v", d)
				}
				if s.Tier("shop-example", "example") == nil && s.Tier("shop-example", "scheduler") == nil {
					t.Error("the example is no tier of the stack")
				}
			})
		}
	}
}

// Commands that reach into a tier name one that the pack has; links lead somewhere.
func TestFromComposeNamesWhatIsThere(t *testing.T) {
	page, err := os.ReadFile(fromCompose)
	if err != nil {
		t.Fatal(err)
	}
	tiers := regexp.MustCompile(`-group (\S+) -task (\S+) -job (appstack|enstore)-(\S+)`).FindAllStringSubmatch(string(page), -1)
	if len(tiers) < 8 {
		t.Errorf("only %d commands reach into a tier", len(tiers))
	}
	for _, m := range tiers {
		if _, err := os.Stat(m[3] + "/pack.hcl"); err != nil {
			continue
		}
		text, err := os.ReadFile(m[3] + "/jobs/" + m[4] + ".nomad.hcl")
		if err != nil {
			t.Error(err)
		}
		for _, want := range []string{fmt.Sprintf("group %q", m[1]), fmt.Sprintf("task %q", m[2])} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: job %s of %s has no %s", m[0], m[4], m[3], want)
			}
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^)#]+)`).FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat(filepath.Join("../docs", m[1])); err != nil {
			t.Errorf("a link leads nowhere: %v", err)
		}
	}
}
