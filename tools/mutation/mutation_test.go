package main

import (
	"os"
	"strings"
	"testing"

	"github.com/packctl/packctl/hcl/diag"
)

// A sample of what make mutation does with ten times as many: the packs as they are give no diagnostic, and nearly
// everything that a slip of the finger changes or breaks is reported at its line.
func TestMutantsAreReportedAtTheirLine(t *testing.T) {
	found, err := hunt(os.DirFS("../../packs"), 200, 7)
	if err != nil {
		t.Fatal(err)
	}
	total, _ := found.count()
	if total.real() < 100 {
		t.Errorf("only %d of %d mutants are changed or broken: the sample shows nothing", total.real(), len(found.verdicts))
	}
	if share := total.share(); share < floor {
		var b strings.Builder
		found.print(&b, false)
		t.Errorf("%.1f %% are reported at their line, and %g %% are wanted\n%s", share, floor, b.String())
	}
}

// floor is what a sample this small must reach.
const floor = 96.0

func TestASampleIsTheSameEachTime(t *testing.T) {
	what := func(seed uint64) (out []string) {
		found, err := hunt(os.DirFS("../../packs"), 20, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range found.verdicts {
			out = append(out, v.file+" "+v.what)
		}
		return out
	}
	first, second, other := strings.Join(what(1), "\n"), strings.Join(what(1), "\n"), strings.Join(what(2), "\n")
	if first != second || first == other {
		t.Errorf("seed 1 gives\n%s\nthen\n%s\nand seed 2\n%s", first, second, other)
	}
}

// The judge, on mutants whose class is known.
func TestJudge(t *testing.T) {
	s, err := open(os.DirFS("../../packs"), "hello")
	if err != nil {
		t.Fatal(err)
	}
	const file = "jobs/web.nomad.hcl"
	src := string(s.files[file].Data)
	for name, c := range map[string]struct {
		kind     kind
		old, new string
		class    class
		line     bool
	}{
		"a misspelt variable is reported where it stands":         {reference, "var.instances", "var.instance", reported, true},
		"a misspelt attribute is reported where it stands":        {attribute, "max_parallel", "max_paralel", reported, true},
		"a blank more changes nothing":                            {brace, "count = ", "count  = ", unchanged, false},
		"a key of env is the author's own":                        {attribute, "GREETING", "GREETNIG", free, false},
		"a service that nothing waits for may have any name":      {service, "${release.name}-web", "${release.name}-wbe", free, false},
		"a group that nothing names may have any name":            {brace, `group "web"`, `group "webe"`, free, false},
		"a group whose name is no name":                           {brace, `group "web"`, `group "web["`, reported, true},
		"a check's name means nothing to Nomad":                   {brace, `"health"`, `"xhealth"`, free, false},
		"an attribute that Nomad knows, but means something else": {attribute, "min_healthy_time", "max_healthy_time", reported, true},
	} {
		t.Run(name, func(t *testing.T) {
			at := strings.Index(src, c.old)
			if at < 0 {
				t.Fatalf("%s has no %q", file, c.old)
			}
			v := judge(mutant{site: site{s, file, at, c.kind}, line: 1 + strings.Count(src[:at], "\n"), data: []byte(strings.Replace(src, c.old, c.new, 1))})
			if v.class != c.class || v.line != c.line {
				t.Errorf("judged %q, at its line %t, because of %s", v.class, v.line, v.why)
			}
		})
	}
}

// A related place shows its line as well, and another file's line of the same number does not count.
func TestShownBy(t *testing.T) {
	m := mutant{site: site{pack: &subject{name: "p"}, file: "a.hcl"}, line: 3}
	at := func(file string, line int) (d diag.Diagnostic) {
		d.Subject.Filename, d.Subject.Start.Line = "packs/p/"+file, line
		return d
	}
	related := at("b.hcl", 3)
	related.Related = []diag.Related{{Range: at("a.hcl", 3).Subject}}
	for _, c := range []struct {
		d    diag.Diagnostic
		want bool
	}{{at("a.hcl", 3), true}, {at("a.hcl", 4), false}, {at("b.hcl", 3), false}, {related, true}} {
		if got := m.shownBy(c.d); got != c.want {
			t.Errorf("%v shows the line: %t, want %t", c.d, got, c.want)
		}
	}
}

// The reason of a survivor comes from what changed in the jobs, and what fits none is called unexplained.
func TestReason(t *testing.T) {
	s, err := open(os.DirFS("../../packs"), "appstack")
	if err != nil {
		t.Fatal(err)
	}
	const group = "/jobs/appstack-web/TaskGroups/0"
	for name, c := range map[string]struct {
		path     string
		old, new any
		want     string
	}{
		"a port of the group":              {group + "/Services/0/PortLabel", "https", "http", "names another port that the group has"},
		"a port that the group has not":    {group + "/Services/0/PortLabel", "https", "htps", unexplained},
		"text around the template's parts": {group + "/Tasks/1/Templates/0/EmbeddedTmpl", "{ a {{ .B }}", "{{ a {{ .B }}", "another template that consul-template takes as well"},
		"text of nginx":                    {group + "/Tasks/1/Templates/0/EmbeddedTmpl", "server { }", "server [ }", "text of a file that the task reads in a language of its own: the actions of its template are as they were"},
		"a number":                         {group + "/Count", 1.0, 2.0, unexplained},
	} {
		t.Run(name, func(t *testing.T) {
			if got := reason(false, []change{{path: c.path, old: c.old, new: c.new, base: s.base[0]}}); got != c.want {
				t.Errorf("the reason is %q, want %q", got, c.want)
			}
		})
	}
}
