package diag

import (
	"slices"
	"testing"
)

func TestNear(t *testing.T) {
	if got := Near("https_port", []string{"http_port", "httpsz_port", "smtp_host"}); !slices.Equal(got, []string{"http_port", "httpsz_port"}) {
		t.Errorf("got %v", got)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"count", "image", "replicas", "x"}
	for name, c := range map[string]struct{ given, want string }{
		"a letter too few":                           {"imge", "image"},
		"two letters swapped":                        {"cuont", "count"},
		"another case":                               {"REPLICAS", "replicas"},
		"something else entirely is no suggestion":   {"password", ""},
		"a name of one letter is near to everything": {"y", ""},
		"nothing": {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Suggest(c.given, known); got != c.want {
				t.Errorf("Suggest(%q) = %q, want %q", c.given, got, c.want)
			}
		})
	}
}
