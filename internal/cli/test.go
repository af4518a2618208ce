package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/compile"
	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/packtest"
	"github.com/packctl/packctl/hcl/vars"
	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// TestOptions are the inputs of "packctl test".
type TestOptions struct {
	Factory *Factory
	Pack    string // empty: the pack in the working folder, or all of ./packs
	Run     string
	Update  bool
	JUnit   string
	Output  string

	Live    bool // the running release's own test hooks instead
	Release packFlags
	Cluster ClusterFlags
	Timeout time.Duration
}

// NewCmdTest makes "packctl test".
func NewCmdTest(f *Factory, runF func(*TestOptions) error) *cobra.Command {
	opts := &TestOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "test [<pack>]",
		Short: "Run a pack's own tests, without a cluster",
		Long: "test runs the run blocks in a pack's tests/*.hcl: each renders the pack with its values and asserts something\n" +
			"about the jobs that come out. Only the values in the test files count, not the environment. Without a pack it tests\n" +
			"the one in the working folder, or all in ./" + packsDir + ".\n\n" +
			"With -live it runs the hooks on = [\"test\"] of a release that runs, as its newest revision has them: each a batch job that is\n" +
			"awaited to its exit status, with its log where it fails (exit code 4). The argument is the release then.",
		Example: "  packctl test appstack\n  packctl test appstack -run prod/ports\n  packctl test -junit report.xml\n  packctl test appstack -update",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return WithHint(fmt.Errorf("'%s' takes one pack, but got %q too", cmd.CommandPath(), args[1]), "without one, all packs of ./"+packsDir+" are tested")
			}
			opts.Pack = strings.Join(args, "")
			return nil
		},
		ValidArgsFunction: f.completePacks,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if runF != nil {
				return runF(opts)
			}
			if opts.Live {
				return testLive(cmd.Context(), opts)
			}
			return testRun(opts)
		},
	}
	opts.Release.registerRelease(cmd)
	opts.Cluster.register(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&opts.Live, "live", false, "run the tests of a running release, in the cluster")
	fs.DurationVar(&opts.Timeout, "timeout", 0, "with -live: give up after this `time` (default: the hooks' own)")
	fs.StringVar(&opts.Run, "run", "", "only the runs whose file/name matches this `regexp`")
	fs.BoolVar(&opts.Update, "update", false, "write the golden files of runs that have some")
	fs.StringVar(&opts.JUnit, "junit", "", "write the result to a `file` too, in JUnit's XML")
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func testRun(opts *TestOptions) error {
	f := opts.Factory
	wanted, err := regexp.Compile(opts.Run)
	if err != nil {
		return WithHint(fmt.Errorf("-run %q is no regular expression", opts.Run), err.Error())
	}
	names, err := f.tested(opts.Pack)
	if err != nil {
		return err
	}
	began := time.Now()
	var all view.Tests
	for _, name := range names {
		t, err := f.testPack(name, wanted, opts.Update)
		if err != nil {
			return err
		}
		all.Packs = append(all.Packs, t)
	}
	all.Elapsed = time.Since(began)
	passed, failed := all.Counts()
	if opts.Run != "" && passed+failed == 0 {
		return WithHint(fmt.Errorf("no run matches -run %q", opts.Run), "it is compared with <file>/<run>, such as prod/ports for the run \"ports\" of tests/prod.hcl")
	}
	if opts.JUnit != "" {
		text, err := view.JUnit(all)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.path(opts.JUnit), text, 0o644); err != nil {
			return fmt.Errorf("write the JUnit report: %w", err)
		}
	}
	f.view(opts.Output).Tested(all)
	if failed > 0 {
		return &ErrShown{Code: CodeUsage}
	}
	return nil
}

// testLive runs the tests of a release that runs.
func testLive(ctx context.Context, opts *TestOptions) error {
	f := opts.Factory
	opts.Release.Pack = opts.Pack
	if opts.Release.Name == "" && opts.Pack == "" {
		return WithHint(errors.New("-live needs the name of a release"), "packctl list shows those that run")
	}
	if opts.Run != "" || opts.Update || opts.JUnit != "" {
		return WithHint(errors.New("-run, -update and -junit are for tests without a cluster"), "leave them out, or leave out -live")
	}
	rel, err := f.release(opts.Release, opts.Pack)
	if err != nil {
		return err
	}
	opts.Cluster.Namespace = rel.Namespace
	engine, err := f.Releaser(opts.Cluster)
	if err != nil {
		return err
	}
	v := f.view(opts.Output)
	result, err := engine.Test(ctx, release.TestOptions{Release: rel.Name, Namespace: rel.Namespace, Timeout: opts.Timeout}, v)
	if result != nil {
		v.Finished(result, nil)
	}
	return err
}

// tested says which packs to test: the one that was named, the one in the working folder, or all in ./packs.
func (f *Factory) tested(arg string) ([]string, error) {
	switch {
	case arg != "":
		return []string{arg}, nil
	case isPack(f.path(".")):
		return []string{"."}, nil
	}
	names := f.packs()
	if len(names) == 0 {
		return nil, WithHint(fmt.Errorf("there is no pack to test, neither here nor in ./%s", packsDir), "name one, or give its path")
	}
	return names, nil
}

// testPack does the runs of one pack that are wanted.
func (f *Factory) testPack(arg string, wanted *regexp.Regexp, update bool) (view.PackTests, error) {
	dir, name, err := f.findPack(arg)
	if err != nil {
		return view.PackTests{}, err
	}
	p, loading := pack.Load(os.DirFS(dir), name)
	suite, diags := packtest.Load(p)
	out := view.PackTests{Pack: name, Diagnosed: view.Diagnosed{Diags: diags, Sources: suite.Sources}}
	if diags.HasErrors() {
		return out, nil
	}
	for _, r := range suite.Runs {
		if !wanted.MatchString(r.ID()) {
			continue
		}
		began := time.Now()
		result := view.TestRun{Result: suite.Execute(r, compiler(p, loading))}
		result.Elapsed = time.Since(began)
		if update {
			if err := writeGoldens(dir, &result); err != nil {
				return out, err
			}
		}
		out.Runs = append(out.Runs, result)
	}
	return out, nil
}

// compiler is the pipeline as tests use it. The version does not count: a golden file must not change with it.
func compiler(p *pack.Pack, loading diag.Diagnostics) packtest.Compile {
	return func(in vars.Inputs, rel eval.Release) packtest.Compiled {
		c := compile.Compile(p, loading, in, rel, eval.Options{})
		return packtest.Compiled{Values: c.Values, Result: c.Result, Stack: c.Stack, Diags: c.Diags}
	}
}

// writeGoldens makes the golden files as the run wants them; what they differed in is no failure then.
func writeGoldens(dir string, r *view.TestRun) error {
	for _, g := range r.Goldens {
		at := filepath.Join(dir, filepath.FromSlash(g.Path))
		if g.Data == nil {
			if err := os.Remove(at); err != nil {
				return fmt.Errorf("remove the golden file that no job becomes: %w", err)
			}
			r.Written = append(r.Written, "removed "+g.Path)
			continue
		}
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return fmt.Errorf("make the folder for golden files: %w", err)
		}
		if err := os.WriteFile(at, g.Data, 0o644); err != nil {
			return fmt.Errorf("write the golden file: %w", err)
		}
		r.Written = append(r.Written, "wrote "+g.Path)
	}
	r.Failures = slices.DeleteFunc(r.Failures, func(d diag.Diagnostic) bool { return len(r.Goldens) > 0 && d.ID == packtest.GoldenDiffers })
	return nil
}
