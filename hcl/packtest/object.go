package packtest

import (
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"time"

	"github.com/hashicorp/nomad/api"
	"github.com/zclconf/go-cty/cty"
)

// object turns a value of Nomad's API into one that a condition can read, by the names that authors write: the fields' hcl
// tags. Blocks with a label become an object with a key for each, other blocks that may be repeated a list. Durations are
// texts in their shortest form. What is not written is null, or an empty list; booleans are false.
func object(v reflect.Value) cty.Value {
	if d, ok := duration(v); ok {
		return d
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return null()
		}
		return pointed(v.Elem())
	case reflect.Struct:
		return fields(v)
	case reflect.Map:
		return mapping(v)
	case reflect.Slice, reflect.Array:
		return list(v)
	}
	if v.Kind() != reflect.Bool && v.IsZero() {
		return null()
	}
	return scalar(v)
}

func null() cty.Value { return cty.NullVal(cty.DynamicPseudoType) }

// pointed is what a pointer leads to: there, zero is a value that somebody wrote.
func pointed(v reflect.Value) cty.Value {
	if d, ok := v.Interface().(time.Duration); ok {
		return cty.StringVal(short(d))
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return object(v)
	}
	return scalar(v)
}

func scalar(v reflect.Value) cty.Value {
	switch v.Kind() {
	case reflect.Bool:
		return cty.BoolVal(v.Bool())
	case reflect.String:
		return cty.StringVal(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return cty.NumberIntVal(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return cty.NumberUIntVal(v.Uint())
	case reflect.Float32, reflect.Float64:
		return cty.NumberVal(big.NewFloat(v.Float()))
	}
	// Nomad's API has no other kinds; a new one must not end the run.
	return cty.StringVal(fmt.Sprint(v.Interface()))
}

func duration(v reflect.Value) (cty.Value, bool) {
	d, ok := v.Interface().(time.Duration)
	if !ok {
		return cty.NilVal, false
	}
	if d == 0 {
		return null(), true
	}
	return cty.StringVal(short(d)), true
}

// short is a duration without its zeros: 2m, 1h30m, 5s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// tag is a field's name and kind in HCL; a field without one is none of what authors write.
func tag(f reflect.StructField) (name, kind string, ok bool) {
	text, ok := f.Tag.Lookup("hcl")
	if !ok || text == "-" || !f.IsExported() {
		return "", "", false
	}
	name, kind, _ = strings.Cut(text, ",")
	return name, kind, name != ""
}

func fields(v reflect.Value) cty.Value {
	if n, ok := v.Interface().(api.NetworkResource); ok {
		return network(v, n)
	}
	return cty.ObjectVal(fieldMap(v))
}

func fieldMap(v reflect.Value) map[string]cty.Value {
	out := map[string]cty.Value{}
	t := v.Type()
	for i := range t.NumField() {
		name, _, ok := tag(t.Field(i))
		if !ok {
			continue
		}
		if networks, isNetwork := v.Field(i).Interface().([]*api.NetworkResource); isNetwork {
			// Nomad takes at most one in a group, so that it need not be a list.
			out[name] = null()
			if len(networks) > 0 {
				out[name] = object(reflect.ValueOf(networks[0]))
			}
			continue
		}
		out[name] = object(v.Field(i))
	}
	return out
}

// network has all its ports at `port`, by label; Nomad's API keeps those with a static number apart.
func network(v reflect.Value, n api.NetworkResource) cty.Value {
	out := fieldMap(v)
	delete(out, "reserved_ports")
	ports := map[string]cty.Value{}
	for _, all := range [][]api.Port{n.ReservedPorts, n.DynamicPorts} {
		for _, p := range all {
			ports[p.Label] = object(reflect.ValueOf(p))
		}
	}
	out["port"] = cty.ObjectVal(ports)
	return cty.ObjectVal(out)
}

func mapping(v reflect.Value) cty.Value {
	out := map[string]cty.Value{}
	for _, k := range v.MapKeys() {
		out[fmt.Sprint(k.Interface())] = entry(v.MapIndex(k))
	}
	return cty.ObjectVal(out)
}

// entry is an element of a map or list: what stands there was written, also when it is zero.
func entry(v reflect.Value) cty.Value {
	if v.Kind() == reflect.Interface && v.IsNil() {
		return null()
	}
	return pointed(v)
}

func list(v reflect.Value) cty.Value {
	if label, ok := labelled(v.Type().Elem()); ok {
		out := map[string]cty.Value{}
		for i := range v.Len() {
			e := reflect.Indirect(v.Index(i))
			if e.IsValid() {
				out[fmt.Sprint(reflect.Indirect(e.Field(label)).Interface())] = object(e)
			}
		}
		return cty.ObjectVal(out)
	}
	out := make([]cty.Value, v.Len())
	for i := range out {
		out[i] = entry(v.Index(i))
	}
	return cty.TupleVal(out)
}

// labelled says which field of a block's type is its label.
func labelled(t reflect.Type) (int, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return 0, false
	}
	for i := range t.NumField() {
		if text := t.Field(i).Tag.Get("hcl"); strings.HasSuffix(text, ",label") {
			return i, true
		}
	}
	return 0, false
}
