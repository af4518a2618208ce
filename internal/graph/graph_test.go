package graph

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/packctl/packctl/hcl/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shop has what a stack can have: two tiers of a job that wait for each other's like, an edge that passes a wave, a
// condition outside, a batch tier, a migration, and names that a format has its own meaning for.
func shop() Graph {
	return Graph{
		Title: `shop 1.0.0, release "a<b"`,
		Nodes: []Node{
			{ID: "outside/http https://billing/health", Name: "billing", Outside: true, About: "http https://billing/health"},
			{ID: "shop-data/postgres", Name: "postgres", Job: "shop-data", Wave: 1, Type: "service", Count: 1, Services: []string{"shop-postgres"}},
			{ID: "shop-data/redis", Name: "redis", Job: "shop-data", Wave: 1, Type: "service", Count: 1, Services: []string{"shop-redis"}},
			{ID: "shop-app/api", Name: "api", Job: "shop-app", Wave: 2, Type: "service", Count: 2, Services: []string{"shop-api", "shop-api-admin"}, Migrates: "schema"},
			{ID: "shop-app/worker", Name: "worker", Job: "shop-app", Wave: 2, Type: "service", Count: 3},
			{ID: "shop-logs/logs", Name: "logs", Job: "shop-logs", Wave: 2, Type: "system", Count: 1},
			{ID: "shop-report/report", Name: "report", Job: "shop-report", Wave: 3, Type: "batch", Count: 1},
			{ID: "shop-web/web", Name: "web", Job: "shop-web", Wave: 3, Type: "service", Count: 2, Services: []string{"shop-a-name-that-is-far-too-long-for-a-box-of-a-picture"}},
		},
		Edges: []Edge{
			{"shop-data/postgres", "shop-app/api", "postgres", "service"},
			{"shop-data/redis", "shop-app/api", "redis", "service"},
			{"outside/http https://billing/health", "shop-app/api", "billing", "http"},
			{"shop-data/redis", "shop-app/worker", "redis", "service"},
			{"shop-app/api", "shop-app/worker", "api", "service"},
			{"shop-data/postgres", "shop-report/report", "postgres", "service"},
			{"shop-app/api", "shop-web/web", "api", "service"},
			{"shop-app/nobody", "shop-web/web", "nobody", "service"},
		},
	}
}

func TestGolden(t *testing.T) {
	for name, picture := range map[string]func(Graph) string{
		"shop.txt":     func(g Graph) string { return Text(g, 80) },
		"shop.dot":     DOT,
		"shop.mermaid": Mermaid,
		"shop.svg":     SVG,
	} {
		t.Run(name, func(t *testing.T) {
			got := picture(shop())
			if again := picture(shop()); again != got {
				t.Error("the second picture differs")
			}
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestTextKeepsToItsWidth(t *testing.T) {
	for _, width := range []int{40, 60, 80} {
		for line := range strings.Lines(Text(shop(), width)) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width && len(strings.Fields(line)) > 1 {
				t.Errorf("width %d: a line of %d: %q", width, utf8.RuneCountInString(line), line)
			}
		}
	}
}

func TestSVGIsXML(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(SVG(shop())))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestLayout: every edge leads down, nothing overlaps, waves stand one below the other.
func TestLayout(t *testing.T) {
	graphs := map[string]Graph{"shop": shop(), "empty": {}, "a cycle": cyclic(), "wide": wide(40), "deep": deep(30)}
	for name, g := range graphs {
		t.Run(name, func(t *testing.T) {
			l := newLayout(g)
			for i := range l.items {
				l.size(&l.items[i])
			}
			width, height := l.place()
			for i, a := range l.items {
				if a.x-a.width/2 < -1 || a.x+a.width/2 > width+1 || a.y < 0 || a.y+a.height > height+1 {
					t.Errorf("item %d is outside of the picture: %+v in %v×%v", i, a, width, height)
				}
				for j, b := range l.items[:i] {
					if a.x-a.width/2 < b.x+b.width/2 && b.x-b.width/2 < a.x+a.width/2 && a.y < b.y+b.height && b.y < a.y+a.height {
						t.Errorf("items %d and %d overlap: %+v %+v", i, j, a, b)
					}
					if a.node >= 0 && b.node >= 0 && g.Nodes[a.node].Wave > g.Nodes[b.node].Wave && a.y < b.y+b.height {
						t.Errorf("%s of wave %d stands above %s of wave %d", g.Nodes[a.node].Name, g.Nodes[a.node].Wave, g.Nodes[b.node].Name, g.Nodes[b.node].Wave)
					}
				}
			}
			for i, path := range l.paths {
				for k := 1; k < len(path); k++ {
					if l.items[path[k]].layer != l.items[path[k-1]].layer+1 {
						t.Errorf("edge %+v skips a layer", l.edges[i])
					}
				}
				if len(path) == 0 && name != "a cycle" {
					t.Errorf("edge %+v does not lead down", l.edges[i])
				}
			}
		})
	}
}

func TestNoCrossingWhereNoneIsNeeded(t *testing.T) {
	var g Graph
	for i := range 5 { // five pairs, those below in the opposite order
		g.Nodes = append(g.Nodes, Node{ID: fmt.Sprint("a", i), Job: "a", Wave: 1})
	}
	for i := range 5 {
		g.Nodes = append(g.Nodes, Node{ID: fmt.Sprint("b", 4-i), Job: "b", Wave: 2})
		g.Edges = append(g.Edges, Edge{From: fmt.Sprint("a", i), To: fmt.Sprint("b", i)})
	}
	if n := newLayout(g).crossings(); n != 0 {
		t.Errorf("%d crossings", n)
	}
}

func TestBareURL(t *testing.T) {
	for in, want := range map[string]string{
		"postgres://u:secret@db:5432/shop?sslmode=x": "postgres://db:5432/shop",
		"redis://:se/cret@cache:6379/1":              "redis://cache:6379/1",
		"https://billing/health?token=secret":        "https://billing/health",
		"http://${attr.unique.network.ip-address}:1": "http://${attr.unique.network.ip-address}:1",
		"": "",
	} {
		if got := bare(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := about(spec.WaitFor{Kind: spec.KindPostgres, Postgres: &spec.Postgres{URLEnv: "DATABASE_URL"}}); got != "postgres" {
		t.Errorf("a URL from the environment: %q", got)
	}
}

func cyclic() Graph {
	return Graph{
		Nodes: []Node{{ID: "a", Wave: 1}, {ID: "b", Wave: 1}, {ID: "c", Wave: 1}},
		Edges: []Edge{{From: "a", To: "b"}, {From: "b", To: "c"}, {From: "c", To: "a"}, {From: "a", To: "a"}},
	}
}

func wide(n int) Graph {
	var g Graph
	for i := range n {
		g.Nodes = append(g.Nodes, Node{ID: fmt.Sprint("a", i), Name: "a", Job: "a", Wave: 1}, Node{ID: fmt.Sprint("b", i), Name: "b", Job: "b", Wave: 2})
		g.Edges = append(g.Edges, Edge{From: fmt.Sprint("a", i), To: fmt.Sprint("b", n-1-i)}, Edge{From: "a0", To: fmt.Sprint("b", i)})
	}
	return g
}

func deep(n int) Graph {
	var g Graph
	for i := range n {
		g.Nodes = append(g.Nodes, Node{ID: fmt.Sprint(i), Name: fmt.Sprint(i), Job: "j", Wave: 1 + i/3})
		if i > 0 {
			g.Edges = append(g.Edges, Edge{From: fmt.Sprint(i - 1), To: fmt.Sprint(i)})
		}
		if i > 7 {
			g.Edges = append(g.Edges, Edge{From: fmt.Sprint(i - 7), To: fmt.Sprint(i)})
		}
	}
	return g
}
