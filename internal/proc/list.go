package proc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Info is what can be seen of a process.
type Info struct {
	ID
	Dir  string   // working folder
	Args []string // command line
	Env  []string // "k=v", as it was when the process started
}

// List returns the running processes that pick wants, other than this one and its parent. What we may not see of a process
// is empty.
func List(pick func(Info) bool) ([]Info, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var list []Info
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() || pid == os.Getppid() {
			continue
		}
		id, err := Identify(pid)
		if err != nil {
			continue // it has ended meanwhile
		}
		base := filepath.Join("/proc", e.Name())
		info := Info{ID: id, Args: words(base, "cmdline"), Env: words(base, "environ")}
		info.Dir, _ = os.Readlink(filepath.Join(base, "cwd"))
		if pick(info) {
			list = append(list, info)
		}
	}
	return list, nil
}

func words(dir, name string) []string {
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil || len(data) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(data, []byte{0})), "\x00")
}

// Inside lists the processes, other than this one, that work in dir: their command line, environment or working folder
// names something below it. dir must be a folder that is ours alone.
func Inside(dir string) ([]ID, error) {
	dir = filepath.Clean(dir)
	if dir == "/" || !filepath.IsAbs(dir) {
		return nil, fmt.Errorf("list the processes inside %q: not an absolute path of a folder of our own", dir)
	}
	names := func(word string) bool { return strings.Contains(word, dir+"/") }
	list, err := List(func(p Info) bool {
		return within(p.Dir, dir) || slices.ContainsFunc(p.Args, names) || slices.ContainsFunc(p.Env, names)
	})
	ids := make([]ID, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	return ids, err
}

func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+"/")
}
