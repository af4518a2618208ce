package packtest

import (
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/eval"
	"github.com/packctl/packctl/hcl/stack"
	"github.com/packctl/packctl/hcl/vars"
)

// facts are what the conditions of a run can read.
type facts struct {
	ctx       *hcl.EvalContext
	sensitive []string // variables whose values are not shown
	rendered  bool     // whether there are jobs: false where an expected error came
}

// afterwards are the names that exist only where the pack has no errors.
func afterwards() []string {
	return []string{"credential", "hook", "job", "output", "rendered", "tier", "volume"}
}

func newFacts(s *Suite, c Compiled, rel eval.Release) *facts {
	f := &facts{ctx: &hcl.EvalContext{Functions: functions(s.Pack)}}
	f.ctx.Variables = map[string]cty.Value{
		"var":         f.variables(c.Values),
		"diagnostics": diagnostics(s, c),
		"pack":        texts(map[string]string{"name": s.Pack.Name, "version": s.Pack.Version}),
		"release":     texts(map[string]string{"name": rel.Name, "namespace": rel.Namespace}),
	}
	if c.Result == nil || c.Stack == nil {
		return f
	}
	f.rendered = true
	jobs, rendered := map[string]cty.Value{}, map[string]cty.Value{}
	for _, file := range c.Result.Files {
		rendered[file.Path] = cty.StringVal(string(file.Source))
		if job := c.Stack.Job(file.Job); job != nil {
			jobs[file.Label] = object(reflect.ValueOf(job.API))
		}
	}
	f.ctx.Variables["job"] = cty.ObjectVal(jobs)
	f.ctx.Variables["rendered"] = cty.ObjectVal(rendered)
	f.ctx.Variables["tier"] = tiers(c.Stack, rel)
	f.ctx.Variables["credential"] = credentials(c.Stack)
	f.ctx.Variables["hook"] = hooks(c.Stack)
	f.ctx.Variables["volume"] = volumes(c.Stack)
	f.ctx.Variables["output"] = outputs(c.Stack)
	return f
}

func (f *facts) variables(v *vars.Values) cty.Value {
	out := map[string]cty.Value{}
	if v != nil {
		for _, x := range v.List {
			if x.Variable.File != "" {
				continue
			}
			out[x.Variable.Name] = x.Value
			if x.Variable.Sensitive {
				f.sensitive = append(f.sensitive, x.Variable.Name)
			}
		}
	}
	return cty.ObjectVal(out)
}

func texts(m map[string]string) cty.Value {
	out := map[string]cty.Value{}
	for k, v := range m {
		out[k] = cty.StringVal(v)
	}
	return cty.ObjectVal(out)
}

func textList(all []string) cty.Value {
	out := make([]cty.Value, len(all))
	for i, s := range all {
		out[i] = cty.StringVal(s)
	}
	return cty.TupleVal(out)
}

// diagnostics are all of them, warnings too, with files named below the pack's folder.
func diagnostics(s *Suite, c Compiled) cty.Value {
	out := make([]cty.Value, len(c.Diags))
	for i, d := range c.Diags {
		out[i] = cty.ObjectVal(map[string]cty.Value{
			"id":       cty.StringVal(d.ID),
			"severity": cty.StringVal(d.Severity.String()),
			"summary":  cty.StringVal(d.Summary),
			"detail":   cty.StringVal(d.Detail),
			"file":     cty.StringVal(strings.TrimPrefix(d.Subject.Filename, s.Pack.FileName("")+"/")),
			"line":     cty.NumberIntVal(int64(d.Subject.Start.Line)),
		})
	}
	return cty.TupleVal(out)
}

// tiers are by "<job's label>/<group>". Those of hooks are in wave 0, which never comes.
func tiers(s *stack.Stack, rel eval.Release) cty.Value {
	wave := map[string]int{}
	for i, jobs := range s.Waves {
		for _, j := range jobs {
			wave[j.ID] = i + 1
		}
	}
	label := func(job string) string { return strings.TrimPrefix(job, rel.Name+"-") }
	out := map[string]cty.Value{}
	for _, t := range s.Tiers {
		var needs []string
		for _, n := range t.Needs {
			needs = append(needs, n.Name)
		}
		out[label(t.JobID)+"/"+t.Name] = cty.ObjectVal(map[string]cty.Value{
			"job":      cty.StringVal(label(t.JobID)),
			"group":    cty.StringVal(t.Name),
			"type":     cty.StringVal(t.Type),
			"count":    cty.NumberIntVal(int64(t.Count)),
			"wave":     cty.NumberIntVal(int64(wave[t.JobID])),
			"services": textList(t.Services),
			"wait_for": textList(needs),
			"migrates": cty.BoolVal(t.Migrates),
		})
	}
	return cty.ObjectVal(out)
}

func credentials(s *stack.Stack) cty.Value {
	out := map[string]cty.Value{}
	for _, c := range s.Credentials {
		items := slices.Clone(c.Items())
		out[c.Name] = cty.ObjectVal(map[string]cty.Value{
			"generate": cty.BoolVal(c.Generate),
			"given":    cty.BoolVal(c.Value != nil),
			"items":    textList(items),
			"readers":  textList(c.Readers),
			"volumes":  textList(c.Volumes),
		})
	}
	return cty.ObjectVal(out)
}

func hooks(s *stack.Stack) cty.Value {
	out := map[string]cty.Value{}
	for _, h := range s.Hooks {
		var on []string
		for _, e := range h.On {
			on = append(on, string(e.Event))
		}
		out[h.Name] = cty.ObjectVal(map[string]cty.Value{
			"job":     cty.StringVal(h.Label),
			"on":      textList(on),
			"timeout": cty.StringVal(short(h.Timeout)),
		})
	}
	return cty.ObjectVal(out)
}

func volumes(s *stack.Stack) cty.Value {
	out := map[string]cty.Value{}
	for _, v := range s.Volumes {
		out[v.Label] = object(reflect.ValueOf(v.Spec))
	}
	return cty.ObjectVal(out)
}

func outputs(s *stack.Stack) cty.Value {
	out := map[string]cty.Value{}
	for _, o := range s.Outputs {
		out[o.Name] = cty.StringVal(o.Value)
	}
	return cty.ObjectVal(out)
}
