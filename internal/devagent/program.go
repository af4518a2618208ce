package devagent

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/packctl/packctl/internal/proc"
)

// oldest are the versions below which something that packctl builds on is missing (Nomad: dynamic host volumes).
var oldest = map[string][2]int{"nomad": {1, 10}, "consul": {1, 18}}

// program is an agent's executable.
type program struct {
	name, path, version string
}

// findProgram looks in dirs and then on PATH for an agent that is new enough.
func findProgram(ctx context.Context, name string, dirs []string) (program, error) {
	var seen []string
	for _, dir := range append(dirs, filepath.SplitList(os.Getenv("PATH"))...) {
		path, err := exec.LookPath(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, path, "version").Output()
		if ctx.Err() != nil {
			return program{}, ctx.Err()
		}
		version, ok := parseVersion(string(out))
		if err == nil && ok && !older(version, oldest[name]) {
			return program{name, path, version}, nil
		}
		seen = append(seen, fmt.Sprintf("%s is too old or does not say its version", path))
	}
	where := "neither in " + strings.Join(dirs, ", ") + " nor on PATH"
	if len(seen) > 0 {
		where = strings.Join(seen, "; ")
	}
	return program{}, &Fault{
		Problem: fmt.Sprintf("no program %q of version %d.%d or newer: %s", name, oldest[name][0], oldest[name][1], where),
		Remedy:  fmt.Sprintf("run `make tools` in packctl's source tree, or install %s", name),
	}
}

// parseVersion finds 1.11.3 in "Nomad v1.11.3\nBuildDate …".
func parseVersion(out string) (string, bool) {
	m := regexp.MustCompile(`v(\d+\.\d+\.\d+\S*)`).FindStringSubmatch(out)
	if m == nil {
		return "", false
	}
	return m[1], true
}

func older(version string, than [2]int) bool {
	parts := strings.SplitN(version, ".", 3)
	major, err1 := strconv.Atoi(parts[0])
	minor, err2 := strconv.Atoi(parts[1])
	return err1 != nil || err2 != nil || major < than[0] || major == than[0] && minor < than[1]
}

// launch starts an agent in a session of its own, so that it outlives this process and the terminal.
func launch(l layout, prog program, config string) (*proc.ID, <-chan error, error) {
	if err := os.WriteFile(l.config(prog.name), []byte(config), 0o600); err != nil {
		return nil, nil, fmt.Errorf("write %s's configuration: %w", prog.name, err)
	}
	if err := os.MkdirAll(l.data(prog.name), 0o700); err != nil {
		return nil, nil, fmt.Errorf("make %s's data folder: %w", prog.name, err)
	}
	log, err := openLog(l.log(prog.name))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = log.Close() }() // the agent has its own
	flag := "-config="
	if prog.name == "consul" {
		flag = "-config-file="
	}
	cmd := exec.Command(prog.path, "agent", flag+l.config(prog.name))
	cmd.Dir, cmd.Env = l.dir, agentEnviron(os.Environ())
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start %s: %w", prog.name, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	id, err := proc.Identify(cmd.Process.Pid)
	if err != nil {
		return nil, nil, &Fault{Problem: prog.name + " ended as soon as it was started", Remedy: "its log is " + l.log(prog.name), Err: err}
	}
	return &id, ended, nil
}

// openLog opens a log for appending; one that has grown is put aside first, and the one before that is gone.
func openLog(path string) (*os.File, error) {
	const limit = 16 << 20
	if info, err := os.Stat(path); err == nil && info.Size() > limit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, fmt.Errorf("put the old log aside: %w", err)
		}
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return log, nil
}

// agentEnviron is our environment without what would steer an agent elsewhere, and with the folders of the network tools.
func agentEnviron(environ []string) []string {
	var env []string
	path := ""
	for _, kv := range environ {
		switch name, value, _ := strings.Cut(kv, "="); {
		case name == "PATH":
			path = value
		case strings.HasPrefix(name, "NOMAD_"), strings.HasPrefix(name, "CONSUL_"):
		default:
			env = append(env, kv)
		}
	}
	return append(env, "PATH="+strings.TrimPrefix(path+":/usr/sbin:/sbin:/usr/bin:/bin", ":"))
}
