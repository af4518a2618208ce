// Command packctl renders, checks and runs packs on Nomad and Consul.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/packctl/packctl/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	os.Exit(cli.Main(ctx, cli.NewFactory(), os.Args[1:]))
}
