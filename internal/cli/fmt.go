package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/internal/cli/view"
)

// FmtOptions are the inputs of "packctl fmt".
type FmtOptions struct {
	Factory   *Factory
	Paths     []string
	Check     bool
	Diff      bool
	Recursive bool
	Output    string
}

// NewCmdFmt makes "packctl fmt".
func NewCmdFmt(f *Factory, runF func(*FmtOptions) error) *cobra.Command {
	opts := &FmtOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "fmt [pack, folder or file...]",
		Short: "Put HCL files into the canonical form",
		Long: "fmt aligns and indents the HCL files of packs, folders and single files, as 'nomad fmt' and 'terraform fmt' do, and\n" +
			"prints the names of those it changed. Nothing but white space changes, and a second run changes nothing.\n\n" +
			"Without an argument it takes the working folder. Of a pack it takes every file that a pack has: pack.hcl, variables.hcl,\n" +
			"and those of env/, jobs/ and tests/. Of any other folder it takes what lies in it, and with -recursive all below.\n" +
			"A file '-' is standard input, whose formatted text goes to standard output.\n\n" +
			"With -check nothing is written, and the exit code is 1 when a file is not formatted. A file that is no HCL is left alone\n" +
			"and told of, and the exit code is 1.",
		Example:           "  packctl fmt appstack\n  packctl fmt -check -recursive packs\n  packctl fmt -check -diff jobs/web.nomad.hcl",
		ValidArgsFunction: f.completeFiles,
		RunE: func(_ *cobra.Command, args []string) error {
			opts.Paths = args
			if len(args) == 0 {
				opts.Paths = []string{"."}
			}
			if runF != nil {
				return runF(opts)
			}
			return fmtRun(opts)
		},
	}
	fs := cmd.Flags()
	fs.BoolVar(&opts.Check, "check", false, "write nothing; end with exit code 1 when a file is not formatted")
	fs.BoolVar(&opts.Diff, "diff", false, "print what changes")
	fs.BoolVar(&opts.Recursive, "recursive", false, "take the folders below folders too")
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

func fmtRun(opts *FmtOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	if len(opts.Paths) == 1 && opts.Paths[0] == "-" {
		return fmtStream(opts, v)
	}
	files, err := f.hclFiles(opts.Paths, opts.Recursive)
	if err != nil {
		return err
	}
	result := view.Formatted{Check: opts.Check}
	wrong := view.Diagnosed{Sources: map[string][]byte{}}
	for _, name := range files {
		before, err := os.ReadFile(f.path(name))
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		after, diags := format(before, name)
		if diags.HasErrors() {
			wrong.Diags = append(wrong.Diags, diags...)
			wrong.Sources[name] = before
			continue
		}
		if string(after) == string(before) {
			continue
		}
		changed := view.FormattedFile{Name: name}
		if opts.Diff {
			changed.Diff = string(diff.Diff(name, before, name+" (formatted)", after))
		}
		result.Files = append(result.Files, changed)
		if opts.Check {
			continue
		}
		if err := replaceFile(f.path(name), after); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return fmtEnd(v, result, wrong)
}

// fmtEnd shows what was done, and ends with an error when a file is wrong, or not as it should be.
func fmtEnd(v view.View, result view.Formatted, wrong view.Diagnosed) error {
	v.Formatted(result)
	v.Diagnostics(wrong)
	if wrong.HasErrors() || result.Check && len(result.Files) > 0 {
		return &ErrShown{Code: CodeUsage}
	}
	return nil
}

// fmtStream formats standard input onto standard output: what an editor calls when it saves.
func fmtStream(opts *FmtOptions, v view.View) error {
	const name = "stdin"
	s := opts.Factory.Streams
	before, err := io.ReadAll(s.In)
	if err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	after, diags := format(before, name)
	if diags.HasErrors() {
		return fmtEnd(v, view.Formatted{}, view.Diagnosed{Diags: diags, Sources: map[string][]byte{name: before}})
	}
	if !opts.Check && !opts.Diff {
		if _, err := s.Out.Write(after); err != nil {
			return fmt.Errorf("write standard output: %w", err)
		}
		return nil
	}
	result := view.Formatted{Check: opts.Check}
	if string(after) != string(before) {
		changed := view.FormattedFile{Name: name}
		if opts.Diff {
			changed.Diff = string(diff.Diff(name, before, name+" (formatted)", after))
		}
		result.Files = append(result.Files, changed)
	}
	return fmtEnd(v, result, view.Diagnosed{Diags: diag.Diagnostics{}})
}

// replaceFile puts a text in the place of a file in one step, so that an interruption leaves one or the other. A symbolic
// link goes on to lead to the file.
func replaceFile(path string, data []byte) (err error) {
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".packctl-fmt-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	if _, err = tmp.Write(data); err != nil {
		_ = tmp.Close()
		return err
	}
	if err = tmp.Chmod(info.Mode().Perm()); err != nil {
		_ = tmp.Close()
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
