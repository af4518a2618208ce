package packtest_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// The examples of docs/testing.md are one pack; its runs pass, but for the one that the page shows failing.
func TestTheExamplesOfTheTestingPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{}
	for _, m := range regexp.MustCompile("(?s)```hcl (\\S+)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		fsys[m[1]] = &fstest.MapFile{Data: []byte(m[2])}
	}
	if all := strings.Count(string(page), "```hcl"); len(fsys) != all || all < 8 {
		t.Fatalf("%d of %d examples name a file of their own", len(fsys), all)
	}
	shown := regexp.MustCompile("(?s)```text wrong\n(.*?)\n```").FindAllStringSubmatch(string(page), -1)
	got := failures(t, fsys)
	if len(got) != len(shown) {
		t.Errorf("%d failures, and the page shows %d", len(got), len(shown))
	}
	for i, d := range got {
		if d.Subject.Filename != "shop/tests/wrong.hcl" {
			t.Errorf("not the one that must fail: %v", d)
			continue
		}
		if i < len(shown) && d.Detail != shown[i][1] {
			t.Errorf("the page shows\n%s\nand it says\n%s", shown[i][1], d.Detail)
		}
	}
}
