// Package graph pictures a stack: its tiers, what they wait for, and the waves in which they start.
//
// In: an assembled stack, or any nodes and edges. Out: text, DOT, Mermaid or SVG, the same bytes for the same graph. The
// layout is layered: what is waited for stands above what waits. It is pure, and knows no terminal and no file.
package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packctl/packctl/hcl/spec"
	"github.com/packctl/packctl/hcl/stack"
)

// Graph is what is pictured. Edges name nodes by their ID; one that names none is left out of every picture.
type Graph struct {
	Title string `json:"title"`
	Nodes []Node `json:"nodes"` // in the order in which they are told
	Edges []Edge `json:"edges"`
}

// Node is a tier, or something outside that a tier waits for.
type Node struct {
	ID       string   `json:"id"` // unique in the graph
	Name     string   `json:"name"`
	Job      string   `json:"job,omitempty"`  // empty for what is outside
	Wave     int      `json:"wave,omitempty"` // from 1; 0 for what is outside
	Type     string   `json:"type,omitempty"` // service, batch, system, sysbatch
	Count    int      `json:"count"`
	Services []string `json:"services,omitempty"`
	Migrates string   `json:"migrates,omitempty"` // name of the migration
	Outside  bool     `json:"outside,omitempty"`
	About    string   `json:"about,omitempty"` // of what is outside: how it is asked
}

// Edge says that a tier waits for something.
type Edge struct {
	From  string `json:"from"`  // what is waited for
	To    string `json:"to"`    // the tier that waits
	Label string `json:"label"` // name of the wait_for block
	Kind  string `json:"kind"`  // service, tcp, http, …
}

// Of is the graph of a stack without cycles. The jobs of hooks are not in it.
func Of(s *stack.Stack) Graph {
	g := Graph{Edges: []Edge{}, Title: s.Pack.Name + " " + s.Pack.Version + ", release " + s.Release.Name}
	for i, wave := range s.Waves {
		for _, t := range s.Tiers {
			if slices.Contains(wave, t.Job) {
				g.Nodes = append(g.Nodes, nodeOf(t, i+1))
			}
		}
	}
	var outside []Node
	for _, t := range s.Tiers {
		if s.IsHook(t.JobID) {
			continue // it runs at its moments, and waits for whatever it likes then
		}
		for i, need := range t.Needs {
			e := Edge{To: tierID(t.JobID, t.Name), Label: need.Name, Kind: string(need.Kind)}
			if need.Tier != "" {
				e.From = tierID(need.JobID, need.Tier)
			} else {
				n := outsideNode(need, t.Prepare.WaitFor[i].WaitFor)
				if !slices.ContainsFunc(outside, func(o Node) bool { return o.ID == n.ID }) {
					outside = append(outside, n)
				}
				e.From = n.ID
			}
			g.Edges = append(g.Edges, e)
		}
	}
	g.Nodes = append(outside, g.Nodes...)
	return g
}

func tierID(job, tier string) string { return job + "/" + tier }

func nodeOf(t *stack.Tier, wave int) Node {
	n := Node{ID: tierID(t.JobID, t.Name), Name: t.Name, Job: t.JobID, Wave: wave, Type: t.Type, Count: t.Count, Services: t.Services}
	if t.Migrates {
		n.Migrates = t.Prepare.Migration.Name
	}
	return n
}

// outsideNode is what a condition asks that no tier of the stack provides. Two conditions that ask the same are one node.
func outsideNode(need stack.Need, w spec.WaitFor) Node {
	n := Node{Name: need.Name, Outside: true, About: about(w)}
	n.ID = "outside/" + n.About
	if w.Service == nil && w.TCP == nil && w.HTTP == nil && !strings.Contains(n.About, "//") {
		n.ID += "/" + n.Name // a URL that only the cluster knows: the name is all that tells them apart
	}
	return n
}

// about says what a condition asks, without what may be secret in a URL.
func about(w spec.WaitFor) string {
	switch {
	case w.Service != nil:
		return "service " + w.Service.Name
	case w.TCP != nil:
		return "tcp " + w.TCP.Address
	case w.HTTP != nil:
		return "http " + bare(w.HTTP.URL)
	case w.Postgres != nil:
		return strings.TrimSpace("postgres " + bare(w.Postgres.URL))
	case w.MySQL != nil:
		return strings.TrimSpace("mysql " + bare(w.MySQL.URL))
	case w.Redis != nil:
		return strings.TrimSpace("redis " + bare(w.Redis.URL))
	}
	return string(w.Kind)
}

// bare is a URL without user, password and query. It is cut as text: it may hold Nomad's own expressions.
func bare(url string) string {
	url, _, _ = strings.Cut(url, "?")
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	host, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndex(host, "@"); i >= 0 {
		host = host[i+1:]
	} else if i := strings.LastIndex(path, "@"); i >= 0 {
		host, path = path[i+1:], "" // a password with a slash in it
	}
	return strings.TrimSuffix(scheme+"://"+host+"/"+path, "/")
}

// node finds a node by its ID.
func (g Graph) node(id string) (Node, bool) {
	i := slices.IndexFunc(g.Nodes, func(n Node) bool { return n.ID == id })
	if i < 0 {
		return Node{}, false
	}
	return g.Nodes[i], true
}

// edges are those whose ends exist, in their order, each pair of ends once.
func (g Graph) edges() []Edge {
	var out []Edge
	for _, e := range g.Edges {
		_, from := g.node(e.From)
		_, to := g.node(e.To)
		twice := slices.ContainsFunc(out, func(o Edge) bool { return o.From == e.From && o.To == e.To && o.Label == e.Label })
		if from && to && !twice {
			out = append(out, e)
		}
	}
	return out
}

// waves is the highest wave.
func (g Graph) waves() int {
	n := 0
	for _, x := range g.Nodes {
		n = max(n, x.Wave)
	}
	return n
}

// jobs lists the jobs of a wave, in the order of their nodes.
func (g Graph) jobs(wave int) []string {
	var out []string
	for _, n := range g.Nodes {
		if n.Wave == wave && !n.Outside && !slices.Contains(out, n.Job) {
			out = append(out, n.Job)
		}
	}
	return out
}

// tiers lists the nodes of a job.
func (g Graph) tiers(job string) []Node {
	var out []Node
	for _, n := range g.Nodes {
		if n.Job == job && !n.Outside {
			out = append(out, n)
		}
	}
	return out
}

// size is the tier's count and, where it is no service, its type: "×2", "batch ×1", "system".
func (n Node) size() string {
	switch n.Type {
	case "", "service":
		return fmt.Sprintf("×%d", n.Count)
	case "system", "sysbatch":
		return n.Type
	}
	return fmt.Sprintf("%s ×%d", n.Type, n.Count)
}
