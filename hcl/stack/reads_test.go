package stack

import (
	"reflect"
	"testing"
)

func TestTemplateReads(t *testing.T) {
	const path = "nomad/jobs/shop-app"
	for name, tc := range map[string]struct {
		text        string
		left, right string
		want        []Read
	}{
		"a text without actions reads nothing":  {text: "A=b\n"},
		"an empty text reads nothing":           {text: ""},
		"with binds the dot":                    {text: `{{ with nomadVar "nomad/jobs/shop-app" }}U=x:{{ .db }}@h{{ end }}`, want: []Read{{path, "db", 1}}},
		"a field of the item is still the item": {text: `{{ with nomadVar "nomad/jobs/shop-app" }}{{ .db.Value }}{{ end }}`, want: []Read{{path, "db", 1}}},
		"an assigned variable is followed":      {text: `{{ $v := nomadVar "nomad/jobs/shop-app" }}{{ $v.db }}{{ $v.key }}`, want: []Read{{path, "db", 1}, {path, "key", 1}}},
		"with may assign too":                   {text: `{{ with $v := nomadVar "nomad/jobs/shop-app" }}{{ $v.db }}{{ end }}`, want: []Read{{path, "db", 1}}},
		"parentheses and a field":               {text: `{{ (nomadVar "nomad/jobs/shop-app").db }}`, want: []Read{{path, "db", 1}}},
		"index by name":                         {text: `{{ index (nomadVar "nomad/jobs/shop-app") "tls_key" }}`, want: []Read{{path, "tls_key", 1}}},
		"index of the dot":                      {text: `{{ with nomadVar "nomad/jobs/shop-app" }}{{ index . "db" }}{{ end }}`, want: []Read{{path, "db", 1}}},
		"the path may be piped in":              {text: `{{ with "nomad/jobs/shop-app" | nomadVar }}{{ .db }}{{ end }}`, want: []Read{{path, "db", 1}}},
		"the item may be piped on":              {text: `{{ with nomadVar "nomad/jobs/shop-app" }}{{ .db | toJSON }}{{ end }}`, want: []Read{{path, "db", 1}}},
		"a computed path is left open":          {text: `{{ with nomadVar (printf "nomad/jobs/%s" (env "NOMAD_JOB_ID")) }}{{ .db }}{{ end }}`, want: []Read{{"", "db", 1}}},
		"inside if and range the dot stays or goes": {
			text: `{{ with nomadVar "nomad/jobs/shop-app" }}{{ if .a }}{{ .b }}{{ end }}{{ range service "x" }}{{ .Address }}{{ end }}{{ end }}`,
			want: []Read{{path, "a", 1}, {path, "b", 1}}},
		"else of with has the outer dot":          {text: `{{ with nomadVar "nomad/jobs/shop-app" }}{{ else }}{{ .no }}{{ end }}`},
		"ranging over all items names none":       {text: `{{ range $k, $v := nomadVar "nomad/jobs/shop-app" }}{{ $k }}={{ $v.Value }}{{ end }}`},
		"a variable of a block ends with it":      {text: `{{ $v := 1 }}{{ if true }}{{ $v := nomadVar "nomad/jobs/shop-app" }}{{ end }}{{ with $v }}{{ .no }}{{ end }}`},
		"a named template gets the variable":      {text: `{{ define "d" }}{{ .db }}{{ end }}{{ template "d" nomadVar "nomad/jobs/shop-app" }}`, want: []Read{{path, "db", 1}}},
		"recursion ends":                          {text: `{{ define "d" }}{{ .db }}{{ template "d" . }}{{ end }}{{ with nomadVar "nomad/jobs/shop-app" }}{{ template "d" . }}{{ end }}`, want: []Read{{path, "db", 1}}},
		"other delimiters":                        {text: `[[ with nomadVar "nomad/jobs/shop-app" ]][[ .db ]][[ end ]]{{ .no }}`, left: "[[", right: "]]", want: []Read{{path, "db", 1}}},
		"the same item twice is one read":         {text: `{{ with nomadVar "nomad/jobs/shop-app" }}{{ .db }}{{ .db }}{{ end }}`, want: []Read{{path, "db", 1}}},
		"functions nobody knows are no error":     {text: `{{ frobnicate "x" | sprig_upper }}`},
		"a service template reads no credentials": {text: `{{ range service "shop-db" }}{{ .Address }}:{{ .Port }}{{ end }}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := TemplateReads(tc.text, tc.left, tc.right)
			if err != nil {
				t.Fatal(err)
			}
			if len(got)+len(tc.want) > 0 && !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestTemplateReadsSyntaxError(t *testing.T) {
	if _, err := TemplateReads(`{{ with nomadVar "x" }}`, "", ""); err == nil {
		t.Error("an unclosed with was accepted")
	}
}
