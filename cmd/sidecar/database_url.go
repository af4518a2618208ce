package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// urlFileWait is how long a file that <name>_FILE names may be empty or missing. A Nomad template renders it from the same
// catalog that the gate has just asked, so it is there within moments of the gate's end.
const (
	urlFileWait = 30 * time.Second
	urlFileTick = 100 * time.Millisecond
)

// databaseURL is the value of the environment variable name, or the content of the file that <name>_FILE names (the official
// images' convention), and the environment that a migration command gets: with name in it, either way.
//
// The file exists because a template with env = true is rendered before the task starts: the database's address is then not
// known yet, and when it is, Nomad restarts the task in the middle of its work. A file with change_mode = "noop" just changes.
func databaseURL(ctx context.Context, h host, name string, wait time.Duration) (string, []string, error) {
	if url := h.getenv(name); url != "" {
		return url, h.environ, nil
	}
	file := h.getenv(name + "_FILE")
	if file == "" {
		return "", nil, &usageError{fmt.Errorf("the environment variable %s is empty: it has to hold the database's URL, from an env block or a template with env = true; or %s_FILE names a file with it", name, name)}
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tick := time.NewTicker(urlFileTick)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", nil, &usageError{fmt.Errorf("read %s_FILE: %w", name, err)}
		}
		if url := strings.TrimSpace(string(text)); url != "" {
			return url, append(h.environ[:len(h.environ):len(h.environ)], name+"="+url), nil
		}
		select {
		case <-ctx.Done():
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return "", nil, ctx.Err()
			}
			return "", nil, fmt.Errorf("%s_FILE: %s has stayed empty for %s: does its template find the database?", name, file, wait)
		case <-tick.C:
		}
	}
}
