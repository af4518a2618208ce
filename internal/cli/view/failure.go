package view

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/packctl/packctl/internal/release"
)

// failure is the report on one tier: what, where, how it ended, what it said, and where to look next.
func failure(s style, width int, f release.Failure) string {
	var b strings.Builder
	head := fmt.Sprintf("%s tier %s (job %s)", s.boldRed("✗"), s.bold(f.Tier), f.Job)
	if reason := oneLine(f.Reason); reason != "" && f.Task == "" {
		// A task's fault is told by its exit code, event and log, and by the error at the end.
		head += ": " + reason
	}
	b.WriteString(hang(head, 2, width, "\n"))
	field := func(name, value string) {
		if value != "" {
			b.WriteString(hang("  "+s.dim(pad(name, 8))+" "+value, 11, width, "\n"))
		}
	}
	if f.Task != "" {
		field("task", fmt.Sprintf("%s, exit code %d", s.bold(f.Task), f.ExitCode))
	}
	field("event", oneLine(f.Event))
	field("instance", place(f))
	if f.Check != "" {
		field("check", f.Check)
		if strings.TrimSpace(f.Output) != "" {
			block(&b, s, f.Output)
		}
	}
	if len(f.Logs) > 0 {
		field("log", fmt.Sprintf("the last %d lines:", len(f.Logs)))
		block(&b, s, strings.Join(f.Logs, "\n"))
	}
	if next := lookNext(f); next != "" {
		field("see", next)
	}
	return b.String()
}

// place is the allocation and the node, as far as there is one.
func place(f release.Failure) string {
	if f.Alloc == "" {
		return ""
	}
	if f.Node == "" {
		return shortID(f.Alloc)
	}
	return shortID(f.Alloc) + " on " + f.Node
}

// lookNext is the command that shows more.
func lookNext(f release.Failure) string {
	switch {
	case f.Alloc != "" && f.Task != "":
		return fmt.Sprintf("nomad alloc logs -stderr %s %s", shortID(f.Alloc), f.Task)
	case f.Alloc != "":
		return "nomad alloc status " + shortID(f.Alloc)
	case f.Job != "":
		return "nomad job status " + f.Job
	}
	return ""
}

// block is foreign text, each line behind a bar, without its escape sequences.
func block(b *strings.Builder, s style, text string) {
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(b, "    %s %s\n", s.dim("│"), strings.TrimRight(ansi.Strip(line), "\r"))
	}
}

// shortID is the part of an ID that Nomad's own commands print.
func shortID(id string) string {
	if len(id) > 8 {
		return id[:8]
	}
	return id
}
