package packctl

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/packctl/packctl/"

// order is the language's pipeline: each of its packages may import those left of it.
var order = []string{"diag", "budget", "spec", "pack", "vars", "eval", "jobspec", "stack", "check", "compile", "packtest"}

// rule says what the packages below a folder may import of this module, and what they may never import of others.
type rule struct {
	below string
	may   []string // folders of this module, besides its own
	never []string // packages from elsewhere, with all below them; a path alone means exactly that package with a final "$"
	why   string
}

// impure are packages that would let a pack's meaning depend on more than its files and values.
// Durations and jobs' times are values, so package time itself is allowed; TestTheLanguageHasNoClock has the rest.
var impure = []string{"os", "net", "math/rand", "crypto/rand", "log", "syscall", "runtime$"}

// values are packages below those that only know forms: net/netip parses an address and reaches nothing.
var values = []string{"net/netip"}

// rules are in order: the first whose folder holds a package counts. A folder not named here fails the test.
var rules = []rule{
	{"cmd/packctl", []string{"internal/cli"}, nil, "a main hands signals and the exit code over, and knows no more"},
	{"cmd/sidecar", []string{"sidecars", "hcl/spec", "internal/probe", "internal/queue", "internal/nomad", "internal/consul"}, nil, "a main wires the sidecars; of the language it passes on only the toolkit's blocks"},
	{"sidecars/daemon", nil, nil, "the life that all sidecars share knows none of them"},
	{"sidecars/gate", []string{"sidecars/daemon", "hcl/spec", "internal/probe", "internal/consul"}, nil, "sidecars do not know each other, nor the command line; of the language they read only its own blocks"},
	{"sidecars/migrate", []string{"sidecars/daemon", "hcl/spec", "internal/probe", "internal/consul"}, nil, "as gate"},
	{"sidecars/autoscale", []string{"sidecars/daemon", "hcl/spec", "internal/queue", "internal/nomad", "internal/consul"}, nil, "as gate"},
	{"sidecars/monitor", []string{"sidecars/daemon", "hcl/spec", "internal/status", "internal/probe", "internal/queue", "internal/graph", "internal/release", "internal/nomad", "internal/consul"}, nil, "as gate; it shows what status says of the facts that the adapters deliver to release and to it alike"},
	{"internal/cli/view", []string{"hcl", "internal/release", "internal/status", "internal/graph", "internal/devagent"}, nil, "views show values that others made"},
	{"internal/cli", []string{"hcl", "internal", "packs"}, nil, "verbs wire everything of the command line; no sidecar is one"},
	{"internal/release", []string{"hcl", "internal/status"}, []string{"github.com/hashicorp/consul"}, "it knows interfaces, not adapters: they can be replaced in tests"},
	{"internal/nomad", []string{"hcl/spec", "internal/release", "internal/status"}, []string{"github.com/hashicorp/consul"}, "adapters do not know each other"},
	{"internal/consul", []string{"hcl/spec", "internal/release", "internal/status"}, []string{"github.com/hashicorp/nomad"}, "adapters do not know each other"},
	{"internal/status", []string{"hcl/spec"}, impure, "pure: run, status and monitor show what the same facts mean"},
	{"internal/probe", []string{"hcl/spec"}, nil, "one try of a protocol knows nothing of who asks"},
	{"internal/queue", []string{"hcl/spec"}, nil, "a queue's length knows nothing of who asks"},
	{"internal/graph", []string{"hcl/stack", "hcl/spec"}, impure, "a pure layout of a stack and of what its gates ask"},
	{"internal/devagent", []string{"internal/proc", "internal/repo"}, nil, "the agents know nothing of what runs on them"},
	{"internal/realtest", []string{"internal/proc", "internal/repo"}, nil, "servers for every test must not pull in what is tested"},
	{"internal/proc", nil, nil, "processes and mounts are the bottom"},
	{"internal/repo", nil, nil, "finding the source tree is the bottom"},
	{"bench", nil, nil, "it measures programs from outside, as people run them; the parser beside them is Nomad's own"},
	{"e2e", []string{"hcl", "internal", "sidecars"}, nil, "tests of the whole"},
	{"packs", []string{"hcl"}, nil, "tests of the packs that we ship"},
	{"examples", nil, nil, "a demo application stands alone"},
	{"images", nil, nil, "a program of an image stands alone"},
	{"docs", []string{"hcl", "internal/cli"}, nil, "documentation is generated from what it describes"},
}

// ruleOf is the rule for a folder; those of the language's packages follow from their order.
func ruleOf(dir string) (rule, bool) {
	if rest, ok := strings.CutPrefix(dir, "hcl/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		i := slices.Index(order, name)
		if i < 0 {
			return rule{}, false
		}
		r := rule{below: "hcl/" + name, never: impure, why: "each step of the language's pipeline knows only those before it, and none reads anything but what it is given"}
		for _, left := range order[:i] {
			r.may = append(r.may, "hcl/"+left)
		}
		return r, true
	}
	for _, r := range rules {
		if within(dir, r.below) {
			return r, true
		}
	}
	return rule{}, false
}

func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func matches(imported, pattern string) bool {
	if exact, ok := strings.CutSuffix(pattern, "$"); ok {
		return imported == exact
	}
	return within(imported, pattern)
}

// broken says why a package in dir may not import what it imports, or "".
func broken(dir, imported string) string {
	r, ok := ruleOf(dir)
	if !ok {
		return "no rule says what this folder may import; add a row with its reason"
	}
	if ours, ok := strings.CutPrefix(imported, module); ok {
		if within(ours, r.below) || slices.ContainsFunc(r.may, func(d string) bool { return within(ours, d) }) {
			return ""
		}
		return r.why
	}
	if slices.Contains(values, imported) {
		return ""
	}
	if slices.ContainsFunc(r.never, func(p string) bool { return matches(imported, p) }) {
		return r.why
	}
	return ""
}

// TestImports holds who may import whom. It looks at direct imports of everything but tests, which may use more.
func TestImports(t *testing.T) {
	found := map[string]string{} // "dir imports path" → why not
	eachFile(t, parser.ImportsOnly, func(p string, file *ast.File) {
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := broken(path.Dir(p), imported); why != "" {
				found[path.Dir(p)+" imports "+imported] = why
			}
		}
	})
	for _, what := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%s: %s", what, found[what])
	}
}

// eachFile parses every Go file of the module's packages but tests.
func eachFile(t *testing.T, mode parser.Mode, visit func(path string, file *ast.File)) {
	t.Helper()
	skipped := []string{"bin", "tools", "node_modules", "testdata"}
	err := fs.WalkDir(os.DirFS("."), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || slices.Contains(skipped, d.Name())):
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(p, ".go"), strings.HasSuffix(p, "_test.go"), path.Dir(p) == ".":
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), p, nil, mode)
		if err == nil {
			visit(p, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTheLanguageHasNoClock: the same pack and values mean the same at any time.
func TestTheLanguageHasNoClock(t *testing.T) {
	clock := []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep", "Local"}
	eachFile(t, parser.SkipObjectResolution, func(p string, file *ast.File) {
		if !within(p, "hcl") && !within(p, "internal/status") {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains(clock, sel.Sel.Name) {
				t.Errorf("%s uses time.%s: evaluation is a pure function of the pack's files and values", p, sel.Sel.Name)
			}
			return true
		})
	})
}

func TestTheImportRulesRefuse(t *testing.T) {
	for what, c := range map[string]struct{ dir, imported string }{
		"a step of the pipeline that reaches ahead":      {"hcl/pack", module + "hcl/eval"},
		"the language reading the environment":           {"hcl/eval", "os"},
		"the language reading files by itself":           {"hcl/pack", "os"},
		"a sidecar that knows another":                   {"sidecars/gate", module + "sidecars/migrate"},
		"a sidecar that reads packs":                     {"sidecars/monitor", module + "hcl/pack"},
		"an adapter that knows the other":                {"internal/nomad", module + "internal/consul"},
		"an adapter that uses the other's client":        {"internal/consul", "github.com/hashicorp/nomad/api"},
		"releases that know an adapter":                  {"internal/release", module + "internal/nomad"},
		"a view that acts":                               {"internal/cli/view", module + "internal/nomad"},
		"a folder that nobody thought about":             {"internal/misc", "fmt"},
		"the command line in the sidecar's main":         {"cmd/sidecar", module + "internal/cli"},
		"a package of the language that has no place":    {"hcl/extra", "fmt"},
		"development agents that know what runs on them": {"internal/devagent", module + "hcl/stack"},
	} {
		if broken(c.dir, c.imported) == "" {
			t.Errorf("%s: %s importing %s must be refused", what, c.dir, c.imported)
		}
	}
	for what, c := range map[string]struct{ dir, imported string }{
		"a step that looks back":  {"hcl/eval", module + "hcl/diag"},
		"its own subpackage":      {"hcl/eval", module + "hcl/eval/splice"},
		"the model types":         {"hcl/stack", "github.com/hashicorp/nomad/api"},
		"an abstract file system": {"hcl/pack", "io/fs"},
	} {
		if why := broken(c.dir, c.imported); why != "" {
			t.Errorf("%s: %s importing %s must be allowed, not: %s", what, c.dir, c.imported, why)
		}
	}
}
