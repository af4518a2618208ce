package proc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func start(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-done })
	return cmd
}

func TestAnIDMeansOneProcessOnly(t *testing.T) {
	cmd := start(t, "/", "sleep", "60")
	id, err := Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	other := ID{PID: id.PID, Start: id.Start + 1}
	if !id.Alive() || other.Alive() {
		t.Fatalf("alive: the process %v, one with another start time %v; want true, false", id.Alive(), other.Alive())
	}
	if err := other.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Fatalf("a signal to a process that took over the number: %v, want os.ErrProcessDone", err)
	}
	if err := id.Stop(context.Background(), syscall.SIGTERM, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if id.Alive() {
		t.Fatal("still alive after Stop")
	}
	if err := id.Stop(context.Background(), syscall.SIGTERM, time.Second); err != nil {
		t.Fatalf("stopping what has ended: %v, want nil", err)
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	dir := t.TempDir()
	cmd := start(t, dir, "sh", "-c", "trap '' TERM; touch ready; while :; do sleep 1; done")
	id, err := Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if _, err := os.Stat(filepath.Join(dir, "ready")); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if err := id.Stop(context.Background(), syscall.SIGTERM, 100*time.Millisecond); err != nil || id.Alive() {
		t.Fatalf("Stop: %v, alive %v", err, id.Alive())
	}
}

func TestInsideFindsByFolderArgumentAndEnvironment(t *testing.T) {
	dir := t.TempDir()
	byFolder := start(t, dir, "sleep", "60")
	byArgument := start(t, "/", "sh", "-c", "sleep 60; : "+dir+"/x")
	stranger := start(t, "/", "sleep", "60")
	var pids []int
	// A forked child becomes the program a moment after Start returned, so ask until both are there.
	for deadline := time.Now().Add(10 * time.Second); len(pids) < 2 && time.Now().Before(deadline); {
		ids, err := Inside(dir)
		if err != nil {
			t.Fatal(err)
		}
		pids = pids[:0]
		for _, id := range ids {
			pids = append(pids, id.PID)
		}
	}
	for what, want := range map[string]bool{"folder": slices.Contains(pids, byFolder.Process.Pid), "argument": slices.Contains(pids, byArgument.Process.Pid)} {
		if !want {
			t.Errorf("the process that is ours by %s is not in %v", what, pids)
		}
	}
	if slices.Contains(pids, stranger.Process.Pid) {
		t.Errorf("a stranger is in %v", pids)
	}
	if _, err := Inside("/"); err == nil {
		t.Error("Inside(/) must be refused")
	}
}

func TestMountsAreListedDeepestFirst(t *testing.T) {
	const info = `22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:40 / /data/a rw - tmpfs tmpfs rw
31 30 0:41 / /data/a/b\040c rw - tmpfs tmpfs rw
32 22 0:42 / /database rw - tmpfs tmpfs rw
`
	got := mountsBelow(info, "/data")
	if want := []string{"/data/a/b c", "/data/a"}; !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestListenerNamesThePortsOwner(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if got, want := Listener(port), fmt.Sprintf("(process %d)", os.Getpid()); !strings.HasSuffix(got, want) {
		t.Errorf("Listener(%d) = %q, want one that ends in %q", port, got, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := Listener(port); got != "" {
		t.Errorf("nobody listens on %d, Listener says %q", port, got)
	}
}
