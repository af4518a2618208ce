package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/budget"
	"github.com/packctl/packctl/hcl/diag"
)

const jobSuffix = ".nomad.hcl"

// Load reads the folder at the root of fsys. The name is the folder's for people, as in "packs/shop"; ranges start with
// it. A Pack comes back also with errors, so that everything wrong is found in one run.
func Load(fsys fs.FS, name string) (*Pack, diag.Diagnostics) {
	l := &loader{pack: &Pack{Dir: name, FS: fsys, Sources: map[string][]byte{}}, ahead: map[string]parsed{}}
	l.parseAhead()
	l.packFile()
	l.variables()
	l.envs()
	l.jobs()
	l.strangers()
	l.diags.Sort()
	return l.pack, l.diags
}

type loader struct {
	pack  *Pack
	ahead map[string]parsed // by path
	diags diag.Diagnostics
}

// file reads and parses one file. nil: it is missing, or too broken to go on with.
func (l *loader) file(at string, schema *Schema) *File {
	p, ok := l.ahead[at]
	if !ok {
		src, err := l.pack.Read(at)
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				l.diags.Add("unreadable-file", l.place(at), "File cannot be read", "%s: %v.", l.pack.FileName(at), err)
			}
			return nil
		}
		p = l.parse(at, src)
	}
	f := &File{Path: at, Name: l.pack.FileName(at), Source: p.src}
	l.pack.Sources[f.Name] = p.src
	l.diags = append(l.diags, p.half...)
	l.diags = append(l.diags, diag.FromHCL(p.diags)...)
	if p.diags.HasErrors() {
		l.unclosed(p.src, f.Name)
		return nil
	}
	f.Body = p.file.Body.(*hclsyntax.Body)
	if schema != nil {
		check(f.Body, schema, path.Base(at), &l.diags)
	}
	return f
}

// parsed is a file that was read and parsed.
type parsed struct {
	src   []byte
	file  *hcl.File
	diags hcl.Diagnostics
	half  diag.Diagnostics
}

// parseAhead reads and parses at once what is nearly all of a pack: its own two files and the jobs. A file that cannot be
// read is left to its turn, which says why.
func (l *loader) parseAhead() {
	paths := []string{"pack.hcl", "variables.hcl"}
	for _, name := range l.list("jobs") {
		if strings.HasSuffix(name, jobSuffix) {
			paths = append(paths, path.Join("jobs", name))
		}
	}
	found := make([]parsed, len(paths))
	Each(len(paths), func(i int) {
		if src, err := l.pack.Read(paths[i]); err == nil {
			found[i] = l.parse(paths[i], src)
		}
	})
	for i, at := range paths {
		if found[i].file != nil {
			l.ahead[at] = found[i]
		}
	}
}

func (l *loader) parse(at string, src []byte) parsed {
	p := parsed{src: src}
	if p.diags = TooDeep(src, l.pack.FileName(at), false); p.diags != nil {
		return p
	}
	p.file, p.diags = hclsyntax.ParseConfig(src, l.pack.FileName(at), hcl.InitialPos)
	p.half = HalfExpressions(src, l.pack.FileName(at), nil)
	return p
}

func (l *loader) place(at string) hcl.Range {
	return hcl.Range{Filename: l.pack.FileName(at), Start: hcl.InitialPos, End: hcl.InitialPos}
}

// FileName is a file's name in positions.
func (p *Pack) FileName(at string) string { return path.Join(p.Dir, at) }

func (l *loader) packFile() {
	if _, err := fs.Stat(l.pack.FS, "pack.hcl"); err != nil {
		l.diags.Add("no-pack-file", l.place("pack.hcl"), "Not a pack",
			"%s has no pack.hcl. A pack's folder holds pack.hcl with a block pack \"name\" { version = \"…\" }.", l.pack.Dir)
		return
	}
	f := l.file("pack.hcl", packSchema())
	if f == nil {
		return
	}
	p := l.pack
	p.Files = append(p.Files, *f)
	for _, b := range f.Body.Blocks {
		if b.Type == "external" {
			p.Externals = append(p.Externals, b)
		}
		if len(b.Labels) != 1 {
			continue
		}
		switch b.Type {
		case "pack":
			if p.Block == nil {
				l.packBlock(b)
			}
		case "credential":
			p.Credentials = append(p.Credentials, b)
		case "volume":
			p.Volumes = append(p.Volumes, b)
		case "hook":
			p.Hooks = append(p.Hooks, b)
		case "output":
			p.Outputs = append(p.Outputs, b)
		}
	}
	if p.Block == nil {
		l.diags.Add("no-pack-block", l.place("pack.hcl"), "No pack block",
			"pack.hcl needs a block pack \"name\" { version = \"1.0.0\" }.")
	}
}

func (l *loader) packBlock(b *hclsyntax.Block) {
	p := l.pack
	p.Block, p.Name = b, b.Labels[0]
	p.Version = l.constant(b, "version", true)
	p.Description = l.constant(b, "description", false)
	for _, sub := range b.Body.Blocks {
		if sub.Type == "sidecar" && p.Sidecar == nil {
			p.Sidecar = sub
		}
	}
}

// constant is a text that may not depend on anything: it is needed before there are values.
func (l *loader) constant(b *hclsyntax.Block, name string, required bool) string {
	a, ok := b.Body.Attributes[name]
	if !ok {
		if required {
			l.diags.Add("missing-attribute", b.DefRange(), "Missing attribute", "%s needs %s = \"…\".", describe(b), name)
		}
		return ""
	}
	v, hclDiags := budget.New().Value(a.Expr, nil)
	if hclDiags.HasErrors() || v.IsNull() || v.Type().FriendlyName() != "string" {
		l.diags.Add("not-constant", a.Expr.Range(), "Not a constant text",
			"%s of %s is a plain text in quotes: it is read before variables have values.", name, describe(b))
		return ""
	}
	return v.AsString()
}

func (l *loader) variables() {
	f := l.file("variables.hcl", variablesSchema())
	if f == nil {
		_, l.pack.VariablesBroken = l.pack.Sources[l.pack.FileName("variables.hcl")]
		return
	}
	l.pack.Files = append(l.pack.Files, *f)
	for _, b := range f.Body.Blocks {
		switch {
		case b.Type == "variable" && len(b.Labels) == 1:
			l.pack.Variables = append(l.pack.Variables, b)
		case b.Type == "locals":
			l.pack.Locals = append(l.pack.Locals, b)
		}
	}
}

func (l *loader) envs() {
	for _, name := range l.list("env") {
		label, isEnv := strings.CutSuffix(name, ".hcl")
		if !isEnv {
			continue
		}
		// Which attributes an env file may hold depends on the variables: hcl/vars checks that.
		if f := l.file(path.Join("env", name), nil); f != nil {
			f.Label = label
			l.pack.Envs = append(l.pack.Envs, *f)
		}
	}
}

func (l *loader) jobs() {
	for _, name := range l.list("jobs") {
		at := path.Join("jobs", name)
		if !strings.HasSuffix(name, jobSuffix) {
			if strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".nomad") {
				l.diags.Add("job-file-name", l.place(at), "Not a job file's name",
					"%s is not read: a job file's name ends in %s.", l.pack.FileName(at), jobSuffix)
			}
			continue
		}
		f := l.file(at, jobSchema())
		if f == nil {
			continue
		}
		jobs := 0
		for _, b := range f.Body.Blocks {
			if b.Type == "job" {
				jobs++
				if jobs > 1 {
					l.diags.Add("two-jobs", b.DefRange(), "Two jobs in one file", "A job file holds one job block; put this one into a file of its own.")
				}
			}
		}
		if jobs == 0 {
			l.diags.Add("no-job", l.place(at), "No job in file", "%s needs a block job \"name\" { … }.", f.Name)
			continue
		}
		l.pack.Jobs = append(l.pack.Jobs, *f)
	}
	l.jobLabels()
	if len(l.pack.Jobs) == 0 && !l.diags.HasErrors() {
		l.diags.Add("no-jobs", l.place("pack.hcl"), "Pack without jobs", "%s has no job file: put one at jobs/<name>%s.", l.pack.Dir, jobSuffix)
	}
}

func (l *loader) jobLabels() {
	first := map[string]hcl.Range{}
	for _, f := range l.pack.Jobs {
		b := f.Job()
		if b == nil || len(b.Labels) != 1 {
			continue
		}
		if prev, twice := first[b.Labels[0]]; twice {
			l.diags.Add("duplicate-job", b.LabelRanges[0], "Duplicate job", "The job %q is also in %s:%d.", b.Labels[0], prev.Filename, prev.Start.Line)
		}
		first[b.Labels[0]] = b.LabelRanges[0]
	}
}

// Job is the file's first job block, or nil.
func (f File) Job() *hclsyntax.Block {
	for _, b := range f.Body.Blocks {
		if b.Type == "job" {
			return b
		}
	}
	return nil
}

// list names the files of a folder, sorted; a missing folder has none.
func (l *loader) list(dir string) []string {
	entries, err := fs.ReadDir(l.pack.FS, dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.diags.Add("unreadable-file", l.place(dir), "Folder cannot be read", "%s: %v.", l.pack.FileName(dir), err)
		}
		return nil
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	if len(names) > maxFiles {
		l.diags.Add("too-many-files", l.place(dir), "Too many files", "%s holds %d files, and a folder of a pack holds %d at most.", l.pack.FileName(dir), len(names), maxFiles)
		return nil
	}
	return names
}

// strangers names files at the top that look as if they should count and do not.
func (l *loader) strangers() {
	for _, name := range l.list(".") {
		if !strings.HasSuffix(name, ".hcl") || name == "pack.hcl" || name == "variables.hcl" {
			continue
		}
		hint := diag.DidYouMean(name, []string{"pack.hcl", "variables.hcl"}, "")
		if strings.HasSuffix(name, jobSuffix) {
			hint = fmt.Sprintf(" A job file belongs into jobs/: move it to jobs/%s.", name)
		}
		d := diag.New("stray-file", l.place(name), "File is not read", "%s", fmt.Sprintf("%s is none of a pack's files.%s", l.pack.FileName(name), hint))
		d.Severity = diag.Warning
		l.diags = append(l.diags, d)
	}
}
