package cli

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
)

// scaffold is the pack that init writes, with NAME where its name belongs.
//
//go:embed scaffold
var scaffold embed.FS

// InitOptions are the inputs of "packctl init".
type InitOptions struct {
	Factory *Factory
	Path    string
	Output  string
}

// NewCmdInit makes "packctl init".
func NewCmdInit(f *Factory, runF func(*InitOptions) error) *cobra.Command {
	opts := &InitOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "init <name or folder>",
		Short: "Write a new pack that runs at once",
		Long: "init writes a small pack: one web page, served straight on the machine by Python 3, without Docker. It validates and\n" +
			"runs as it is, and has every file that a pack can have.\n\n" +
			"A name makes ./packs/<name>, where other verbs find it by that name. A path with a slash makes that folder. A folder\n" +
			"that holds something already is left alone.",
		Example:           "  packctl init shop && packctl run shop\n  packctl init ./shop",
		Args:              opts.args,
		ValidArgsFunction: suggest(cobra.ShellCompDirectiveFilterDirs),
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(opts)
			}
			return initRun(opts)
		},
	}
	outputFlag(cmd, &opts.Output, "text", "json")
	return cmd
}

// args takes the name or the folder.
func (opts *InitOptions) args(cmd *cobra.Command, args []string) error {
	if len(args) != 1 || args[0] == "" {
		return WithHint(fmt.Errorf("'%s' takes one name or folder", cmd.CommandPath()), "for example: packctl init shop")
	}
	opts.Path = args[0]
	return nil
}

func initRun(opts *InitOptions) error {
	f := opts.Factory
	dir, arg := filepath.Clean(opts.Path), opts.Path
	name := filepath.Base(f.path(dir))
	if !validName(name) {
		return WithHint(fmt.Errorf("%q cannot be a pack's name", name),
			"it becomes part of job and service names: lower-case letters, digits and hyphens, 50 at most, a letter first")
	}
	if !strings.ContainsRune(opts.Path, filepath.Separator) && dir != "." {
		dir = filepath.Join(packsDir, dir)
	}
	entries, err := os.ReadDir(f.path(dir))
	switch {
	case err == nil && len(entries) > 0:
		return WithHint(fmt.Errorf("the folder %s is not empty", dir), "init writes nothing over anything: name another folder, or remove this one")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look at %s: %w", dir, err)
	}
	files, err := write(f.path(dir), name, arg)
	if err != nil {
		return fmt.Errorf("write the pack: %w", err)
	}
	for i := range files {
		files[i] = path.Join(filepath.ToSlash(dir), files[i])
	}
	f.view(opts.Output).Created(view.Created{Pack: name, Dir: filepath.ToSlash(dir), Files: files, Arg: arg})
	return nil
}

// write puts the scaffold into a folder and lists its files, sorted. arg is what other verbs call the pack.
func write(dir, name, arg string) ([]string, error) {
	root, err := fs.Sub(scaffold, "scaffold")
	if err != nil {
		return nil, err
	}
	command := regexp.MustCompile(`(packctl [a-z]+) NAME`)
	var files []string
	err = fs.WalkDir(root, ".", func(at string, d fs.DirEntry, err error) error {
		to := filepath.Join(dir, filepath.FromSlash(at))
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		}
		data, err := fs.ReadFile(root, at)
		if err != nil {
			return err
		}
		data = command.ReplaceAll(data, []byte("${1} "+strings.ReplaceAll(arg, "$", "$$")))
		data = bytes.ReplaceAll(data, []byte("NAME"), []byte(name))
		files = append(files, at)
		return os.WriteFile(to, data, 0o644)
	})
	slices.Sort(files)
	return files, err
}
