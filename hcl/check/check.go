//go:generate go run -C ../../tools/nomad -mod=mod ./lists ../../hcl/check/nomad_lists.go

// Package check finds what is wrong with a stack before any cluster is asked.
//
// In: an assembled stack.Stack. Out: diagnostics at the places in the author's files, sorted. One file holds one check and
// its ID, which never changes: packctl:ignore names it. A check is pure and looks at the stack only. Sidecars must not
// import it.
package check

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/packctl/packctl/hcl/diag"
	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/stack"
)

// Rule is one check.
type Rule struct {
	ID      string
	Finds   string // one sentence for the list of checks
	inspect func(*stack.Stack, *findings)
}

// Rules lists every check, in the order of their IDs.
func Rules() []Rule {
	return []Rule{
		checkTiming(),
		disconnectBlock(),
		driverConfig(),
		duplicateName(),
		foreignVariable(),
		gateBudget(),
		hookEvent(),
		hookJob(),
		hookType(),
		hookWaitedFor(),
		imageTag(),
		invalidServiceName(),
		jobBlock(),
		killTimeout(),
		migrateBlock(),
		migrationDatabase(),
		networkBlock(),
		noCheck(),
		oddName(),
		periodicJob(),
		placementBlock(),
		rescheduleBlock(),
		restartBlock(),
		runtimeVariable(),
		scaling(),
		serviceBlock(),
		serviceName(),
		staticPortTwice(),
		taskBlock(),
		templateBlock(),
		templateField(),
		templateFunction(),
		templateSyntax(),
		undeclaredVolume(),
		unknownDriver(),
		unknownMount(),
		unknownPort(),
		unknownService(),
		unknownVariable(),
		unprovidedItem(),
		unreadCredential(),
		updateBlock(),
		volumeBlock(),
	}
}

// Check runs every check, several at once: none changes the stack.
func Check(s *stack.Stack) diag.Diagnostics {
	rules := Rules()
	found := make([]findings, len(rules))
	pack.Each(len(rules), func(i int) {
		found[i].id = rules[i].ID
		rules[i].inspect(s, &found[i])
	})
	var diags diag.Diagnostics
	for _, f := range found {
		diags = append(diags, f.diags...)
	}
	diags.Sort()
	return diags
}

// findings collects what a check finds.
type findings struct {
	id    string
	diags diag.Diagnostics
}

func (f *findings) error(at hcl.Range, summary, detail string, args ...any) {
	f.diags.Add(f.id, at, summary, detail, args...)
}

func (f *findings) warn(at hcl.Range, summary, detail string, args ...any) {
	d := diag.New(f.id, at, summary, detail, args...)
	d.Severity = diag.Warning
	f.diags = append(f.diags, d)
}

// runtime reports whether a text is only known where it runs.
func runtime(s string) bool { return strings.Contains(s, "${") }

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
