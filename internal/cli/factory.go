// Package cli is packctl's command line: one file a verb, each an Options struct, a NewCmdX that fills it from flags and
// an xRun that does the work.
//
// In: arguments, the environment, the working folder. Out: the result on stdout, the talk on stderr, an exit code.
// Commands never print: they hand values to a view. Only mains import this package.
package cli

import (
	"context"
	"os"

	"golang.org/x/term"

	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// Factory makes what verbs need, when they need it. Tests replace its fields.
type Factory struct {
	Streams *view.Streams
	Dir     string          // relative paths and ./packs are looked up here
	Environ func() []string // "k=v", read for PACKCTL_VAR_* and NOMAD_NAMESPACE
	Build   Build

	// Releaser connects to a cluster. It does not fail because nobody answers; the first call does.
	Releaser func(ClusterFlags) (Releaser, error)
	// Releases names the releases of a namespace.
	Releases func(context.Context, ClusterFlags) ([]string, error)
	// Tiers names the tiers of a namespace's releases, by release, each as "job/tier".
	Tiers func(context.Context, ClusterFlags) (map[string][]string, error)
}

// Releaser works on releases on a cluster.
type Releaser interface {
	Plan(ctx context.Context, s *stack.Stack, opt release.RunOptions, obs release.Observer) (*release.Plan, error)
	Draft(ctx context.Context, s *stack.Stack, opt release.RunOptions, obs release.Observer) (*release.Plan, *release.PlanFile, error)
	RunPlan(ctx context.Context, f *release.PlanFile, opt release.RunOptions, obs release.Observer) (*release.Result, error)
	Run(ctx context.Context, s *stack.Stack, opt release.RunOptions, obs release.Observer) (*release.Result, error)
	Stop(ctx context.Context, opt release.StopOptions, obs release.Observer) (*release.Result, error)
	Scale(ctx context.Context, opt release.ScaleOptions, obs release.Observer) (*release.Result, error)
	Test(ctx context.Context, opt release.TestOptions, obs release.Observer) (*release.Result, error)
	Rollback(ctx context.Context, opt release.RollbackOptions, obs release.Observer) (*release.Result, error)
	Memory(ctx context.Context, release string) (*release.Memory, error)
	History(ctx context.Context, release string) ([]*release.Revision, error)
	Diff(ctx context.Context, opt release.DiffOptions) (*release.Difference, error)
	Revision(ctx context.Context, release string, number int) (*release.Revision, *release.Manifest, error)
	Logs(ctx context.Context, opt release.LogOptions, sink release.LogSink) error
	Inspector
	Operator
}

// NewFactory is the real one: the process's own streams, environment and folder.
func NewFactory() *Factory {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	return &Factory{
		Streams:  osStreams(),
		Dir:      dir,
		Environ:  os.Environ,
		Build:    readBuild(),
		Releaser: connect,
		Releases: releases,
		Tiers:    tiers,
	}
}

// osStreams looks at the process's own streams. NO_COLOR (https://no-color.org) and TERM=dumb turn colours off.
func osStreams() *view.Streams {
	errTTY := term.IsTerminal(int(os.Stderr.Fd()))
	return &view.Streams{
		In:     os.Stdin,
		Out:    os.Stdout,
		Err:    os.Stderr,
		InTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTTY: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTTY: errTTY,
		Color:  os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Size: func() (int, int) {
			fd := os.Stderr
			if !errTTY {
				fd = os.Stdout
			}
			w, h, err := term.GetSize(int(fd.Fd()))
			if err != nil {
				return 0, 0
			}
			return w, h
		},
	}
}
