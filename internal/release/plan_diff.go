package release

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/nomad/api"
)

// Nomad's words for the type of a diff.
const (
	diffNone    = "None"
	diffAdded   = "Added"
	diffDeleted = "Deleted"
)

// differs says whether a plan's diff holds a change. The diff's own type does not tell: a group with a scaling block is
// always "Edited", because of fields that the server fills in and the diff then leaves out [measured on 1.11.3]. An edited
// part counts only when something inside of it changed.
func differs(d *api.JobDiff) bool {
	if d == nil || d.Type == diffAdded || d.Type == diffDeleted {
		return true
	}
	if len(jobFields(d)) > 0 {
		return true
	}
	for _, g := range d.TaskGroups {
		if whole(g.Type) || len(groupFields(g)) > 0 {
			return true
		}
	}
	return false
}

func whole(kind string) bool { return kind == diffAdded || kind == diffDeleted }

// jobFields are the changes of a job outside its groups.
func jobFields(d *api.JobDiff) []FieldChange {
	if d == nil || d.Type == diffNone {
		return nil
	}
	return collect("", d.Fields, d.Objects)
}

// groupFields are the changes inside a group.
func groupFields(g *api.TaskGroupDiff) []FieldChange {
	if g.Type == diffNone {
		return nil
	}
	out := collect("", g.Fields, g.Objects)
	for _, t := range g.Tasks {
		if t.Type == diffNone {
			continue
		}
		fields := collect("task."+t.Name+".", t.Fields, t.Objects)
		for i := range fields {
			fields[i].Why = strings.Join(t.Annotations, ", ") // Nomad says it of the whole task
		}
		if len(fields) == 0 && whole(t.Type) {
			fields = []FieldChange{{Path: "task." + t.Name, Kind: kindOf(t.Type)}}
		}
		out = append(out, fields...)
	}
	return out
}

// forcesDestroy is Nomad's word for a task whose change replaces its allocation.
const forcesDestroy = "forces create/destroy update"

// replaces says whether a change inside a group replaces its allocations.
func replaces(g *api.TaskGroupDiff) bool {
	return slices.ContainsFunc(g.Tasks, func(t *api.TaskDiff) bool { return slices.Contains(t.Annotations, forcesDestroy) })
}

// collect flattens fields and objects that changed. An object without fields counts when it came or went.
func collect(prefix string, fields []*api.FieldDiff, objects []*api.ObjectDiff) []FieldChange {
	var out []FieldChange
	for _, f := range fields {
		if f.Type != diffNone {
			out = append(out, FieldChange{Path: prefix + fieldName(f.Name), Kind: kindOf(f.Type), Old: fieldText(f.Name, f.Old),
				New: fieldText(f.Name, f.New), Why: strings.Join(f.Annotations, ", ")})
		}
	}
	for _, o := range objects {
		if o.Type == diffNone {
			continue
		}
		inner := collect(prefix+fieldName(o.Name)+".", o.Fields, o.Objects)
		if len(inner) == 0 && whole(o.Type) {
			inner = []FieldChange{{Path: prefix + fieldName(o.Name), Kind: kindOf(o.Type)}}
		}
		out = append(out, inner...)
	}
	return out
}

func kindOf(diff string) string {
	switch diff {
	case diffAdded:
		return "added"
	case diffDeleted:
		return "removed"
	}
	return "changed"
}

// fieldName turns the name that a field has in Nomad's code into that of a job file: KillTimeout into kill_timeout,
// Env[LOG_LEVEL] into env.LOG_LEVEL.
func fieldName(name string) string {
	switch name {
	case "EmbeddedTmpl":
		return "data"
	case "DestPath":
		return "destination"
	case "MemoryMB":
		return "memory"
	case "SizeMB":
		return "size"
	}
	outer, key, found := strings.Cut(name, "[")
	name = snake(outer)
	if found {
		name += "." + strings.TrimSuffix(key, "]")
	}
	return name
}

// snake puts an underscore before each capital that begins a word; "CPU" and "DNSServers" are words of capitals.
func snake(s string) string {
	if !strings.ContainsFunc(s, unicode.IsUpper) {
		return s
	}
	r := []rune(s)
	var b strings.Builder
	for i, c := range r {
		begins := i > 0 && unicode.IsUpper(c) && (unicode.IsLower(r[i-1]) || i+1 < len(r) && unicode.IsLower(r[i+1]) && unicode.IsUpper(r[i-1]))
		if begins && b.Len() > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// fieldText shows nanoseconds as a duration, in the fields that hold one.
func fieldText(name, text string) string {
	for _, suffix := range []string{"Timeout", "Deadline", "Interval", "Delay", "Time", "Stagger", "Wait", "Grace", "Splay", "After", "Within", "Cooldown"} {
		if strings.HasSuffix(name, suffix) {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= int64(time.Millisecond) {
				return time.Duration(n).String()
			}
		}
	}
	return text
}
