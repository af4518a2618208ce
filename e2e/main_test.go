//go:build e2e

package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Ports of the agents and front doors of this package. The demo's own (4646, 8500, 8443) stay free beside them.
const (
	nomadPort  = "14646"
	consulPort = "18500"
)

// TestMain brings the agents up once. An interrupt ends the tests, and the agents all the same.
func TestMain(m *testing.M) {
	os.Exit(runMain(m))
}

func runMain(m *testing.M) (code int) {
	flag.Parse()
	root, err := filepath.Abs("..")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: find the repository:", err)
		return 1
	}
	if err := os.Chdir(root); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: enter the repository:", err)
		return 1
	}
	dir, err := os.MkdirTemp("", "packctl-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e: make a data folder:", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// go test ends the process at its own time limit, and nothing would take the agents down: be earlier.
	if limit, ok := timeLimit(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit-3*time.Minute)
		defer cancel()
	}

	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
		defer cancel()
		if out, err := exec.CommandContext(ctx, packctlBin(), "dev", "down", "--purge", "--data-dir", dir).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "e2e: packctl dev down: %v\n%s", err, out)
			code = 1
			return // its folder says what still runs
		}
		for _, left := range leftovers(dir) {
			fmt.Fprintln(os.Stderr, "e2e: left behind:", left)
			code = 1
		}
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: remove the data folder:", err)
			code = 1
		}
	}()
	up := exec.CommandContext(ctx, packctlBin(), "dev", "up", "--data-dir", dir, "--nomad-port", nomadPort, "--consul-port", consulPort)
	up.Stdout, up.Stderr = os.Stdout, os.Stderr
	if err := up.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "e2e: packctl dev up: %v (make build images does the set-up)\n", err)
		return 1
	}
	for k, v := range map[string]string{
		"NOMAD_ADDR":       "http://127.0.0.1:" + nomadPort,
		"CONSUL_HTTP_ADDR": "http://127.0.0.1:" + consulPort,
	} {
		if err := os.Setenv(k, v); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: set the environment:", err)
			return 1
		}
	}
	done := make(chan int, 1)
	go func() { done <- m.Run() }()
	select {
	case code := <-done:
		return code
	case <-ctx.Done():
		fmt.Fprintf(os.Stderr, "e2e: %v, taking the agents down\n", ctx.Err())
		return 130
	}
}

// timeLimit is the -timeout of go test.
func timeLimit() (time.Duration, bool) {
	f := flag.Lookup("test.timeout")
	if f == nil {
		return 0, false
	}
	d, err := time.ParseDuration(f.Value.String())
	return d, err == nil && d > 0
}
