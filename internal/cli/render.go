package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/hashicorp/nomad/api"
	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/cli/view"
)

// RenderOptions are the inputs of "packctl render".
type RenderOptions struct {
	Factory *Factory
	Pack    packFlags
	Dir     string // write files there; empty: to stdout
	Output  string
}

// NewCmdRender makes "packctl render".
func NewCmdRender(f *Factory, runF func(*RenderOptions) error) *cobra.Command {
	opts := &RenderOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "render <pack>",
		Short: "Print the plain Nomad job files that a pack becomes",
		Long: "render prints what run would submit: plain job files that any 'nomad job run' accepts.\n" +
			"It asks no cluster; the same pack and values give the same bytes.",
		Example:           "  packctl render appstack -var env=prod\n  packctl render appstack -d rendered/ && nomad job validate rendered/app.nomad.hcl",
		Args:              f.onePack(&opts.Pack),
		ValidArgsFunction: f.completePacks,
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(opts)
			}
			return renderRun(opts)
		},
	}
	opts.Pack.register(cmd)
	cmd.Flags().StringVarP(&opts.Dir, "dir", "d", "", "write one file a job into this `folder` instead of stdout")
	outputFlag(cmd, &opts.Output, "hcl", "json")
	return cmd
}

func renderRun(opts *RenderOptions) error {
	f := opts.Factory
	v := f.view(opts.Output)
	l, err := f.loadValid(opts.Pack, v)
	if err != nil {
		return err
	}
	var files []view.File
	for _, file := range l.Result.Files {
		job := l.Stack.Job(file.Job)
		files = append(files, view.File{Name: file.Name, Job: file.Job, Source: file.Source, Spec: job.API})
	}
	if opts.Dir == "" {
		v.Rendered(files, "")
		return nil
	}
	dir := f.path(opts.Dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for the rendered files: %w", err)
	}
	for i := range files {
		name, data := path.Base(files[i].Name), files[i].Source
		if opts.Output == "json" {
			name = strings.TrimSuffix(name, ".hcl") + ".json"
			if data, err = submission(files[i].Spec); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return fmt.Errorf("write the rendered file: %w", err)
		}
		files[i].Name = filepath.ToSlash(filepath.Join(opts.Dir, name))
	}
	v.Rendered(files, opts.Dir)
	return nil
}

// submission is a job as 'nomad job run -json' reads it.
func submission(job *api.Job) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(map[string]*api.Job{"Job": job}); err != nil {
		return nil, fmt.Errorf("encode job %s: %w", *job.ID, err)
	}
	return b.Bytes(), nil
}
