// Command bench measures how long packctl takes to render and validate packs, as whole processes, beside Nomad's parser
// alone on the text that comes out, and prints a table: docs/performance.md has one.
//
// A round runs every program once on every pack, so that what else the machine does hits all of them alike; of all rounds
// the quickest counts, for wall time and for CPU time apart.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	rounds := flag.Int("rounds", 15, "how often everything is run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench: error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int) error {
	dir, err := os.MkdirTemp("", "packctl-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	packctl, parser := filepath.Join(dir, "packctl"), filepath.Join(dir, "jobspec2")
	for target, source := range map[string]string{packctl: "./cmd/packctl", parser: "./bench/jobspec2"} {
		build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", target, source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build %s: %w", source, err)
		}
	}
	cases, err := packs(dir)
	if err != nil {
		return err
	}
	before := load()
	for i := range cases {
		if err := cases[i].prepare(ctx, packctl, parser); err != nil {
			return err
		}
	}
	for range rounds {
		for i := range cases {
			if err := cases[i].round(ctx); err != nil {
				return err
			}
		}
	}
	report(os.Stdout, cases, rounds, before, load())
	return nil
}
