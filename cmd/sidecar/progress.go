package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/sidecars/gate"
)

// progress keeps spec.ProgressFile up to date. It is told by one goroutine at a time. A file that cannot be written is
// logged once and does not stop the work: the file is for people.
type progress struct {
	path string // empty: nobody asks
	log  hclog.Logger
	now  spec.Progress
	sick bool
}

var _ gate.Reporter = (*progress)(nil)

// newProgress writes below dir, the allocation's shared folder; an empty dir is nowhere.
func newProgress(dir string, log hclog.Logger) *progress {
	p := &progress{log: log}
	if dir != "" {
		p.path = filepath.Join(dir, spec.ProgressFile)
	}
	return p
}

// Conditions reports the gate's state.
func (p *progress) Conditions(conditions []spec.Condition) {
	p.now.Conditions = conditions
	p.enter(spec.PhaseWaiting, gate.Waiting(conditions))
}

// enter reports a phase and the reason for it. Since moves only when the phase does.
func (p *progress) enter(phase spec.Phase, reason string) {
	if p.now.Phase != phase {
		p.now.Phase, p.now.Since = phase, time.Now().UTC()
	}
	p.now.Reason = reason
	if p.path == "" {
		return
	}
	if err := replaceFile(p.path, p.now); err != nil && !p.sick {
		p.sick = true
		p.log.Warn("cannot tell the progress", "reason", err.Error())
	}
}

// replaceFile writes v as JSON so that a reader sees the old content or the new one, never a part.
func replaceFile(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", filepath.Base(path), err)
	}
	tmp := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(tmp, data, 0o644); err != nil { // Nomad's file API and other tasks read it
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		os.Remove(tmp)
		return err
	}
	return nil
}
