package view

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/packctl/packctl/internal/release"
)

// keeper is how the verbs speak that look after a release's data.
type keeper interface {
	Destroying(*release.Destruction) // what is about to go, and a question
	Credentials([]release.CredentialState)
	Rotated(*release.Rotation)
}

// Destroying shows what goes and what stays, and asks.
func (h *Human) Destroying(d *release.Destruction) {
	h.end()
	show := func(head string, names []string) {
		if len(names) > 0 {
			fmt.Fprint(h.streams.Err, hang(head+" "+strings.Join(names, ", "), 4, h.streams.talkWidth(), "\n"))
		}
	}
	gone := h.err.red("-")
	show("    hooks that run first:", d.Hooks)
	show("  "+gone+" jobs:", d.Jobs)
	show("  "+gone+" volumes, with their data:", d.Volumes)
	show("  "+gone+" credentials:", d.Credentials)
	if d.History {
		show("  "+gone, []string{"the history"})
	}
	show("    kept volumes:", d.Kept.Volumes)
	show("    kept credentials:", d.Kept.Credentials)
	fmt.Fprintf(h.streams.Err, "To destroy it, type the release's name (%s): ", d.Release)
}

// destroyed says what was deleted, what was kept, and how that is removed.
func (h *Human) destroyed(r *release.Result) string {
	d := r.Destroyed
	var parts []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			parts = append(parts, what+" "+strings.Join(names, ", "))
		}
	}
	add("jobs", d.Jobs)
	add("volumes", d.Volumes)
	add("credentials", d.Credentials)
	if d.History {
		parts = append(parts, "history")
	}
	text := fmt.Sprintf("%s is destroyed: %s %s", h.out.bold(r.Release), cmp.Or(strings.Join(parts, "; "), "nothing was left of it to delete"), h.out.dim("("+short(r.Elapsed)+")"))
	parts = nil
	var flags string
	add("volumes", d.Kept.Volumes)
	add("credentials", d.Kept.Credentials)
	for _, name := range d.Kept.Volumes {
		flags += " --volume " + strings.TrimPrefix(name, r.Release+"-")
	}
	for _, name := range d.Kept.Credentials {
		flags += " --credential " + name
	}
	if d.Kept.Revisions > 0 {
		parts = append(parts, "the history ("+plural(d.Kept.Revisions, "revision")+")")
		flags = " --all-data"
	}
	if len(parts) > 0 {
		text += "\n  kept: " + strings.Join(parts, "; ") + "\n  " + h.out.dim("packctl destroy "+r.Release+flags+" deletes that too")
	}
	return text
}

// Credentials is a table, with a warning for each that ends soon.
func (h *Human) Credentials(list []release.CredentialState) {
	if len(list) == 0 {
		fmt.Fprintln(h.streams.Err, "the release has no credentials")
		return
	}
	rows := [][]string{{"CREDENTIAL", "KIND", "SINCE", "EXPIRES", "READERS"}}
	for _, c := range list {
		kind := string(c.Kind)
		if c.Supplied {
			kind += ", supplied"
		}
		var jobs []string
		for _, path := range c.At {
			jobs = append(jobs, strings.TrimPrefix(path, "nomad/jobs/"))
		}
		rows = append(rows, []string{c.Name, kind, day(c.Changed), day(c.Expires), cmp.Or(strings.Join(jobs, ", "), "-")})
	}
	table(h.streams.Out, h.streams.resultWidth(), h.out, rows)
	for _, c := range list {
		if c.Expiring {
			h.Notice(fmt.Sprintf("certificate %s ends on %s: packctl credential rotate renews a generated one", c.Name, day(c.Expires)))
		}
		if len(c.Missing) > 0 {
			h.Notice(fmt.Sprintf("credential %s is missing or incomplete at %s", c.Name, strings.Join(c.Missing, ", ")))
		}
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.DateOnly)
}

// Rotated says where the new value is, and what Nomad does to those that read it.
func (h *Human) Rotated(r *release.Rotation) {
	h.end()
	text := fmt.Sprintf("%s credential %s of %s has a new value at %s", h.out.green("✓"), h.out.bold(r.Credential), r.Release, strings.Join(r.At, ", "))
	if !r.Expires.IsZero() {
		text += ", until " + day(r.Expires)
	}
	fmt.Fprintln(h.streams.Out, text)
	for _, t := range r.Readers {
		does := "Nomad restarts it, each instance within the template's splay"
		switch t.Mode {
		case "signal":
			does = "Nomad signals it"
		case "script":
			does = "Nomad runs the template's script"
		case "noop":
			does = "Nomad does nothing: packctl restart " + r.Release + " " + t.Tier
		}
		fmt.Fprintf(h.streams.Out, "  task %s of tier %s: %s\n", t.Task, t.Tier, does)
	}
}

// Destroying has nothing to ask: a program says -auto-approve.
func (j *JSON) Destroying(*release.Destruction) {}

// Credentials writes {"credentials": […]}.
func (j *JSON) Credentials(list []release.CredentialState) {
	value(j.streams.Out, struct {
		Credentials []release.CredentialState `json:"credentials"`
	}{append([]release.CredentialState{}, list...)})
}

// Rotated writes the rotation as one object.
func (j *JSON) Rotated(r *release.Rotation) { value(j.streams.Out, r) }
