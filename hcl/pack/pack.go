// Package pack reads a pack's folder.
//
// In: an fs.FS rooted at the folder. Out: a Pack, its files parsed and its blocks found and named, nothing evaluated, and
// what is wrong with them. Loading is the only step that lists folders; it knows no values.
package pack

import (
	"io/fs"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Pack is a loaded pack. Blocks of a kind stand in the order of their places, files in the order of their names.
type Pack struct {
	Dir         string // the folder as people see it, for positions
	Name        string // the label of the pack block
	Version     string
	Description string

	Block   *hclsyntax.Block // the pack block, nil while pack.hcl is wrong
	Sidecar *hclsyntax.Block // its sidecar block, or nil

	// VariablesBroken says that variables.hcl is there and does not parse: what the pack declares is not known.
	VariablesBroken bool

	Variables   []*hclsyntax.Block
	Locals      []*hclsyntax.Block
	Credentials []*hclsyntax.Block
	Volumes     []*hclsyntax.Block
	Hooks       []*hclsyntax.Block
	Outputs     []*hclsyntax.Block
	Externals   []*hclsyntax.Block

	// Files are pack.hcl and variables.hcl, as far as they are there and parse.
	Files []File

	Envs []File
	Jobs []File

	// FS is the folder; Read is the one way through it that keeps to the pack's rules.
	FS fs.FS

	// Sources are the bytes of every file that was read, by the name that ranges use.
	Sources map[string][]byte
}

// File is one parsed file.
type File struct {
	Path   string // below the folder, with slashes
	Name   string // as ranges name it
	Label  string // an env file's env, empty otherwise
	Source []byte
	Body   *hclsyntax.Body
}

// EnvNames lists the pack's envs, sorted.
func (p *Pack) EnvNames() []string {
	names := make([]string, len(p.Envs))
	for i, f := range p.Envs {
		names[i] = f.Label
	}
	return names
}

// Env is the file of an env.
func (p *Pack) Env(name string) (File, bool) {
	for _, f := range p.Envs {
		if f.Label == name {
			return f, true
		}
	}
	return File{}, false
}

// Schema says what a block may hold.
type Schema struct {
	Labels     int
	Attributes []string
	Blocks     map[string]*Schema
	Many       bool // may stand more than once under its parent, or with one label
	Open       bool // attributes are free
	Free       bool // the content is not ours to check
}

func packSchema() *Schema {
	return &Schema{Blocks: map[string]*Schema{
		"pack": {
			Labels:     1,
			Attributes: []string{"version", "description"},
			Blocks: map[string]*Schema{
				"sidecar": {Attributes: []string{"driver", "image", "path", "consul_address"}},
			},
		},
		"credential": {
			Labels: 1, Many: true,
			Attributes: []string{"generate", "value", "volumes", "when"},
			Blocks: map[string]*Schema{
				"password": {Attributes: []string{"length"}},
				"bytes":    {Attributes: []string{"length", "encoding", "prefix"}},
				"certificate": {
					Attributes: []string{"common_name", "dns_names", "ips", "valid_for"},
					Blocks:     map[string]*Schema{"authority": {Attributes: []string{"common_name", "valid_for"}}},
				},
			},
		},
		"volume": {
			Labels: 1, Many: true,
			Attributes: []string{"type", "plugin_id", "node_pool", "node_id", "capacity_min", "capacity_max", "parameters", "name", "namespace", "host_path", "when"},
			Blocks: map[string]*Schema{
				"parameters": {Open: true},
				"capability": {Many: true, Attributes: []string{"access_mode", "attachment_mode"}},
				"constraint": {Many: true, Attributes: []string{"attribute", "operator", "value"}},
			},
		},
		"hook":     {Labels: 1, Many: true, Attributes: []string{"job", "on", "timeout", "when"}},
		"output":   {Labels: 1, Many: true, Attributes: []string{"description", "value", "when"}},
		"external": {Many: true, Attributes: []string{"services", "variables", "volumes", "when"}},
	}}
}

func variablesSchema() *Schema {
	return &Schema{Blocks: variableBlocks()}
}

// variableBlocks is the schema of variable and locals blocks, which job files may hold too.
func variableBlocks() map[string]*Schema {
	return map[string]*Schema{
		"variable": {
			Labels: 1, Many: true,
			Attributes: []string{"type", "default", "description", "sensitive", "nullable"},
			Blocks: map[string]*Schema{
				"validation": {Many: true, Attributes: []string{"condition", "error_message"}},
			},
		},
		"locals": {Many: true, Open: true},
	}
}

func jobSchema() *Schema {
	blocks := variableBlocks()
	blocks["job"] = &Schema{Labels: 1, Free: true}
	return &Schema{Blocks: blocks}
}
