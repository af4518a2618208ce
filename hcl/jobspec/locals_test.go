package jobspec_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/packctl/packctl/hcl/vars"
)

// A cycle is said where it closes, and each step of it has its place, also when the steps stand in several blocks.
func TestEachStepOfACycleOfLocalsHasItsPlace(t *testing.T) {
	o := run(fstest.MapFS{
		"pack.hcl":         {Data: []byte("pack \"shop\" {\n  version = \"1\"\n}\n")},
		"variables.hcl":    {Data: []byte("locals {\n  a = local.b\n}\nlocals {\n  c = local.a\n  b = upper(local.c)\n}\n")},
		"jobs/a.nomad.hcl": {Data: fmt.Appendf(nil, tinyJob, "local.a")},
	}, vars.Inputs{})
	var got []string
	for _, d := range o.diags {
		got = append(got, d.ID+" "+d.Subject.String()+" "+d.Detail)
		for _, r := range d.Related {
			got = append(got, r.Range.String()+" "+r.Text)
		}
	}
	want := []string{
		"local-cycle packs/shop/variables.hcl:5,12-14 local.a → local.b → local.c → local.a: none of them can be computed before the others. Take one of these steps out.",
		"packs/shop/variables.hcl:2,12-14 local.a needs local.b here",
		"packs/shop/variables.hcl:6,18-20 local.b needs local.c here",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q,\nwant %q", got, want)
	}
}
