// Package localport tells whether something listens on a port of this machine, and what.
//
// In: an address and a port. Out: the holder's name, as far as the kernel lets one see it. Only Linux's /proc is read for
// names; elsewhere the holder stays unnamed. Sidecars must not import it: their network is not the machine's.
package localport

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Ports looks at this machine's ports.
type Ports struct{}

// Taken tries to listen at address and port. A refusal for any other reason than that the place is in use (an address of
// another machine, a low port without the right to it) is not an answer, and counts as free.
func (Ports) Taken(address string, port int) (holder string, taken bool) {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err == nil {
		_ = l.Close()
		return "", false
	}
	if !errors.Is(err, syscall.EADDRINUSE) {
		return "", false
	}
	return holderOf(port), true
}

// holderOf names the process that listens on a port, or is "" when that cannot be seen.
func holderOf(port int) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if inode := listener(table, port); inode != "" {
			if name := owner(inode); name != "" {
				return name
			}
		}
	}
	return ""
}

// listener finds the inode of the socket that listens on a port in one of the kernel's tables.
func listener(table string, port int) string {
	f, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	suffix := fmt.Sprintf(":%04X", port)
	const listen = "0A"
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) > 9 && strings.HasSuffix(fields[1], suffix) && fields[3] == listen {
			return fields[9]
		}
	}
	return ""
}

// owner finds the process that has a socket open: "nginx (pid 4711)".
func owner(inode string) string {
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return ""
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != "socket:["+inode+"]" {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, err := os.ReadFile(filepath.Join("/proc", pid, "comm"))
		if err != nil {
			return "the process " + pid
		}
		return fmt.Sprintf("%s (pid %s)", strings.TrimSpace(string(name)), pid)
	}
	return ""
}
