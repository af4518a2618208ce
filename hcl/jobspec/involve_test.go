package jobspec_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/packctl/packctl/hcl/vars"
)

// A diagnostic names the values that have a part in it, and where each came from, whoever found it.
func TestDiagnosticsNameTheValuesInvolved(t *testing.T) {
	const variables = `
variable "env" { default = "dev" }
variable "count" {
  default = "2"
  validation {
    condition     = var.env == "dev" || can(var.count + 0)
    error_message = "In prod it is a number."
  }
}
variable "list" { default = ["a"] }
variable "token" {
  default   = "hunter2"
  sensitive = true
}
locals {
  size = "${var.count}x${var.env}"
  long = [for i in range(100) : var.env]
  word = var.token
}
`
	for name, c := range map[string]struct {
		job, pack string
		args      []string
		want      []string
	}{
		"a value of the wrong type, found by Nomad's parser": {
			job:  `group "g" { count = var.env }`,
			want: []string{`var.env as "prod", from -var env`},
		},
		"a local brings what it reads": {
			job:  `group "g" { count = local.size }`,
			want: []string{`local.size as "4xprod", from packs/shop/variables.hcl:16`, `var.count as "4", from packs/shop/env/prod.hcl:1`, `var.env as "prod", from -var env`},
		},
		"only the part that is wrong counts": {
			job:  `priority = (var.env == "x" ? 1 : 2) + var.list[7]`,
			want: []string{`var.list as ["a"], from default, packs/shop/variables.hcl:10`},
		},
		"one of the toolkit's own attributes": {
			job:  "group \"g\" {\n wait_for \"x\" {\n timeout = var.env\n}\n}",
			want: []string{`var.env as "prod", from -var env`},
		},
		"a switch": {
			job:  "group \"g\" {\n when = var.count\n}",
			want: []string{`var.count as "4", from packs/shop/env/prod.hcl:1`},
		},
		"pack.hcl": {
			pack: "credential \"db\" {\n  password {\n    length = var.count\n  }\n}\n",
			want: []string{`var.count as "4", from packs/shop/env/prod.hcl:1`},
		},
		"a validation names all that its condition looks at": {
			args: []string{"count=many"},
			want: []string{`var.env as "prod", from -var env`, `var.count as "many", from -var count`},
		},
		"a long value is cut short": {
			job:  `priority = local.long[200]`,
			want: []string{`local.long as ["prod", "prod", "prod", "prod", "prod", "prod", "prod", "p…, from packs/shop/variables.hcl:17`, `var.env as "prod", from -var env`},
		},
		"a sensitive value is not shown": {
			job:  `priority = "${local.word}${var.token}"`,
			want: []string{"local.word as (sensitive), from packs/shop/variables.hcl:18", "var.token as (sensitive), from default, packs/shop/variables.hcl:12"},
		},
		"who installs": {
			job:  `priority = release.name`,
			want: []string{`release.name as "shop"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := run(fstest.MapFS{
				"pack.hcl":           {Data: []byte("pack \"shop\" {\n  version = \"1\"\n}\n" + c.pack)},
				"variables.hcl":      {Data: []byte(variables)},
				"env/prod.hcl":       {Data: []byte("count = \"4\"\n")},
				"jobs/app.nomad.hcl": {Data: []byte("job \"app\" {\n" + c.job + "\n}\n")},
			}, vars.Inputs{Args: append([]string{"env=prod"}, c.args...)})
			o.result.Involve(o.diags)
			if len(o.diags) == 0 {
				t.Fatal("nothing is wrong")
			}
			var got []string
			for _, d := range o.diags {
				got = append(got, d.Values...)
			}
			slices.Sort(got)
			got = slices.Compact(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s\nof %v", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "), o.diags)
			}
			if text := strings.Join(got, " ") + o.diags.Error(); strings.Contains(text, "hunter2") {
				t.Errorf("the secret is shown: %s", text)
			}
		})
	}
}
