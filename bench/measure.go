package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// measured is a pack with what was measured on it.
type measured struct {
	name     string
	pack     string
	args     []string
	jobs     int // of generated packs
	rendered string
	size     int64 // bytes of rendered text

	parser, validate, render program
}

// program is one command and its quickest runs.
type program struct {
	argv      []string
	wall, cpu time.Duration
}

// prepare renders the pack, so that the parser has its text, and runs each program once without measuring.
func (m *measured) prepare(ctx context.Context, packctl, parser string) error {
	m.validate.argv = append([]string{packctl, "validate", "./" + m.pack}, m.args...)
	if filepath.IsAbs(m.pack) {
		m.validate.argv[2] = m.pack
	}
	m.render.argv = append([]string{packctl, "render", m.validate.argv[2], "-d", m.rendered}, m.args...)
	m.parser.argv = []string{parser, m.rendered}
	if err := m.round(ctx); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(m.rendered, "*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		m.size += info.Size()
	}
	return nil
}

func (m *measured) round(ctx context.Context) error {
	return errors.Join(m.render.run(ctx), m.validate.run(ctx), m.parser.run(ctx))
}

func (p *program) run(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, p.argv[0], p.argv[1:]...)
	began := time.Now()
	out, err := cmd.CombinedOutput()
	wall := time.Since(began)
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(p.argv, " "), err, out)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if p.wall == 0 || wall < p.wall {
		p.wall = wall
	}
	if p.cpu == 0 || cpu < p.cpu {
		p.cpu = cpu
	}
	return nil
}
