package eval

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/spec"
)

// Hook is a batch job of the pack that runs at moments of the release's life, and only then.
type Hook struct {
	Name    string
	Job     string // ID of the job: "<release>-<label>"
	Label   string // of the job in the pack
	On      []HookEvent
	Timeout time.Duration
	Range   hcl.Range
	At      hcl.Range // of the job's name
}

// HookEvent is one of a hook's moments with its place. What is no event is found by the checks.
type HookEvent struct {
	Event spec.Event
	Range hcl.Range
}

// hooks decodes the hook blocks, in the order in which they stand, which is the order in which they run. A hook whose job
// is switched off is off with it.
func (e *evaluator) hooks() {
	for _, b := range e.pack.Hooks {
		d := e.kept(b)
		if d == nil {
			continue
		}
		h := Hook{Name: b.Labels[0], Label: d.required("job"), Timeout: d.duration("timeout", spec.DefaultHookTimeout), Range: b.DefRange(), At: b.DefRange()}
		if a, ok := b.Body.Attributes["job"]; ok {
			h.At = a.Expr.Range()
		}
		h.Job = e.result.Release.Name + "-" + h.Label
		h.On = d.events()
		if h.Label == "" || len(h.On) == 0 || e.switchedOff(h.Label) {
			continue
		}
		e.result.Hooks = append(e.result.Hooks, h)
	}
}

// events are the texts of `on`, each with its own place where they are written as a list.
func (d *decoder) events() []HookEvent {
	a, given := d.block.Body.Attributes["on"]
	if !given {
		d.diags.Add("missing-attribute", d.block.DefRange(), "Missing attribute", "%s needs on, a list of %s.", d.block.Type, eventNames())
		return nil
	}
	v, at, ok := d.value("on", cty.List(cty.String))
	if !ok {
		return nil
	}
	var out []HookEvent
	list, written := a.Expr.(*hclsyntax.TupleConsExpr)
	for it := v.ElementIterator(); it.Next(); {
		_, text := it.Element()
		if text.IsNull() {
			d.diags.Add("wrong-type", at, "Wrong type", "on of %s has null among its texts.", d.block.Type)
			continue
		}
		place := at
		if written && len(out) < len(list.Exprs) {
			place = list.Exprs[len(out)].Range()
		}
		out = append(out, HookEvent{Event: spec.Event(text.AsString()), Range: place})
	}
	if len(out) == 0 {
		d.diags.Add("empty-value", at, "Empty value", "on of %s is empty: it is a list of %s.", d.block.Type, eventNames())
	}
	return out
}

func eventNames() string {
	var names []string
	for _, e := range spec.Events() {
		names = append(names, string(e))
	}
	return diag.List(names, "")
}

// switchedOff says that the pack has a job of this label, and that its `when` is false.
func (e *evaluator) switchedOff(label string) bool {
	for _, f := range e.result.Files {
		if f.Label == label {
			return false
		}
	}
	for _, f := range e.pack.Jobs {
		if b := f.Job(); b != nil && len(b.Labels) == 1 && b.Labels[0] == label {
			return true
		}
	}
	return false
}
