package jobspec_test

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/nomad/api"
)

// TestTheFixturesUseAllOfNomadsLanguage: whatever a job file can say is said by some fixture, so that a field which a later
// Nomad adds is noticed, and TestRenderedJobsMeanWhatNomadMakesOfTheOriginals means all of the language.
func TestTheFixturesUseAllOfNomadsLanguage(t *testing.T) {
	paths, err := filepath.Glob("testdata/nomad/*.nomad.hcl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	used := map[string]bool{}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		job, err := original(path, src)
		if err != nil {
			t.Fatal(err)
		}
		use(reflect.ValueOf(job), used)
	}
	known := map[string]bool{}
	know(reflect.TypeFor[api.Job](), known, map[reflect.Type]bool{})
	if len(known) < 300 {
		t.Fatalf("only %d fields are known: the search for them is wrong", len(known))
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !used[name] {
			t.Errorf("no fixture sets %s", name)
		}
	}
}

// field is a field's name in the language, or "".
func field(t reflect.Type, f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("hcl"), ",")
	if name == "" {
		return ""
	}
	return t.Name() + "." + name
}

func know(t reflect.Type, known map[string]bool, seen map[reflect.Type]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		know(t.Elem(), known, seen)
	case reflect.Struct:
		if seen[t] {
			return
		}
		seen[t] = true
		for i := range t.NumField() {
			if name := field(t, t.Field(i)); name != "" {
				known[name] = true
				know(t.Field(i).Type, known, seen)
			}
		}
	}
}

func use(v reflect.Value, used map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			use(v.Elem(), used)
		}
	case reflect.Slice:
		for i := range v.Len() {
			use(v.Index(i), used)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			use(v.MapIndex(k), used)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := field(v.Type(), v.Type().Field(i)); name != "" && !v.Field(i).IsZero() {
				used[name] = true
				use(v.Field(i), used)
			}
		}
	}
}
