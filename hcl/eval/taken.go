package eval

import (
	"maps"
	"slices"
	"sync"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
)

// taken are the files of the pack that functions took in. Job files that are evaluated at once share them.
type taken struct {
	mu        sync.Mutex
	texts     map[string][]byte    // by the name that ranges use
	templates map[string]*template // by the path that calls give
}

// template is a file that templatefile renders.
type template struct {
	read  func() (hclsyntax.Expression, error)
	given map[string]bool // variables that some call gives it

	// Nothing, where the file could not be read.
	name string
	src  []byte
}

func newTaken() *taken {
	return &taken{texts: map[string][]byte{}, templates: map[string]*template{}}
}

func (x *taken) keep(name string, text []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.texts[name] = text
}

// template gives what read gave when the path was first asked for.
func (x *taken) template(at string, given []string, read func(*template) (hclsyntax.Expression, error)) (hclsyntax.Expression, error) {
	x.mu.Lock()
	t, known := x.templates[at]
	if !known {
		t = &template{given: map[string]bool{}}
		t.read = sync.OnceValues(func() (hclsyntax.Expression, error) { return read(t) })
		x.templates[at] = t
	}
	for _, name := range given {
		t.given[name] = true
	}
	x.mu.Unlock()
	return t.read()
}

// halfExpressions are those of all templates. Which call comes first makes no difference: what one of them gives, the
// template may read.
func (x *taken) halfExpressions() diag.Diagnostics {
	var out diag.Diagnostics
	for _, at := range slices.Sorted(maps.Keys(x.templates)) {
		if t := x.templates[at]; t.src != nil {
			out = append(out, pack.HalfExpressions(t.src, t.name, append([]string{}, slices.Sorted(maps.Keys(t.given))...))...)
		}
	}
	return out
}
