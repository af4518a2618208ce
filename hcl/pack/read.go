package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ErrOutside says that a path leaves the pack's folder.
var ErrOutside = errors.New("leaves the pack's folder")

// Clean turns an author's path into one below the pack's folder, or says why it is none.
func Clean(at string) (string, error) {
	switch {
	case at == "":
		return "", errors.New("the path is empty")
	case strings.HasPrefix(at, "/") || strings.Contains(at, `\`):
		return "", fmt.Errorf("%q is not a path below the pack's folder: write it without a leading slash, with forward slashes", at)
	case slices.Contains(strings.Split(at, "/"), ".."):
		return "", fmt.Errorf("%q goes up with \"..\": files are read below the pack's folder only", at)
	}
	return path.Clean(at), nil
}

// Read is the content of one regular file below the pack's folder. A symlink is followed only where the file system
// itself keeps to the folder (os.Root does) and the link's text stays inside.
func (p *Pack) Read(at string) ([]byte, error) {
	clean, err := Clean(at)
	if err != nil {
		return nil, err
	}
	if err := p.inside(clean); err != nil {
		return nil, err
	}
	info, err := fs.Stat(p.FS, clean)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a folder", clean)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", clean)
	}
	if info.Size() > maxFileSize {
		return nil, fmt.Errorf("%s is too large: it has %d MB, and a file of a pack has %d at most; let the task fetch it with an artifact block", clean, info.Size()>>20, maxFileSize>>20)
	}
	return fs.ReadFile(p.FS, clean)
}

// inside resolves the links on the way to a path, one name at a time, and refuses one that leaves the folder.
func (p *Pack) inside(at string) error {
	const maxLinks = 40
	links := 0
	rest := strings.Split(at, "/")
	done := "."
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		next := path.Join(done, name)
		if next == ".." || strings.HasPrefix(next, "../") {
			return fmt.Errorf("%s: a symbolic link %w", at, ErrOutside)
		}
		info, err := fs.Lstat(p.FS, next)
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done = next
			continue
		}
		if links++; links > maxLinks {
			return fmt.Errorf("%s: too many symbolic links", at)
		}
		target, err := fs.ReadLink(p.FS, next)
		if err != nil {
			return fmt.Errorf("%s: read symbolic link: %w", at, err)
		}
		if path.IsAbs(target) {
			return fmt.Errorf("%s: the symbolic link %s %w", at, next, ErrOutside)
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return nil
}

// Glob lists the regular files below dir that match a pattern, relative to dir, sorted. "**" matches any number of folders.
func (p *Pack) Glob(dir, pattern string) ([]string, error) {
	clean, err := Clean(dir)
	if err != nil {
		return nil, err
	}
	if _, err := path.Match(strings.ReplaceAll(pattern, "**", "*"), ""); err != nil {
		return nil, fmt.Errorf("%q is not a pattern: %w", pattern, err)
	}
	if err := p.inside(clean); err != nil {
		return nil, err
	}
	var out []string
	seen := 0
	err = fs.WalkDir(p.FS, clean, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxFiles {
			return fmt.Errorf("%s holds more than %d files and folders, too many for a pack", clean, maxFiles)
		}
		rel := at
		if clean != "." {
			rel = strings.TrimPrefix(strings.TrimPrefix(at, clean), "/")
		}
		if d.IsDir() || !match(strings.Split(pattern, "/"), strings.Split(rel, "/")) {
			return nil
		}
		if d.Type()&fs.ModeSymlink != 0 {
			if err := p.inside(at); err != nil {
				return err
			}
		}
		out = append(out, rel)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(out)
	return out, nil
}

func match(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		return match(pattern[1:], name) || len(name) > 0 && match(pattern, name[1:])
	}
	if len(name) == 0 {
		return false
	}
	ok, _ := path.Match(pattern[0], name[0])
	return ok && match(pattern[1:], name[1:])
}
