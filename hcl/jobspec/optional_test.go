package jobspec_test

import (
	"testing"
	"testing/fstest"

	"github.com/packctl/packctl/hcl/vars"
)

// What optional() makes of a value, as jsonencode sees it in a job.
func TestOptionalAttributes(t *testing.T) {
	for name, c := range map[string]struct{ kind, value, want string }{
		"one without a default is null":                {`object({ a = optional(string) })`, `{}`, `{"a":null}`},
		"a default of null":                            {`object({ a = optional(string, null) })`, `{}`, `{"a":null}`},
		"a given null takes the default":               {`object({ a = optional(string, "d") })`, `{ a = null }`, `{"a":"d"}`},
		"a default is converted":                       {`object({ a = optional(string, 1), b = optional(number, "2"), c = optional(bool, "true") })`, `{}`, `{"a":"1","b":2,"c":true}`},
		"a given value is converted":                   {`object({ a = optional(number, 1) })`, `{ a = "3" }`, `{"a":3}`},
		"an object in an object, from its own default": {`object({ o = optional(object({ a = optional(number, 1), b = optional(number, 2) }), {}) })`, `{}`, `{"o":{"a":1,"b":2}}`},
		"an object in an object, in part":              {`object({ o = optional(object({ a = optional(number, 1), b = optional(number, 2) }), { b = 3 }) })`, `{ o = { a = 4 } }`, `{"o":{"a":4,"b":2}}`},
		"a default that fills in another":              {`object({ o = optional(object({ a = optional(number, 1), b = optional(number, 2) }), { b = 3 }) })`, `{}`, `{"o":{"a":1,"b":3}}`},
		"an inner object without a default is null":    {`object({ o = optional(object({ a = optional(number, 1) })) })`, `{}`, `{"o":null}`},
		"each element of a list":                       {`list(object({ a = string, b = optional(number, 1) }))`, `[{ a = "x" }, { a = "y", b = 2 }]`, `[{"a":"x","b":1},{"a":"y","b":2}]`},
		"each element of a map":                        {`map(object({ b = optional(list(string), ["d"]) }))`, `{ x = {}, y = { b = [] } }`, `{"x":{"b":["d"]},"y":{"b":[]}}`},
		"each element of a set":                        {`set(object({ b = optional(number, 1) }))`, `[{}, { b = 1 }]`, `[{"b":1}]`},
		"lists of objects in objects":                  {`object({ l = optional(list(object({ p = number, t = optional(string, "tcp") })), [{ p = 80 }]) })`, `{}`, `{"l":[{"p":80,"t":"tcp"}]}`},
		"tuples":                                       {`tuple([object({ a = optional(number, 1) }), string])`, `[{}, "x"]`, `[{"a":1},"x"]`},
		"null for all of it stays null":                {`object({ a = optional(number, 1) })`, `null`, `null`},
		"keys that the type lacks are dropped":         {`object({ a = optional(number, 1) })`, `{ z = 1 }`, `{"a":1}`},
		"any keeps what is given":                      {`object({ a = optional(any, [1, "x"]) })`, `{}`, `{"a":[1,"x"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			job := "job \"a\" {\n  meta {\n    x = jsonencode(var.x)\n  }\n}\n"
			declared := "variable \"env\" {\n  default = \"dev\"\n}\nvariable \"x\" {\n  type = " + c.kind
			pack := &fstest.MapFile{Data: []byte("pack \"shop\" {\n  version = \"1\"\n}\n")}
			for source, fsys := range map[string]fstest.MapFS{
				"the default":  {"variables.hcl": {Data: []byte(declared + "\n  default = " + c.value + "\n}\n")}},
				"an env file":  {"variables.hcl": {Data: []byte(declared + "\n}\n")}, "env/dev.hcl": {Data: []byte("x = " + c.value + "\n")}},
				"the argument": {"variables.hcl": {Data: []byte(declared + "\n}\n")}},
			} {
				var in vars.Inputs
				if source == "the argument" {
					in.Args = []string{"x=" + c.value}
				}
				fsys["pack.hcl"], fsys["jobs/a.nomad.hcl"] = pack, &fstest.MapFile{Data: []byte(job)}
				o := run(fsys, in)
				if o.diags.HasErrors() {
					t.Errorf("from %s: %v", source, o.diags)
					continue
				}
				parsed := parsedJob(t, o)
				if got := parsed.Meta["x"]; got != c.want {
					t.Errorf("from %s: %s, want %s", source, got, c.want)
				}
			}
		})
	}
}
