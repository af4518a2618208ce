// Command supplier stands in for the supplier of packs/enstore: an HTTP API that takes orders, late and failing on purpose.
//
// PORT is where it listens (default 8090), DATA_DIR where it keeps what it did (default /data). An order is taken once a key,
// and what was answered 2xx is on the disk, so that it holds after a kill -9 too.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// drainTimeout is longer than the slowest product takes.
const drainTimeout = 25 * time.Second

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log, os.Getenv); err != nil {
		log.Error("supplier failed", "error", err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger, env func(string) string) (err error) {
	port, folder := env("PORT"), env("DATA_DIR")
	if port == "" {
		port = "8090"
	}
	if folder == "" {
		folder = "/data"
	}
	book, err := OpenBook(filepath.Join(folder, "orders.jsonl"))
	if err != nil {
		return fmt.Errorf("open the order book (DATA_DIR is %s): %w", folder, err)
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	listener, err := net.Listen("tcp", net.JoinHostPort(env("HOST"), port))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: newAPI(log, book).handler(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	log.Info("listening", "address", listener.Addr().String(), "keys", len(book.Effects("")))

	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	log.Info("stopping")
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(end); err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
