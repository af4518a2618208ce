package main

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// unexplained is the reason of a survivor that validate should have reported.
const unexplained = "unexplained"

var (
	portPath    = regexp.MustCompile(`/PortLabel$|/Config/ports/\d+$|/LocalServicePort$`)
	servicePath = regexp.MustCompile(`/Services/\d+/Name$|/DestinationName$|/PACKCTL_PREPARE/wait_for/\d+/service/name$`)
	textPath    = regexp.MustCompile(`/EmbeddedTmpl$`)
	outputPath  = regexp.MustCompile(`^/pack/Outputs/`)
)

// reason says why validate may say nothing of a mutant, from what it changed in the jobs. The first that holds for all
// changes counts. lost says that an expression or a directive of the file is none any more: nothing excuses that.
func reason(lost bool, changes []change) string {
	if lost {
		return unexplained
	}
	for _, r := range []struct {
		why   string
		holds func(change) bool
	}{
		{"names another port that the group has", namesOther(portPath, "/Label")},
		{"names another service that the pack has", namesOther(servicePath, "/Name")},
		{"text of a file that the task reads in a language of its own: the actions of its template are as they were", func(c change) bool {
			old, now, ok := texts(c)
			return ok && textPath.MatchString(c.path) && slices.Equal(live.FindAllString(old, -1), live.FindAllString(now, -1))
		}},
		{"another template that consul-template takes as well", func(c change) bool {
			_, _, ok := texts(c)
			return ok && textPath.MatchString(c.path)
		}},
		{"plain text that packctl prints after run", func(c change) bool {
			old, now, ok := texts(c)
			return ok && outputPath.MatchString(c.path) && strings.Count(old, "$") == strings.Count(now, "$")
		}},
		{"plain text that Nomad hands to the task or its driver as it stands", func(c change) bool {
			old, now, ok := texts(c)
			return ok && freeText.MatchString(c.path) && sameLive(old, now)
		}},
	} {
		if !slices.ContainsFunc(changes, func(c change) bool { return !r.holds(c) }) {
			return r.why
		}
	}
	return unexplained
}

// lost reports whether the file holds other numbers of ${ and %{ than before.
func (m mutant) lost() bool {
	before := m.pack.files[m.file].Data
	for _, sign := range []string{"${", "%{"} {
		if bytes.Count(before, []byte(sign)) != bytes.Count(m.data, []byte(sign)) {
			return true
		}
	}
	return false
}

func texts(c change) (old, now string, ok bool) {
	old, wasText := c.old.(string)
	now, isText := c.new.(string)
	return old, now, wasText && isText
}

// namesOther holds for a change of one name into another that the unmutated pack has at a place of the given ending; of
// ports only those of its group count.
func namesOther(where *regexp.Regexp, ending string) func(change) bool {
	return func(c change) bool {
		_, now, ok := texts(c)
		if !ok || !where.MatchString(c.path) {
			return false
		}
		below := "/jobs"
		if ending == "/Label" {
			below = groupOf.FindString(c.path)
		}
		return has(c.base, now, below, ending)
	}
}

// has reports whether some text of the pack's jobs below a path and at an ending is a name.
func has(o outcome, name, below, ending string) bool {
	found := false
	each("", document(o), func(path, text string) {
		found = found || text == name && strings.HasPrefix(path, below) && strings.HasSuffix(path, ending)
	})
	return found
}
