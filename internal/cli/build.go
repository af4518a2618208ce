package cli

import "runtime/debug"

// version is set by the linker for a release: -ldflags "-X github.com/packctl/packctl/internal/cli.version=1.2.3".
var version string

// Develop is the version of a build that no release was made from.
const Develop = "devel"

// Build says what this binary was built from.
type Build struct {
	Version  string // a release's version, or "devel"
	Revision string // of the source, empty where unknown
	Modified bool   // the source had changes that were not committed
	Time     string // of the revision's commit, RFC 3339
	Go       string
}

// readBuild takes the version from the linker or the module, the rest from the build itself.
func readBuild() Build {
	b := Build{Version: version}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		if b.Version == "" {
			b.Version = Develop
		}
		return b
	}
	return b.from(info)
}

// from fills in what the build information says. A version that Go derived from a commit ("v0.0.0-2026…", "+dirty")
// is no release's.
func (b Build) from(info *debug.BuildInfo) Build {
	b.Go = info.GoVersion
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	if b.Version == "" {
		b.Version = Develop
		// "go install …@v1.2.3" has a module version and no working copy.
		if v := info.Main.Version; v != "" && v != "(devel)" && b.Revision == "" {
			b.Version = v
		}
	}
	return b
}
