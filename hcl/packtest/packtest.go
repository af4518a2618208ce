// Package packtest runs a pack's own tests: tests/*.hcl, each run of which renders the pack with some values and asserts
// something about the jobs that come out.
//
// In: a loaded pack, and the pipeline as a function. Out: for each run what failed, as diagnostics at the place in the test
// file. It asks no cluster, reads files of the pack only and writes none: whoever updates goldens gets them in the Result.
package packtest

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

// Folder is where a pack's tests are, below its own folder. Goldens stand below it too.
const Folder = "tests"

// GoldenDiffers is the ID of a failure that writing Result.Goldens repairs.
const GoldenDiffers = "golden-differs"

// Compile is the pipeline, from values to checks.
type Compile func(vars.Inputs, eval.Release) Compiled

// Compiled is what the pipeline gave. Result is nil where a job could not be rendered, Stack where anything is wrong.
type Compiled struct {
	Values *vars.Values
	Result *eval.Result
	Stack  *stack.Stack
	Diags  diag.Diagnostics
}

// Suite is all tests of a pack.
type Suite struct {
	Pack    *pack.Pack
	Runs    []*Run // by file name, then by place
	Sources map[string][]byte
}

// Run is one run block.
type Run struct {
	File  string // below the pack's folder, "tests/prod.hcl"
	Group string // the file's name without folder and ending
	Name  string
	Range hcl.Range

	release, namespace string
	values             []vars.File // what the run gives, in the order in which it wins
	asserts            []assert
	expected           []expectation
	golden             bool
}

// ID names a run within its pack: "prod/debug-ports" is the run debug-ports of tests/prod.hcl.
func (r *Run) ID() string { return r.Group + "/" + r.Name }

type assert struct {
	condition hclsyntax.Expression
	message   hclsyntax.Expression
	source    []byte
}

// expectation is an ID in expect_errors.
type expectation struct {
	id string
	at hcl.Range
}

// Result is what became of a run.
type Result struct {
	Run      *Run
	Failures diag.Diagnostics // none: it passed
	Asserts  int              // how many assertions were looked at
	Goldens  []Golden         // those that differ from what is there; empty unless the run has golden = true

	// Sources are the bytes of the files that failures point into.
	Sources map[string][]byte
}

// Golden is a golden file that is not as it should be.
type Golden struct {
	Path string // below the pack's folder
	Data []byte // what it should hold; nil: it should not be there
}
