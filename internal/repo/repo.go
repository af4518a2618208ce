// Package repo finds the source tree that a test or a development verb works in: its bin folder, its packs, its images.
//
// In: the working folder. Out: the root of the packctl checkout above it. Only tests and the development agents import it.
package repo

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Root returns the folder, at or above the working folder, whose go.mod is packctl's. Its error is fs.ErrNotExist outside a checkout.
func Root() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find packctl's source tree: %w", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.Contains(data, []byte("module github.com/packctl/packctl\n")) {
			return dir, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("find packctl's source tree: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("find packctl's source tree at or above %s: %w", wd, fs.ErrNotExist)
		}
	}
}
