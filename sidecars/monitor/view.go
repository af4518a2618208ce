package monitor

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/packctl/packctl/internal/status"
)

//go:embed assets
var files embed.FS

// view renders pages. html/template escapes what comes from the cluster; there is no inline script and no inline style,
// so that the page works under Content-Security-Policy default-src 'self'.
type view struct {
	cfg     Config
	version string // hash of all assets
	tmpl    *template.Template
}

func newView(cfg Config) (*view, error) {
	v := &view{cfg: cfg}
	sum := sha256.New()
	err := fs.WalkDir(files, "assets", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, p)
		sum.Write(data)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the embedded page: %w", err)
	}
	v.version = hex.EncodeToString(sum.Sum(nil))[:12]
	v.tmpl, err = template.New("page").Funcs(template.FuncMap{
		"asset":     func(name string) string { return v.cfg.BasePath + "/assets/" + name + "?v=" + v.version },
		"base":      func() string { return v.cfg.BasePath },
		"allocLink": v.allocLink,
		"ago":       ago,
		"iso":       func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock":     func(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" },
		"slug":      slug,
		"short":     func(id string) string { return id[:min(8, len(id))] },
		"checkOK":   func(c status.Check) bool { return c.Status == "passing" },
		"checkLevel": func(c status.Check) Level {
			switch c.Status {
			case "passing":
				return LevelOK
			case "warning":
				return LevelBusy
			}
			return LevelBad
		},
		"taskLevel": taskLevel,
		"taskState": taskState,
		"taskEvent": taskEvent,
		"line":      func(s string) string { return clip(s, 160) },
		"join":      join,
		"plural":    count,
		"restarts":  func(n uint64) string { return count(int(n), "restart") },
		"at":        func(p *Page, t time.Time) timed { return timed{T: t, Now: p.Time} },
		"inst":      func(p *Page, t Tier, i Instance) instanceView { return instanceView{p, t, i} },
		"row":       func(p *Page, t Tier) tierView { return tierView{p, t} },
		"chart":     chart,
		"open":      opened,
		"quiet":     quiet,
		"runs":      func(t Tier) bool { return t.Launches },
		"kind":      kindOf,
		"label":     labelOf,
	}).ParseFS(files, "assets/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse the embedded page: %w", err)
	}
	return v, nil
}

// kindOf says what kind of tier it is, where that is not the usual one.
func kindOf(t Tier) string {
	switch {
	case t.Schedule != "":
		return "periodic"
	case t.Launches:
		return "parameterized"
	case t.Type == "service":
		return ""
	}
	return t.Type
}

// labelOf names an instance for those who cannot see the page.
func labelOf(in Instance) string {
	if in.Launched.IsZero() {
		return fmt.Sprintf("instance %d", in.Index)
	}
	return "run of " + in.Launched.UTC().Format("15:04:05") + " UTC"
}

type timed struct{ T, Now time.Time }

type tierView struct {
	P *Page
	T Tier
}

type instanceView struct {
	P *Page
	T Tier
	I Instance
}

// board is the part of the page that changes.
func (v *view) board(p *Page) ([]byte, error) { return v.exec("board", p) }

// whole is the page as a browser first gets it.
func (v *view) whole(s *snapshot) ([]byte, error) {
	return v.exec("page", struct {
		Page  *Page
		ID    uint64
		Board template.HTML
	}{s.page, s.id, template.HTML(s.html)}) //nolint:gosec // our own template made it
}

func (v *view) exec(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := v.tmpl.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("execute template %s: %w", name, err)
	}
	return b.Bytes(), nil
}

func (v *view) allocLink(id string) string {
	if v.cfg.NomadUI == "" {
		return ""
	}
	return v.cfg.NomadUI + "/ui/allocations/" + id
}

// opened says which tiers are shown whole: those in which there is something to find. One that only waits for another
// tier says so in its row.
func opened(t Tier) bool {
	return t.Level == LevelBad || (t.Level == LevelBusy && len(t.BlockedBy) == 0)
}

// quiet is what the row of a tier says that has no reason to give: its checks and where it runs.
func quiet(t Tier) string {
	if t.Level != LevelOK {
		return ""
	}
	var checks, nodes []string
	for _, in := range t.Instances {
		for _, c := range in.Checks {
			if text := c.Name + " " + c.Status; !slices.Contains(checks, text) {
				checks = append(checks, text)
			}
		}
		if !slices.Contains(nodes, in.Node) {
			nodes = append(nodes, in.Node)
		}
	}
	text := join(checks)
	if len(nodes) > 0 {
		if text != "" {
			text += " · "
		}
		text += "on " + join(nodes)
	}
	return text
}

func taskLevel(t status.Task) Level {
	switch {
	case t.Failed || (t.State == "dead" && t.ExitCode != 0):
		return LevelBad
	case t.State == "running", t.State == "dead":
		return LevelOK
	}
	return LevelBusy
}

// taskState is Nomad's word, but for "dead", which says nothing about how it ended.
func taskState(t status.Task) string {
	switch {
	case t.State != "dead":
		return t.State
	case t.Failed || t.ExitCode != 0:
		return "ended"
	}
	return "done"
}

// taskEvent is the task's last event, where it says more than its state.
func taskEvent(t status.Task) string {
	if taskState(t) == "done" || (t.State == "running" && strings.HasPrefix(t.Event, "Started")) {
		return ""
	}
	return t.Event
}

// ago is how long ago t was, in one unit.
func ago(now, t time.Time) string {
	d := max(now.Sub(t), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// slug makes an ID of a document from a tier's ID.
func slug(s string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_') {
			return r
		}
		return '-'
	}, s)
}
