package devagent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// chains are those that Nomad and the network plugins make in each table and share between all agents of a machine.
var chains = map[string][]string{
	"filter": {"CNI-FORWARD", "NOMAD-ADMIN"},
	"nat":    {"CNI-HOSTPORT-DNAT", "CNI-HOSTPORT-MASQ", "CNI-HOSTPORT-SETMARK"},
}

// removeRules deletes the packet filter rules that name our bridge or subnet, and then the shared chains if no allocation of
// any agent uses them; the plugins make them again. Allocations take their own rules along when they end.
func removeRules(ctx context.Context, p plan) error {
	var failed []error
	for _, table := range []string{"filter", "nat"} {
		for _, pick := range []func([]rule) [][]string{p.rulesOf, idleChains(chains[table])} {
			cmd := exec.CommandContext(ctx, "iptables", "-w", "-t", table, "-S")
			cmd.Env = agentEnviron(os.Environ())
			out, err := cmd.Output()
			if err != nil {
				return fmt.Errorf("list packet filter rules: %w", err)
			}
			for _, args := range pick(parseRules(string(out))) {
				failed = append(failed, run(ctx, "iptables", append([]string{"-w", "-t", table}, args...)...))
			}
		}
	}
	return errors.Join(failed...)
}

// rule is one line of iptables -S that appends a rule: its chain, and what follows.
type rule struct {
	chain string
	words []string
}

func (r rule) remove() []string { return append([]string{"-D", r.chain}, r.words...) }

// target is the chain or verdict that the rule jumps to.
func (r rule) target() string {
	if i := slices.Index(r.words, "-j"); i >= 0 && i+1 < len(r.words) {
		return r.words[i+1]
	}
	return ""
}

func parseRules(list string) []rule {
	var rules []rule
	for line := range strings.Lines(list) {
		if words := splitQuoted(line); len(words) > 2 && words[0] == "-A" {
			rules = append(rules, rule{words[1], words[2:]})
		}
	}
	return rules
}

// splitQuoted splits a line of iptables -S, where a comment may be in double quotes with backslashes.
func splitQuoted(line string) []string {
	var words []string
	var word strings.Builder
	quoted, began := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted, began = !quoted, true
		case c == '\\' && quoted && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case (c == ' ' || c == '\n') && !quoted:
			if began {
				words = append(words, word.String())
			}
			word.Reset()
			began = false
		default:
			word.WriteByte(c)
			began = true
		}
	}
	if began {
		words = append(words, word.String())
	}
	return words
}

// rulesOf returns the commands that delete what names the pair's bridge or an address of its subnet: single rules, and the
// chains of allocations that an agent which died could not take away. No allocation of the pair may be running.
func (p plan) rulesOf(rules []rule) [][]string {
	var own []string // chains of allocations
	for _, r := range rules {
		shared := slices.Contains(chains["filter"], r.chain) || slices.Contains(chains["nat"], r.chain)
		if strings.HasPrefix(r.chain, "CNI-") && !shared && p.names(r) && !slices.Contains(own, r.chain) {
			own = append(own, r.chain)
		}
	}
	var commands [][]string
	for _, r := range rules {
		if !slices.Contains(own, r.chain) && (p.names(r) || slices.Contains(own, r.target())) {
			commands = append(commands, r.remove())
		}
	}
	for _, c := range own {
		commands = append(commands, []string{"-F", c}, []string{"-X", c})
	}
	return commands
}

// names says whether a rule is about the pair's bridge or an address of its subnet.
func (p plan) names(r rule) bool {
	for i, w := range r.words[:len(r.words)-1] {
		next := r.words[i+1]
		switch w {
		case "-o", "-i":
			if next == p.Bridge {
				return true
			}
		case "-s", "-d":
			if prefix, err := netip.ParsePrefix(next); err == nil && prefix.Bits() >= p.Subnet.Bits() && p.Subnet.Contains(prefix.Addr()) {
				return true
			}
		}
	}
	return false
}

// idleChains returns the commands that delete the shared chains, or nothing while one of them serves an allocation: it holds
// a rule that leads elsewhere than to another shared chain or to the fixed ends of the port mapping.
func idleChains(shared []string) func([]rule) [][]string {
	return func(rules []rule) [][]string {
		var unlink [][]string
		present := map[string]bool{}
		for _, r := range rules {
			inside, to := slices.Contains(shared, r.chain), r.target()
			fixed := slices.Contains(shared, to) || r.chain == "CNI-HOSTPORT-MASQ" || r.chain == "CNI-HOSTPORT-SETMARK"
			if inside && !fixed || !inside && strings.HasPrefix(r.chain, "CNI-") {
				return nil
			}
			if slices.Contains(shared, to) {
				unlink = append(unlink, r.remove())
				present[to] = true
			}
			if inside {
				present[r.chain] = true
			}
		}
		commands := unlink
		for _, c := range shared {
			if present[c] {
				commands = append(commands, []string{"-F", c}, []string{"-X", c})
			}
		}
		return commands
	}
}
