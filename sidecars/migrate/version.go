package migrate

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// versionWithin bounds a command that only has to look at its own files.
const versionWithin = time.Minute

// Version runs a command that says which version its files lead to: the first word of the one line that it prints to its
// standard output. Anything else would be guessed at, and is a *ConfigError.
func Version(ctx context.Context, args, env []string, stderr io.Writer) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, versionWithin, &TimeoutError{versionWithin})
	defer cancel()
	var out bytes.Buffer
	c := &Command{Args: args, Env: env, Stdout: &out, Stderr: stderr}
	if err := c.run(ctx, env); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return "", cause
		}
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	words := strings.Fields(lines[0])
	if len(lines) != 1 || len(words) == 0 {
		return "", &ConfigError{fmt.Sprintf("%s printed %d lines, and not one that begins with the version: %.200q", c.Describe(), strings.Count(out.String(), "\n"), out.String())}
	}
	return words[0], nil
}
