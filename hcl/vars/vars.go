// Package vars gives a pack's variables their values.
//
// In: a loaded pack, and what the user gave: an env, environment variables, files, arguments. Out: Values, each of which
// knows where it came from. Later sources win: default, env/<name>.hcl, what the release remembers, PACKCTL_VAR_x, -var-file,
// -var. It reads no file and no environment itself: the CLI hands both in.
package vars

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
)

// EnvPrefix starts the environment variables that give values.
const EnvPrefix = "PACKCTL_VAR_"

// EnvVariable is the variable whose value picks the file of env/.
const EnvVariable = "env"

// Inputs are what a user gave. Of Environ only PACKCTL_VAR_… is read.
type Inputs struct {
	Remembered Remembered
	Files      []File   // -var-file, in the order given
	Environ    []string // "PACKCTL_VAR_x=…"
	Args       []string // -var, "x=…", in the order given
}

// Remembered is what a release was given before. A value whose variable the pack no longer declares is a warning.
type Remembered struct {
	From   string // for people: "release shop, revision 3"
	Values []RememberedValue
}

// RememberedValue is one value, as HCL writes it.
type RememberedValue struct {
	Name string
	HCL  string
}

// File is a -var-file.
type File struct {
	Path string
	Data []byte
}

// Variable is a declaration.
type Variable struct {
	Name        string
	File        string   // the job file that declares it for itself, by its path in the pack; empty for the pack's own
	Type        cty.Type // DynamicPseudoType where none is given
	TypeText    string   // as the author wrote it
	Description string
	Default     cty.Value // NilVal: a value must be given
	Nullable    bool
	Sensitive   bool
	Validations []Validation
	Range       hcl.Range
	DefaultAt   hcl.Range

	defaults *typeexpr.Defaults
}

// Required reports whether a value must be given.
func (v *Variable) Required() bool { return v.Default == cty.NilVal }

// Validation is a condition on the value. It may look at the pack's other variables too, as Terraform's do.
type Validation struct {
	Condition hcl.Expression
	Message   string
	Range     hcl.Range
}

// Source says which kind of input gave a value.
type Source int

// The sources, in the order in which they win.
const (
	FromDefault Source = iota
	FromEnvFile
	FromRelease
	FromEnviron
	FromVarFile
	FromArg
)

// Origin is where a value came from.
type Origin struct {
	Source Source
	Name   string    // of the environment variable or the file
	Range  hcl.Range // zero for the environment and arguments
}

// String names the origin for people: "env/prod.hcl:3", "PACKCTL_VAR_x", "-var x".
func (o Origin) String() string {
	switch o.Source {
	case FromEnvFile, FromVarFile:
		return fmt.Sprintf("%s:%d", o.Range.Filename, o.Range.Start.Line)
	case FromDefault:
		if o.Range.Filename == "" {
			return "default"
		}
		return fmt.Sprintf("default, %s:%d", o.Range.Filename, o.Range.Start.Line)
	default:
		return o.Name
	}
}

// Value is a variable's value.
type Value struct {
	Variable *Variable
	Value    cty.Value
	Origin   Origin
}

// GoString never shows a sensitive value.
func (v Value) GoString() string { return v.String() }

// String never shows a sensitive value.
func (v Value) String() string {
	if v.Variable.Sensitive {
		return "(sensitive)"
	}
	return v.Value.GoString()
}

// Values are all values of a pack, in the order of their declarations.
type Values struct {
	List []Value
	Env  string // the env that was picked, or empty

	// Sources are the bytes of the var-files, for the excerpt of a diagnostic.
	Sources map[string][]byte
}

// Scope is the value of `var` in a file of the pack, with the declarations behind it. A job file sees the pack's
// variables and its own.
func (v *Values) Scope(file string) (map[string]cty.Value, map[string]*Variable) {
	values, declared := map[string]cty.Value{}, map[string]*Variable{}
	for _, x := range v.List {
		if x.Variable.File == "" || x.Variable.File == file {
			values[x.Variable.Name] = x.Value
			declared[x.Variable.Name] = x.Variable
		}
	}
	return values, declared
}
