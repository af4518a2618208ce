package cli

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/pack"
)

// Every packctl command of the page about Compose is one that packctl takes, and sets variables that its pack has.
func TestTheCommandsOfFromCompose(t *testing.T) {
	page, err := os.ReadFile("../../docs/from-compose.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("(?m)(?:`|^    )(packctl [^`\n]+)").FindAllStringSubmatch(string(page), -1)
	if len(commands) < 15 {
		t.Fatalf("only %d commands found", len(commands))
	}
	for _, m := range commands {
		root, line := NewCmdRoot(NewFactory()), words(m[1])[1:]
		cmd, rest, err := root.Find(longFlags(root, line))
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil {
			err = cmd.ValidateArgs(cmd.Flags().Args())
		}
		if err != nil || !cmd.HasParent() {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		set, err := cmd.Flags().GetStringArray("var")
		dir := "../../packs/" + cmd.Flags().Arg(0)
		if _, missing := os.Stat(dir + "/pack.hcl"); err != nil || missing != nil {
			continue
		}
		p, diags := pack.Load(os.DirFS(dir), dir)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, v := range set {
			if name, _, _ := strings.Cut(v, "="); !slices.ContainsFunc(p.Variables, func(b *hclsyntax.Block) bool { return b.Labels[0] == name }) {
				t.Errorf("%s: the pack has no variable %s", m[1], name)
			}
		}
	}
}

// words takes a command line apart as a shell does, as far as the page needs it: at spaces outside single quotes.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out[len(out)-1] += part
			continue
		}
		fields := strings.Fields(part)
		if i > 0 && !strings.HasPrefix(part, " ") && len(fields) > 0 {
			out[len(out)-1] += fields[0]
			fields = fields[1:]
		}
		out = append(out, fields...)
		if strings.HasSuffix(part, " ") {
			out = append(out, "")
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}
