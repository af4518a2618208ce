package realtest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"

	"github.com/packctl/packctl/internal/repo"
)

// freePorts returns n different ports that are free on 127.0.0.1 for TCP and UDP. They lie below the kernel's range for
// outgoing connections, so that no client's socket sits on one when the server comes to bind it.
func freePorts(n int) ([]int, error) {
	var ports []int
	taken := map[int]bool{}
	for tries := 0; len(ports) < n; tries++ {
		if tries > 1000 {
			return nil, fmt.Errorf("find %d free ports between 10000 and 32000: no luck in 1000 tries", n)
		}
		port := 10000 + rand.IntN(22000)
		if !taken[port] && free(port) {
			ports, taken[port] = append(ports, port), true
		}
	}
	return ports, nil
}

func free(port int) bool {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	tcp, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	udp, err := net.ListenPacket("udp", addr)
	if err == nil {
		_ = udp.Close()
	}
	return tcp.Close() == nil && err == nil
}

// find returns the path of a program: from the repository's bin folder, then from dirs, then from PATH.
func find(name, remedy string, dirs ...string) (string, error) {
	if root, err := repo.Root(); err == nil {
		dirs = append([]string{filepath.Join(root, "bin")}, dirs...)
	}
	for _, dir := range dirs {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is neither in %v nor on PATH: %s", name, dirs, remedy)
	}
	return path, nil
}
