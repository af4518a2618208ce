package vars_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/zclconf/go-cty/cty"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/vars"
)

func TestRememberedValuesStandAboveTheEnvFileAndBelowWhatIsGivenNow(t *testing.T) {
	files := fstest.MapFS{
		"pack.hcl": {Data: []byte(`pack "shop" { version = "1.0.0" }`)},
		"variables.hcl": {Data: []byte(`
variable "env" {
  type    = string
  default = "dev"
}
variable "size" {
  type    = number
  default = 1
}
variable "names" {
  type    = list(string)
  default = []
}
`)},
		"jobs/a.nomad.hcl": {Data: []byte("job \"a\" {}\n")},
		"env/dev.hcl":      {Data: []byte("size = 2\n")},
		"env/prod.hcl":     {Data: []byte("size = 3\n")},
	}
	remembered := vars.Remembered{From: "release shop, revision 3", Values: []vars.RememberedValue{
		{Name: "env", HCL: `"prod"`}, {Name: "size", HCL: "4"}, {Name: "names", HCL: "[\"a\",\n\"b\"]"}, {Name: "gone", HCL: "1"}}}
	for name, c := range map[string]struct {
		in     vars.Inputs
		env    string
		size   int64
		origin string
		says   string
	}{
		"nothing remembered":             {vars.Inputs{}, "dev", 2, "env/dev.hcl:1", ""},
		"remembered":                     {vars.Inputs{Remembered: remembered}, "prod", 4, "release shop, revision 3", `release shop, revision 3 gives a value to "gone"`},
		"the environment wins":           {vars.Inputs{Remembered: remembered, Environ: []string{"PACKCTL_VAR_size=5"}}, "prod", 5, "PACKCTL_VAR_size", ""},
		"a file wins":                    {vars.Inputs{Remembered: remembered, Files: []vars.File{{Path: "site.hcl", Data: []byte("size = 6\n")}}}, "prod", 6, "site.hcl:1", ""},
		"an argument wins":               {vars.Inputs{Remembered: remembered, Args: []string{"size=7", "env=dev"}}, "dev", 7, "-var size", ""},
		"one that fits no longer":        {vars.Inputs{Remembered: vars.Remembered{From: "release shop, revision 3", Values: []vars.RememberedValue{{Name: "size", HCL: `"many"`}}}}, "dev", -1, "", "-reset-values"},
		"one that is no longer readable": {vars.Inputs{Remembered: vars.Remembered{From: "release shop, revision 3", Values: []vars.RememberedValue{{Name: "size", HCL: `((`}}}}, "dev", 2, "env/dev.hcl:1", "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			p, diags := pack.Load(files, "shop")
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			values, diags := vars.Resolve(p, c.in)
			var said strings.Builder
			for _, d := range diags {
				said.WriteString(d.Detail + "\n")
				if d.Severity == diag.Error && c.size >= 0 && !strings.Contains(c.says, "cannot be read") {
					t.Error(d.Detail)
				}
			}
			if !strings.Contains(said.String(), c.says) {
				t.Errorf("it says %q, not %q", said.String(), c.says)
			}
			if values.Env != c.env {
				t.Errorf("env %q, want %q", values.Env, c.env)
			}
			for _, v := range values.List {
				if v.Variable.Name == "size" && c.size >= 0 && (!v.Value.RawEquals(cty.NumberIntVal(c.size)) || !strings.HasSuffix(v.Origin.String(), c.origin)) {
					t.Errorf("size is %#v from %s, want %d from %s", v.Value, v.Origin, c.size, c.origin)
				}
			}
		})
	}
}
