// Command sidecar is what packctl runs inside the cluster: prepare (a group's gate and migration, as its prestart task),
// gate and migrate alone, and the sidecars that stay up.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		cancel(&signalError{(<-signals).(syscall.Signal)})
		signal.Stop(signals) // a second one ends the process at once
	}()
	os.Exit(execute(ctx, host{
		args:    os.Args[1:],
		environ: os.Environ(),
		stdout:  os.Stdout,
		stderr:  os.Stderr,
	}))
}
