package gate

import (
	"fmt"
	"strings"
	"time"

	"github.com/packctl/packctl/hcl/spec"
)

// ConfigError is a condition that cannot be asked at all.
type ConfigError struct {
	Condition string
	Reason    string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("wait_for %q: %s", e.Condition, e.Reason)
}

// DeniedError is a condition that cannot come to hold, however long one waits.
type DeniedError struct {
	Condition string
	Reason    string
}

func (e *DeniedError) Error() string {
	return fmt.Sprintf("wait_for %q cannot hold: %s", e.Condition, e.Reason)
}

// TimeoutError is a wait that was given up, with the state of every condition at that moment.
type TimeoutError struct {
	After      time.Duration
	Conditions []spec.Condition
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("gave up after %s: %s", e.After.Round(time.Second/10), Waiting(e.Conditions))
}

// Waiting is one line that names the conditions that do not hold, and why.
func Waiting(conditions []spec.Condition) string {
	var parts []string
	for _, c := range conditions {
		if !c.Ready {
			parts = append(parts, c.Name+": "+c.Reason)
		}
	}
	if parts == nil {
		return "every condition holds"
	}
	return "waits for " + strings.Join(parts, "; ")
}
