//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// leftovers lists what still exists of agents that had their data in dir: processes, mounts, interfaces, containers'
// own networks. An empty list is what `packctl dev down` promises.
func leftovers(dir string) []string {
	var out []string
	cmdlines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return []string{err.Error()}
	}
	for _, path := range cmdlines {
		b, err := os.ReadFile(path) //nolint:gosec // a process list
		if err != nil {
			continue // it has ended meanwhile
		}
		if line := strings.ReplaceAll(string(b), "\x00", " "); strings.Contains(line, dir) {
			out = append(out, fmt.Sprintf("process %s: %.200s", filepath.Base(filepath.Dir(path)), line))
		}
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return append(out, err.Error())
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, dir) {
			out = append(out, "mount "+strings.TrimSpace(line))
		}
	}
	links, err := net.Interfaces()
	if err != nil {
		return append(out, err.Error())
	}
	for _, l := range links {
		if strings.HasSuffix(l.Name, nomadPort) {
			out = append(out, "interface "+l.Name)
		}
	}
	return append(out, containers(dir)...)
}

// containers are those, running or not, that mount something of dir: every task of Nomad does.
func containers(dir string) []string {
	ids, err := exec.Command("docker", "ps", "-aq", "--no-trunc").Output()
	if err != nil {
		return []string{"docker ps: " + err.Error()}
	}
	var out []string
	for _, id := range strings.Fields(string(ids)) {
		info, err := exec.Command("docker", "inspect", "-f", "{{.Name}} {{json .HostConfig.Binds}} {{json .Mounts}}", id).Output()
		if err == nil && strings.Contains(string(info), dir) {
			out = append(out, fmt.Sprintf("container %.12s %.200s", id, info))
		}
	}
	return out
}
