package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/nomad/api"
)

// change is one place where two results differ.
type change struct {
	path     string // as in "app/TaskGroups/0/Tasks/1/Env/PORT"
	old, new any    // nil where there is nothing
	base     outcome
}

func (c change) String() string {
	return fmt.Sprintf("%s: %s → %s", c.path, short(c.old), short(c.new))
}

func short(v any) string {
	b, _ := json.Marshal(v)
	if len(b) > 60 {
		b = append(b[:60:60], "…"...)
	}
	return string(b)
}

// differences lists where the jobs, and what pack.hcl says, differ.
func differences(a, b outcome) []change {
	if reflect.DeepEqual(a.jobs, b.jobs) && reflect.DeepEqual(a.pack, b.pack) {
		return nil
	}
	var out []change
	walk("", document(a), document(b), &out)
	for i := range out {
		out[i].base = a
	}
	return out
}

// document is a result as JSON sees it.
func document(o outcome) any {
	jobs := map[string]*api.Job{}
	for _, j := range o.jobs {
		jobs[*j.ID] = j
	}
	b, err := json.Marshal(map[string]any{"jobs": jobs, "pack": o.pack})
	if err != nil {
		panic(err) // maps and structs of texts and numbers always encode
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		panic(err)
	}
	return v
}

func walk(path string, a, b any, out *[]change) {
	if s, ok := a.(string); ok && strings.HasSuffix(path, "/PACKCTL_PREPARE") {
		if t, ok := b.(string); ok {
			var x, y any
			if json.Unmarshal([]byte(s), &x) == nil && json.Unmarshal([]byte(t), &y) == nil {
				walk(path, x, y, out)
				return
			}
		}
	}
	if x, ok := a.(map[string]any); ok {
		if y, ok := b.(map[string]any); ok {
			keys := slices.Sorted(maps.Keys(x))
			for _, k := range slices.Sorted(maps.Keys(y)) {
				if _, both := x[k]; !both {
					keys = append(keys, k)
				}
			}
			for _, k := range keys {
				walk(path+"/"+k, x[k], y[k], out)
			}
			return
		}
	}
	if x, ok := a.([]any); ok {
		if y, ok := b.([]any); ok && len(x) == len(y) {
			for i := range x {
				walk(fmt.Sprintf("%s/%d", path, i), x[i], y[i], out)
			}
			return
		}
	}
	if !reflect.DeepEqual(a, b) {
		*out = append(*out, change{path: path, old: a, new: b})
	}
}

// What nothing refers to. A change is free when it is
//
//   - a key, or a text below a key, of a map whose keys are the author's own: env, meta, headers, labels;
//   - text that Nomad hands on without reading it: arguments, paths inside a container, a check's name and path, a
//     description, an output, the text of a template outside its actions;
//   - the name of a service, group or task or the label of a port that nothing in the pack names.
//
// A runtime expression or a template's action that changed inside such a text is never free.
var (
	freeMap  = regexp.MustCompile(`/(Env|Meta|CanaryMeta|Header|labels|sysctl|storage_opt)(/[^/]+)?(/\d+)?$`)
	freeText = regexp.MustCompile(`/(EmbeddedTmpl|Path|DestPath|Description|Value|User|CommonName|DNSNames|Destination)(/\d+)?$|/Checks/\d+/(Name|Command)$|/Checks/\d+/Args/\d+$` +
		`|/Config/(image|command|args|volumes|mount|entrypoint|work_dir|cap_add|cap_drop|security_opt|hostname)(/.*)?$|/PACKCTL_PREPARE/.*/(command|lock)(/\d+)?$` +
		`|/Datacenters/\d+$|/GetterSource$|/RelativeDest$|/Parameters/[^/]+$`)
	live = regexp.MustCompile(`(?s)\$\{[^}]*\}|\{\{.*?\}\}`)
)

// freely says why a change is free, or "".
func freely(c change) string {
	if strings.Contains(c.path, "/PACKCTL_PREPARE") && !freeText.MatchString(c.path) {
		return ""
	}
	old, wasText := c.old.(string)
	now, isText := c.new.(string)
	if freeMap.MatchString(c.path) && (wasText || c.old == nil) && (isText || c.new == nil) {
		if c.old != nil && c.new != nil && !sameLive(old, now) {
			return ""
		}
		return "free key"
	}
	if wasText && isText && freeText.MatchString(c.path) && sameLive(old, now) && strings.Count(old, "{") == strings.Count(now, "{") && strings.Count(old, "}") == strings.Count(now, "}") {
		return "free text"
	}
	if isText && usualName.MatchString(now) && strings.HasSuffix(c.path, "/Name") && strings.Contains(c.path, "/Services/") && wasText && !mentions(c.base, old, "/jobs") {
		return "service that nothing names"
	}
	if isText && usualName.MatchString(now) && strings.HasSuffix(c.path, "/Label") && wasText && !mentions(c.base, old, groupOf.FindString(c.path)) {
		return "port that nothing names"
	}
	if wasText && isText && ownName.MatchString(c.path) && usualName.MatchString(now) && !mentions(c.base, old, "/jobs") {
		return "group or task that nothing names"
	}
	return ""
}

var (
	ownName   = regexp.MustCompile(`/TaskGroups/\d+(/Tasks/\d+)?/Name$`)
	usualName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
)

// sameLive reports whether two texts hold the same runtime expressions and actions.
func sameLive(a, b string) bool {
	return slices.Equal(live.FindAllString(a, -1), live.FindAllString(b, -1))
}

// identity is where a job, group or task says its own name, or a service or port its own: no mention of it.
var identity = regexp.MustCompile(`^/jobs/[^/]+/(ID|Name)$|/TaskGroups/\d+/Name$|/Tasks/\d+/Name$|/Services/\d+/Name$|/(DynamicPorts|ReservedPorts)/\d+/Label$`)

// owner is where the prestart task's document says whose it is.
var owner = regexp.MustCompile(`"(job|group|release|pack)": "[^"]*"`)

// groupOf is the group around a port: nothing outside it can name the port.
var groupOf = regexp.MustCompile(`^/jobs/[^/]+/TaskGroups/\d+/`)

// mentions reports whether a text of the pack's jobs below a path names a service or port, besides where it says its own
// name. The path of a Nomad Variable names a job.
func mentions(o outcome, name, below string) bool {
	word := regexp.MustCompile(`(^|[^A-Za-z0-9/-])` + regexp.QuoteMeta(name) + `($|[^\w-])`)
	found := false
	each("", document(o), func(path, text string) {
		found = found || strings.HasPrefix(path, below) && !identity.MatchString(path) && word.MatchString(owner.ReplaceAllString(text, ""))
	})
	return found
}

// each visits every text of a document, with its path.
func each(path string, v any, visit func(path, text string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			each(path+"/"+k, e, visit)
		}
	case []any:
		for i, e := range v {
			each(fmt.Sprintf("%s/%d", path, i), e, visit)
		}
	case string:
		visit(path, v)
	}
}
