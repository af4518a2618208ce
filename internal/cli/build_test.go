package cli

import (
	"runtime/debug"
	"testing"
)

func TestBuildVersion(t *testing.T) {
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	for name, tc := range map[string]struct {
		linked string
		info   debug.BuildInfo
		want   Build
	}{
		"the linker's word wins": {"1.2.3", debug.BuildInfo{Main: debug.Module{Version: "v9"}}, Build{Version: "1.2.3"}},
		"go install of a tag":    {"", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, Build{Version: "v1.2.3"}},
		"a working copy is devel, whatever Go makes of its commit": {"", debug.BuildInfo{Main: debug.Module{Version: "v1.2.4-0.2026+dirty"}, Settings: vcs}, Build{Version: "devel", Revision: "abc", Modified: true}},
		"no information is devel":                                  {"", debug.BuildInfo{}, Build{Version: "devel"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (Build{Version: tc.linked}).from(&tc.info); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
