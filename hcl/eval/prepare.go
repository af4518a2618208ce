package eval

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/packctl/packctl/hcl/pack"
	"github.com/packctl/packctl/hcl/spec"
)

func waitForSchema() *pack.Schema {
	return &pack.Schema{
		Labels:     1,
		Attributes: []string{"timeout", "interval", "when"},
		Blocks: map[string]*pack.Schema{
			"service":  {Attributes: []string{"name", "tag", "min", "stable_for"}},
			"tcp":      {Attributes: []string{"address"}},
			"http":     {Attributes: []string{"url", "method", "status", "insecure_skip_verify"}},
			"postgres": {Attributes: []string{"url", "url_env"}},
			"mysql":    {Attributes: []string{"url", "url_env"}},
			"redis":    {Attributes: []string{"url", "url_env"}},
			"env":      {Open: true},
			"template": {Free: true, Many: true},
		},
	}
}

func migrationSchema() *pack.Schema {
	return &pack.Schema{
		Labels:     1,
		Attributes: []string{"image", "command", "sql", "lock", "timeout", "lock_timeout", "user", "when"},
		Blocks: map[string]*pack.Schema{
			"database":     {Attributes: []string{"driver", "url_env"}},
			"down":         {Attributes: []string{"command", "version"}},
			"env":          {Open: true},
			"template":     {Free: true, Many: true},
			"volume_mount": {Free: true, Many: true},
			"resources":    {Free: true},
			"config":       {Free: true},
		},
	}
}

// taskContent names the blocks that move into the prestart task as the author wrote them.
func taskContent() []string { return []string{"template", "volume_mount", "config", "resources"} }

// prepare turns the toolkit's blocks of one group into its prestart task, at the place of the first of them.
func (f *fileEval) prepare(group *hclsyntax.Body, blocks []*hclsyntax.Block, label string, sc *scope) []edit {
	for _, b := range group.Blocks {
		if b.Type == "task" && len(b.Labels) == 1 && b.Labels[0] == spec.PrepareTask {
			f.diags.Add("reserved-task", b.LabelRanges[0], "Reserved task name",
				"wait_for and migration become a task called %q; give this one another name.", spec.PrepareTask)
		}
	}
	p := Prepare{Group: label, EnvAt: map[string]hcl.Range{}}
	task := &prepareTask{fileEval: f, scope: sc, group: group, first: blocks[0], last: blocks[0]}
	names := map[string]bool{}
	for _, b := range blocks {
		schema := waitForSchema()
		if b.Type == "migration" {
			schema = migrationSchema()
		}
		before := len(f.diags)
		pack.CheckBlock(b, schema, &f.diags)
		if f.diags[before:].HasErrors() {
			continue
		}
		if names[b.Type+b.Labels[0]] {
			f.diags.Add("duplicate-block", b.DefRange(), "Duplicate block", "The group has two blocks %s %q.", b.Type, b.Labels[0])
			continue
		}
		names[b.Type+b.Labels[0]] = true
		d := &decoder{fileEval: f, scope: sc, block: b, runtime: true}
		if b.Type == "wait_for" {
			p.WaitFor = append(p.WaitFor, WaitFor{WaitFor: d.waitFor(), Range: b.DefRange()})
		} else {
			if p.Migration != nil {
				f.diags.Add("two-migrations", b.DefRange(), "Two migrations", "A group has at most one migration; the first is at %s.", place(p.Migration.Range))
				continue
			}
			p.Migration = &Migration{Migration: d.migration(task), Range: b.DefRange()}
		}
		task.take(b)
	}
	for _, a := range task.env {
		p.EnvAt[a.Name] = a.SrcRange
	}
	f.out.Prepares = append(f.out.Prepares, p)
	for _, b := range blocks[1:] {
		if f.file.blank(task.last.Range().End.Byte, b.Range().Start.Byte) {
			task.last = b
		}
	}
	out := []edit{task.edit(p)}
	for _, b := range blocks[1:] {
		e := f.file.removeLines(b.Range().Start.Byte, b.Range().End.Byte)
		for blankAbove(f.file.src[:e.start], false) {
			e.start = bytes.LastIndexByte(f.file.src[:e.start-1], '\n') + 1
		}
		out = append(out, e)
	}
	return out
}

func (d *decoder) waitFor() spec.WaitFor {
	w := spec.WaitFor{
		Name:     d.block.Labels[0],
		Timeout:  spec.Duration(d.duration("timeout", spec.DefaultWaitTimeout)),
		Interval: spec.Duration(d.duration("interval", spec.DefaultInterval)),
	}
	found := 0
	for _, b := range d.block.Body.Blocks {
		s := d.sub(b)
		switch spec.Kind(b.Type) {
		case spec.KindService:
			w.Service = &spec.Service{
				Name: s.text("name", d.result.Release.Name+"-"+w.Name), Tag: s.text("tag", ""),
				Min: s.number("min", 1, 1, 1000), StableFor: spec.Duration(s.duration("stable_for", 0)),
			}
		case spec.KindTCP:
			w.TCP = &spec.TCP{Address: s.required("address")}
		case spec.KindHTTP:
			w.HTTP = &spec.HTTP{URL: s.required("url"), Method: s.text("method", "GET"), Status: s.status(), InsecureSkipVerify: s.flag("insecure_skip_verify", false)}
		case spec.KindPostgres:
			url, env := s.url()
			w.Postgres = &spec.Postgres{URL: url, URLEnv: env}
		case spec.KindMySQL:
			url, env := s.url()
			w.MySQL = &spec.MySQL{URL: url, URLEnv: env}
		case spec.KindRedis:
			url, env := s.url()
			w.Redis = &spec.Redis{URL: url, URLEnv: env}
		default:
			continue
		}
		if found++; found == 1 {
			w.Kind = spec.Kind(b.Type)
		} else {
			d.diags.Add("two-conditions", b.TypeRange, "Two conditions in one block",
				"A wait_for asks one thing; put %s into a wait_for of its own.", b.Type)
		}
	}
	if found == 0 {
		w.Kind = spec.KindService
		w.Service = &spec.Service{Name: d.result.Release.Name + "-" + w.Name, Min: 1}
	}
	return w
}

// url is a server's address, or the environment variable that holds it.
func (d *decoder) url() (url, env string) {
	url, env = d.text("url", ""), d.envName("url_env", "")
	if (url == "") == (env == "") {
		d.diags.Add("url-or-env", d.block.DefRange(), "Address missing or given twice",
			"%s needs either url or url_env, the name of an environment variable that holds the URL; url_env keeps a password out of the job.", d.block.Type)
	}
	return url, env
}

// envName is the name of an environment variable.
func (d *decoder) envName(attr, otherwise string) string {
	name := d.text(attr, otherwise)
	if name != "" && !isEnvName.MatchString(name) {
		d.diags.Add("bad-env-name", d.block.Body.Attributes[attr].SrcRange, "Not the name of an environment variable",
			"%s is the name of an environment variable, of letters, digits and underscores; %q is none.", attr, name)
	}
	return name
}

var isEnvName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (d *decoder) status() []int {
	var out []int
	for _, text := range d.texts("status") {
		n, err := parseStatus(text)
		if err != nil {
			d.diags.Add("bad-status", d.block.Body.Attributes["status"].Expr.Range(), "Not an HTTP status", "status is a list of numbers from 100 to 599; %q is none.", text)
			continue
		}
		out = append(out, n)
	}
	return out
}

func (d *decoder) migration(task *prepareTask) spec.Migration {
	name := d.block.Labels[0]
	m := spec.Migration{
		Name:     name,
		Command:  d.texts("command"),
		Lock:     d.text("lock", d.result.Release.Name+"/"+name),
		Timeout:  spec.Duration(d.duration("timeout", spec.DefaultMigrationTimeout)),
		Database: spec.Database{Driver: spec.DriverPostgres, URLEnv: "DATABASE_URL"},
	}
	m.LockTimeout = spec.Duration(d.duration("lock_timeout", time.Duration(m.Timeout)))
	for _, b := range d.block.Body.Blocks {
		if b.Type == "down" {
			m.Down = d.sub(b).down(d.block)
		}
		if b.Type == "database" {
			s := d.sub(b)
			m.Database.Driver = s.text("driver", spec.DriverPostgres)
			m.Database.URLEnv = s.envName("url_env", "DATABASE_URL")
			if !slices.Contains(spec.Drivers(), m.Database.Driver) {
				d.diags.Add("unknown-driver", b.Body.Attributes["driver"].SrcRange, "Unknown database driver",
					"driver is \"postgres\", or \"mysql\" for MySQL and MariaDB, not %q.", m.Database.Driver)
			}
		}
	}
	task.image = d.text("image", "")
	task.user = d.text("user", "")
	folder := d.text("sql", "")
	if (len(m.Command) == 0) == (folder == "") {
		d.diags.Add("command-or-sql", d.block.DefRange(), "Nothing or two things to run",
			"A migration runs either a command (a list of texts) or the files of an sql folder of the pack.")
	}
	if folder != "" {
		m.SQL = d.sqlFiles(folder, task)
	}
	return m
}

// down is how a command's migration is taken back, or nil where that is wrong.
func (d *decoder) down(migration *hclsyntax.Block) *spec.Down {
	out := &spec.Down{Command: d.texts("command"), Version: d.texts("version")}
	if _, sql := migration.Body.Attributes["sql"]; sql {
		d.diags.Add("down-of-sql", d.block.DefRange(), "SQL files say themselves how they are taken back",
			"Write what takes a file back below a line \"-- +goose Down\" of it, and leave the down block out.")
		return nil
	}
	if len(out.Command) == 0 || len(out.Version) == 0 {
		d.diags.Add("down-incomplete", d.block.DefRange(), "Nothing to run",
			"down needs a command, which gets the version to go back to as its last argument, and version, a command that prints the newest version that the image brings.")
		return nil
	}
	return out
}

// sqlFiles makes a template of each file in a folder of the pack, and gives the folder as the task sees it.
func (d *decoder) sqlFiles(folder string, task *prepareTask) string {
	at := d.block.Body.Attributes["sql"].Expr.Range()
	clean, err := pack.Clean(folder)
	if err != nil {
		d.diags.Add("bad-path", at, "Not a path in the pack", "%s.", err.Error())
		return ""
	}
	names, err := d.pack.Glob(clean, "*.sql")
	if err != nil || len(names) == 0 {
		d.diags.Add("no-sql-files", at, "No SQL files", "The pack has no files %s/*.sql.", clean)
		return ""
	}
	for _, name := range names {
		src, err := d.evaluator.text(path.Join(clean, name))
		if err != nil {
			d.diags.Add("unreadable-file", at, "File cannot be read", "%s.", err.Error())
			continue
		}
		task.files = append(task.files, sqlFile{destination: path.Join("local", clean, name), content: string(src)})
	}
	return "${NOMAD_TASK_DIR}/" + strings.TrimPrefix(clean, "./")
}
