package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// configBody is the keys of a driver's task configuration, or of a block in it.
type configBody map[string]configField

// configField is one of the keys.
type configField struct {
	kind     string // as the driver says it, "map" for free keys, "block"
	required bool
	many     bool // a block that may stand more than once
	body     configBody
}

// driverConfig: the server takes any configuration, and the client fails the task at its start.
func driverConfig() Rule {
	drivers := driverConfigs()
	return Rule{
		ID:    "driver-config",
		Finds: "a key or a value in a task's config that its driver does not know, or a key that is missing",
		inspect: func(s *stack.Stack, f *findings) {
			for _, t := range s.Tiers {
				for _, task := range t.Group.Tasks {
					body, known := drivers[task.Driver]
					if !known {
						continue
					}
					c := &configCheck{findings: f, driver: task.Driver}
					c.check(ofTier(t).labelled("task", task.Name).nth("config", 0), "", body, task.Config)
				}
			}
		},
	}
}

type configCheck struct {
	*findings
	driver string
}

const configSummary = "Configuration that the driver refuses"

// check compares one body. path is where it is, for people: "mount".
func (c *configCheck) check(at place, path string, body configBody, values map[string]any) {
	where := "the config of driver " + c.driver
	if path != "" {
		where = path + " in " + where
	}
	names := slices.Sorted(maps.Keys(body))
	for _, key := range slices.Sorted(maps.Keys(values)) {
		field, known := body[key]
		inner := at.nth(key, 0)
		if !known {
			place := at.attr(key)
			if !at.has(key) && inner.here() != at.here() {
				place = inner.here()
			}
			c.error(place, configSummary, "%s has no %q.%s Known: %s.", capital(where), key, diag.DidYouMean(key, names, ""), diag.List(names, "nothing"))
			continue
		}
		if field.kind == "block" {
			c.blocks(at, key, field, values[key])
			continue
		}
		if !fits(field.kind, values[key]) {
			c.error(at.attr(key), configSummary, "%s of %s is %s, and the driver wants %s.", key, where, describe(values[key]), wanted(field.kind))
		}
	}
	for _, key := range names {
		if _, given := values[key]; body[key].required && !given {
			c.error(at.here(), configSummary, "%s needs %s.", capital(where), key)
		}
	}
}

func (c *configCheck) blocks(at place, key string, field configField, v any) {
	bodies, ok := spec.Blocks(v)
	switch {
	case !ok || v == nil:
		c.error(at.attr(key), configSummary, "%s of driver %s is a block, %s { … }, not %s.", key, c.driver, key, describe(v))
		return
	case len(bodies) > 1 && !field.many:
		c.error(at.nth(key, 1).here(), configSummary, "%s of driver %s may stand once.", key, c.driver)
	}
	for i, values := range bodies {
		inner := at.nth(key, i)
		if at.has(key) { // written as a value: key = [{ … }]
			inner = valuePlace(at, key)
		}
		c.check(inner, key, field.body, values)
	}
}

// valuePlace makes an attribute's place do for a block's.
func valuePlace(at place, key string) place {
	return place{at.job, append(slices.Clone(at.steps), stack.Attr(key))}
}

// fits reports whether a value can be converted to a kind, as HCL does it. What holds a runtime expression can.
func fits(kind string, v any) bool {
	if v == nil {
		return true
	}
	text, isText := v.(string)
	if isText && runtime(text) {
		return true
	}
	switch kind {
	case "string":
		return scalar(v)
	case "number":
		_, err := strconv.ParseFloat(text, 64)
		_, isBool := v.(bool)
		return scalar(v) && !isBool && (!isText || err == nil)
	case "bool":
		_, isBool := v.(bool)
		return isBool || text == "true" || text == "false"
	case "list(string)":
		list, ok := v.([]any)
		return ok && !slices.ContainsFunc(list, func(x any) bool { return !scalar(x) })
	case "map", "list(map(string))", "map(string)":
		bodies, ok := spec.Blocks(v)
		return ok && v != nil && !slices.ContainsFunc(bodies, func(m map[string]any) bool {
			return slices.ContainsFunc(slices.Collect(maps.Values(m)), func(x any) bool { return !scalar(x) })
		})
	}
	return true
}

func scalar(v any) bool {
	switch v.(type) {
	case string, bool, int, int64, float64:
		return true
	}
	return false
}

func describe(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []any:
		return "a list"
	case map[string]any, []map[string]any:
		return "a block"
	default:
		return fmt.Sprint(v)
	}
}

// wanted is a kind of value in words.
func wanted(kind string) string {
	switch kind {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "list(string)":
		return "a list of texts"
	case "number":
		return "a number"
	}
	return "a block of texts"
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
