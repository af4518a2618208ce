package devagent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// removeRules deletes the packet filter rules that name our bridge or subnet. Allocations take theirs along when they end;
// what is left are the ones that Nomad and the network plugins keep for their bridge.
func removeRules(ctx context.Context, p plan) error {
	var failed []error
	for _, table := range []string{"filter", "nat"} {
		cmd := exec.CommandContext(ctx, "iptables", "-w", "-t", table, "-S")
		cmd.Env = agentEnviron(os.Environ())
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("list packet filter rules: %w", err)
		}
		for _, rule := range rulesOf(string(out), p) {
			failed = append(failed, run(ctx, "iptables", append([]string{"-w", "-t", table, "-D"}, rule...)...))
		}
	}
	return errors.Join(failed...)
}

// rulesOf reads the output of iptables -S and returns, as arguments for -D, the appended rules that name the pair's bridge
// or an address of its subnet.
func rulesOf(list string, p plan) [][]string {
	var rules [][]string
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "-A" || strings.Contains(line, `"`) {
			continue // a rule with a quoted comment belongs to an allocation
		}
		for i, w := range words[:len(words)-1] {
			next := words[i+1]
			if (w == "-o" || w == "-i") && next == p.Bridge || (w == "-s" || w == "-d") && next == p.Subnet.Masked().String() {
				rules = append(rules, words[1:])
				break
			}
		}
	}
	return rules
}
