package jobspec_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/packctl/packctl/hcl/vars"
)

// The examples of docs/language.md are one pack; it must render without a word in each env.
func TestTheExamplesOfTheLanguagePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, m := range regexp.MustCompile("(?s)```hcl (\\S+)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		fsys[m[1]] = &fstest.MapFile{Data: []byte(m[2])}
	}
	if all := strings.Count(string(page), "```hcl"); len(fsys) != all || all < 5 {
		t.Fatalf("%d of %d examples name a file of their own", len(fsys), all)
	}
	for _, env := range []string{"dev", "prod"} {
		o := run(fsys, vars.Inputs{Args: []string{"env=" + env}})
		if len(o.diags) > 0 {
			t.Fatalf("env %s: %v", env, o.diags)
		}
		text := string(o.result.Files[0].Source)
		for want, in := range map[string]bool{
			`group "adminer"`: env == "dev", "shop-postgres": true, `"worker-mail"`: true, "count = 2": env == "prod", "var.": false, "wait_for \"": false,
		} {
			if strings.Contains(text, want) != in {
				t.Errorf("env %s: %q in the rendered job: %t, want %t\n%s", env, want, !in, in, text)
			}
		}
	}
}
