package daemon

import (
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"
)

// NewLogger writes one JSON object a line to w. An unknown level is an error that lists the known ones; empty is info.
func NewLogger(w io.Writer, name, level string) (hclog.Logger, error) {
	lv := hclog.Info
	if level != "" {
		if lv = hclog.LevelFromString(level); lv == hclog.NoLevel {
			return nil, fmt.Errorf("log level %q is unknown: use trace, debug, info, warn, error or off", level)
		}
	}
	return hclog.New(&hclog.LoggerOptions{
		Name:       name,
		Level:      lv,
		Output:     w,
		JSONFormat: true,
		TimeFn:     func() time.Time { return time.Now().UTC() },
	}), nil
}
