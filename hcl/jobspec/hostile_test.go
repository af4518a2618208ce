package jobspec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/packctl/packctl/hcl/vars"
)

const tinyJob = "job \"a\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"docker\"\n      config {\n        image = \"x\"\n      }\n      template {\n        destination = \"local/x\"\n        data        = %s\n      }\n    }\n  }\n}\n"

// endless is when one of these packs counts as not coming to an end. Without bounds they take hours or all memory, with
// them a second or two.
const endless = 30 * time.Second

// A pack that means harm, or is a mistake of that size, ends soon, in bounded memory, with an error that says why.
func TestHostilePacks(t *testing.T) {
	many := fstest.MapFS{}
	for i := range 10_000 {
		many[fmt.Sprintf("files/%d/%d", i/100, i)] = &fstest.MapFile{Data: []byte("x")}
	}
	for name, c := range map[string]struct {
		data  string // of a template
		files fstest.MapFS
		want  string // in some diagnostic; empty: nothing is wrong
	}{
		"ten thousand files":             {`jsonencode(fileset("files", "**"))`, many, "too many"},
		"a file of 5 MB":                 {`file("files/big")`, fstest.MapFS{"files/big": {Data: []byte(strings.Repeat("0123456789abcde\n", 5<<16))}}, "too large"},
		"a variables file of 5 MB":       {`"x"`, fstest.MapFS{"variables.hcl": {Data: []byte(strings.Repeat("# 0123456789abc\n", 5<<16))}}, "too large"},
		"brackets, nested deeply":        {strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), nil, "More than"},
		"templates, nested deeply":       {strings.Repeat(`"${`, 20_000) + "1" + strings.Repeat(`}"`, 20_000), nil, "More than"},
		"blocks, nested deeply":          {"1\n" + strings.Repeat("x {\n", 20_000) + strings.Repeat("}\n", 20_000), nil, "More than"},
		"a template nested deeply":       {`templatefile("files/x.tpl", {})`, fstest.MapFS{"files/x.tpl": {Data: []byte(strings.Repeat("${[", 20_000))}}, "More than"},
		"a huge range":                   {"jsonencode(range(100000000))", nil, "range"},
		"a path that goes up":            {`file("../secret")`, nil, ".."},
		"an absolute path":               {`file("/etc/passwd")`, nil, "not a path below"},
		"a template that reads outside":  {`templatefile("files/x.tpl", {})`, fstest.MapFS{"files/x.tpl": {Data: []byte("${file(\"../../secret\")}")}}, ".."},
		"a template that renders itself": {`templatefile("files/x.tpl", {})`, fstest.MapFS{"files/x.tpl": {Data: []byte("${templatefile(\"files/x.tpl\", {})}")}}, "templatefile"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{"pack.hcl": {Data: []byte("pack \"p\" {\n  version = \"1\"\n}\n")}, "jobs/a.nomad.hcl": {Data: fmt.Appendf(nil, tinyJob, c.data)}}
			for k, v := range c.files {
				fsys[k] = v
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			o := run(fsys, vars.Inputs{})
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			text := o.diags.Error()
			if c.want == "" && o.diags.HasErrors() || c.want != "" && !strings.Contains(text, c.want) {
				t.Errorf("diagnostics without %q: %.600s", c.want, text)
			}
			if took > endless {
				t.Errorf("it takes %v", took)
			}
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 1024 {
				t.Errorf("it takes %d MB", used)
			}
			t.Logf("%v, %d MB: %.200s", took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, text)
		})
	}
}

// bombs are expressions of a few characters that ask for more than any machine has. What is to be named is what stands after ▶, or a part of it.
func bombs() map[string]string {
	return map[string]string{
		"loops in loops":              `jsonencode([for a in range(1000) : [for b in range(1000) : ▶[for c in range(1000) : a + b + c]]])`,
		"loops in loops, at run time": `jsonencode([for a in range(1000) : [for b in range(1000) : ▶[for c in range(1000) : NOMAD_DC]]])`,
		"loops in a template":         `"%{ for a in range(1000) }%{ for b in range(1000) }▶%{ for c in range(1000) }x%{ endfor }%{ endfor }%{ endfor }"`,
		"loops, filtered":             `jsonencode([for a in range(1000) : a if length([for b in range(1000) : b if length(▶[for c in range(1000) : c]) == 0]) == 0])`,
		"loops of pairs":              `jsonencode({ for a in range(1000) : a => { for b in range(1000) : b => ▶{ for c in range(1000) : c => c } } })`,
		"loops behind try":            `try(jsonencode([for a in range(1000) : [for b in range(1000) : ▶[for c in range(1000) : a]]]), "x")`,
		"calls in calls":              "▶" + strings.Repeat("try(", 60) + "pack.name" + strings.Repeat(")", 60),
		"splats in loops":             `jsonencode([for a in range(1000) : [for b in range(1000) : ▶range(1000)[*]]])`,
		"calls in loops":              `jsonencode([for a in range(1000) : [for b in range(1000) : length(▶range(1000))]])`,
		"a product of sets":           `length(▶setproduct(range(1000), range(1000), range(1000)))`,
		"a product of sets, expanded": `length(▶setproduct([range(1000), range(1000), range(1000)]...))`,
		"a width":                     `▶format("%1000000000d", 1)`,
		"a width and a runtime name":  `▶format("%1000000000s", NOMAD_DC)`,
		"digits":                      `▶format("%.1000000000f", 1.5)`,
		"a list of widths":            `join("", ▶formatlist("%100000d", range(1000)))`,
		"joins that grow":             `join("", [for a in range(1000) : ▶join(local.long, [for b in range(1000) : "x"])])`,
		"replaced by more":            `▶replace(local.long, "", local.long)`,
		"replaced by itself":          `▶regex_replace(local.long, "(x)", "$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1$1")`,
		"spaces":                      `▶indent(1000000000, "a\nb")`,
		"a text in loops":             `jsonencode([for a in range(1000) : "${▶local.long}${a}"])`,
		"a file in loops":             `jsonencode([for a in range(1000) : ▶file("files/long")])`,
		"a text, split":               `jsonencode([for a in range(1000) : ▶split("", local.long)])`,
		"distinct":                    `jsonencode(▶distinct(split("", local.long)))`,
		"values that double":          `jsonencode(local.list)`,
		"texts that double":           `local.text`,
		"a number":                    `▶"${1e100000000}"`,
		"a number that grows":         `format("%s", ▶1e4000 * 1e4000)`,
		"a number of a text":          `format("%s", ▶jsondecode("1e100000000"))`,
	}
}

// An expression cannot be interrupted, so it counts what it makes, and ends in one error at the place that made too much.
func TestBombsEndSoonInBoundedMemory(t *testing.T) {
	doubled := func(first, format string) string {
		lines := "locals {\n  x0 = " + first + "\n"
		for i := range 40 {
			lines += fmt.Sprintf("  x%d = %s\n", i+1, fmt.Sprintf(format, i))
		}
		return lines + "}\n"
	}
	locals := map[string]string{
		"local.long": "locals {\n  long = format(\"%70000s\", \"x\")\n}\n",
		"local.list": doubled(`["x", "y"]`, "[local.x%[1]d, local.x%[1]d]") + "locals {\n  list = local.x40\n}\n",
		"local.text": doubled(`"xxxxxxxxxxxxxxxx"`, `"${local.x%[1]d}${local.x%[1]d}"`) + "locals {\n  text = local.x40\n}\n",
	}
	for name, bomb := range bombs() {
		t.Run(name, func(t *testing.T) {
			job := fmt.Sprintf(tinyJob, bomb)
			before, _, marked := strings.Cut(job, "▶")
			fsys := fstest.MapFS{
				"pack.hcl":         {Data: []byte("pack \"p\" {\n  version = \"1\"\n}\n")},
				"files/long":       {Data: []byte(strings.Repeat("0123456789", 10_000))},
				"jobs/a.nomad.hcl": {Data: []byte(strings.ReplaceAll(job, "▶", ""))},
			}
			for name, text := range locals {
				if strings.Contains(bomb, name) {
					fsys["variables.hcl"] = &fstest.MapFile{Data: []byte(text)}
				}
			}
			o := bounded(t, fsys)
			if len(o.diags) != 1 || o.diags[0].ID != "too-much-to-compute" {
				t.Fatalf("diagnostics: %.600v", o.diags)
			}
			if at := o.diags[0].Subject; marked && (at.Filename != "packs/shop/jobs/a.nomad.hcl" || at.Start.Byte < len(before)) {
				t.Errorf("it points at %v, not after byte %d of the job", at, len(before))
			}
		})
	}
}

// The same holds wherever else expressions are evaluated, and for blocks.
func TestBombsElsewhereEndSoon(t *testing.T) {
	const loops = `[for a in range(1000) : [for b in range(1000) : [for c in range(1000) : a]]]`
	list := "[" + strings.Repeat("0,", 1000) + "]"
	literal := strings.ReplaceAll(loops, "range(1000)", list)
	nested := func(each string) string {
		return fmt.Sprintf("job \"a\" {\n  group \"g\" {\n    task \"t\" {\n      driver = \"docker\"\n      dynamic \"template\" {\n        for_each = %[1]s\n        content {\n          dynamic \"wait\" {\n"+
			"            for_each = %[1]s\n            content {\n              dynamic \"x\" {\n                for_each = %[1]s\n                content {}\n              }\n            }\n          }\n        }\n      }\n    }\n  }\n}\n", each)
	}
	job := fmt.Sprintf(tinyJob, `"x"`)
	for name, files := range map[string]map[string]string{
		"a default":            {"variables.hcl": "variable \"x\" {\n  default = " + literal + "\n}\n"},
		"an env file":          {"variables.hcl": "variable \"env\" {\n  default = \"dev\"\n}\nvariable \"x\" {\n  default = 1\n}\n", "env/dev.hcl": "x = " + literal + "\n"},
		"a validation":         {"variables.hcl": "variable \"x\" {\n  default = 1\n  validation {\n    condition     = length(" + loops + ") + var.x == 1\n    error_message = \"x\"\n  }\n}\n"},
		"a local":              {"variables.hcl": "locals {\n  x = " + loops + "\n}\n"},
		"a switch":             {"jobs/a.nomad.hcl": strings.Replace(job, "group \"g\" {", "group \"g\" {\n    when = length("+loops+") == 0", 1)},
		"a block switched off": {"jobs/a.nomad.hcl": strings.Replace(job, "group \"g\" {", "group \"g\" {\n    when = false\n    count = length("+loops+")", 1)},
		"a template's file":    {"jobs/a.nomad.hcl": fmt.Sprintf(tinyJob, `templatefile("files/t", {})`), "files/t": "${jsonencode(" + loops + ")}"},
		"an output":            {"pack.hcl": "pack \"p\" {\n  version = \"1\"\n}\noutput \"x\" {\n  value = jsonencode(" + loops + ")\n}\n"},
		"a credential":         {"pack.hcl": "pack \"p\" {\n  version = \"1\"\n}\ncredential \"x\" {\n  value = jsonencode(" + loops + ")\n}\n"},
		"blocks of the pack":   {"jobs/a.nomad.hcl": nested("[for i in range(1000) : i + strlen(pack.name)]")},
		"blocks of Nomad's":    {"jobs/a.nomad.hcl": nested("range(1000)")},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{"pack.hcl": {Data: []byte("pack \"p\" {\n  version = \"1\"\n}\n")}, "jobs/a.nomad.hcl": {Data: []byte(job)}}
			for name, text := range files {
				fsys[name] = &fstest.MapFile{Data: []byte(text)}
			}
			o := bounded(t, fsys)
			n := 0
			for _, d := range o.diags {
				if d.ID == "too-much-to-compute" && d.HasPlace() {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d say it is too much: %.600v", n, o.diags)
			}
		})
	}
}

// What a large pack computes is no bomb.
func TestLargePacksAreAfforded(t *testing.T) {
	fsys := fstest.MapFS{"pack.hcl": {Data: []byte("pack \"p\" {\n  version = \"1\"\n}\n")}, "files/t": {Data: []byte(strings.Repeat("server ${name};\n", 1000))}}
	fsys["variables.hcl"] = &fstest.MapFile{Data: []byte("locals {\n  names = [for i in range(1000) : format(\"worker-%04d\", i)]\n  by = { for n in local.names : n => upper(n) }\n  all = distinct(concat(local.names, values(local.by)))\n}\n")}
	for i := range 100 {
		fsys[fmt.Sprintf("jobs/j%d.nomad.hcl", i)] = &fstest.MapFile{Data: []byte(strings.Replace(fmt.Sprintf(tinyJob,
			`join("", [templatefile("files/t", { name = "x" }), join(",", [for n in local.names : "${n}=${local.by[n]}"])])`), `"a"`, fmt.Sprintf("\"j%d\"", i), 1))}
	}
	if o := run(fsys, vars.Inputs{}); len(o.diags) > 0 {
		t.Errorf("%.600v", o.diags)
	}
}

// bounded runs a pack, which must take less than two seconds of the processor, however busy the machine is, and 200 MB at most.
func bounded(t *testing.T, fsys fstest.MapFS) outcome {
	t.Helper()
	runtime.GC()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		var m runtime.MemStats
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-tick.C:
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			case <-stop:
				peak <- most
				return
			}
		}
	}()
	began := processor(t)
	o := run(fsys, vars.Inputs{})
	took := processor(t) - began
	close(stop)
	used := <-peak >> 20
	if took > endless || used > 200 {
		t.Errorf("it takes %v and %d MB", took, used)
	}
	t.Logf("%v, %d MB: %.300v", took.Round(time.Millisecond), used, o.diags)
	return o
}

// processor is the time that the program has had of it.
func processor(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Links lead nowhere out of the pack for templates either.
func TestATemplateBehindALinkIsRefused(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		outside + "/secret.tpl":   "hidden",
		dir + "/pack.hcl":         "pack \"p\" {\n  version = \"1\"\n}\n",
		dir + "/jobs/a.nomad.hcl": fmt.Sprintf(tinyJob, `templatefile("link.tpl", {})`),
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside+"/secret.tpl", dir+"/link.tpl"); err != nil {
		t.Fatal(err)
	}
	o := run(os.DirFS(dir), vars.Inputs{})
	if text := o.diags.Error(); !strings.Contains(text, "leaves the pack's folder") || strings.Contains(text, "hidden") {
		t.Errorf("the link is followed: %v", text)
	}
}
