package pack

import (
	"os"
	"path/filepath"
	"testing"
)

func TestUnclosed(t *testing.T) {
	for name, tc := range map[string]struct {
		src             string
		opened, missing int // 0: nothing is found
	}{
		"a brace of an inner block":             {"a {\n  b {\n    c = 1\n  \n  d = 2\n}\n", 2, 4},
		"the last brace":                        {"a {\n  b = 1\n", 1, 2},
		"a bracket":                             {"a = [\n  1,\n\nb = 2\n", 1, 3},
		"a brace on one line":                   {"a {\n  b { c = 1\n  d = 2\n}\n", 2, 2},
		"a brace before a blank line":           {"a {\n  b = 1\n\n\nc {\n}\n", 1, 3},
		"one kind closed by another":            {"a = object(x\n  b = 1\n})\n", 1, 2},
		"a parenthesis in place of a brace":     {"a (\n  b = 1\n}\n", 1, 2},
		"a brace too many at the end of a line": {"a {\n  b {\n    c = 1 }\n  }\n}\n", 3, 4},
		"a brace too many among the last":       {"a {\n  b = 1 }\n}\n", 2, 3},
		"an opening parenthesis is missing":     {"a {\n  b = map(object{\n    c = 1\n  }))\n}\n", 2, 4},
		"all closed":                            {"a {\n  b = [\n    1,\n  ]\n  c = <<-E\n  x {\n  E\n}\n", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			opened, missing, found := unclosed([]byte(tc.src), "f")
			if found != (tc.opened > 0) || opened.Start.Line != tc.opened || missing.Start.Line != tc.missing {
				t.Errorf("got %d, %d, want %d, %d", opened.Start.Line, missing.Start.Line, tc.opened, tc.missing)
			}
		})
	}
}

func TestNothingIsUnclosedInOurPacks(t *testing.T) {
	files, err := filepath.Glob("../../packs/*/jobs/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no packs: %v", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if opened, _, found := unclosed(src, file); found {
			t.Errorf("%s: %v is called unclosed", file, opened)
		}
	}
}
