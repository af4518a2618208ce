package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packctl/packctl/internal/graph"
)

// GraphOptions are the inputs of "packctl graph".
type GraphOptions struct {
	Factory *Factory
	Pack    packFlags
	Output  string
}

// NewCmdGraph makes "packctl graph".
func NewCmdGraph(f *Factory, runF func(*GraphOptions) error) *cobra.Command {
	opts := &GraphOptions{Factory: f}
	cmd := &cobra.Command{
		Use:   "graph <pack>",
		Short: "Picture the tiers of a pack, what they wait for, and the order in which they start",
		Long: "graph shows the tiers of a pack by the waves in which run submits them, with the services they register, what their\n" +
			"gates wait for, and their migrations. What a gate asks outside of the pack is shown too. It asks no cluster.\n\n" +
			"Besides text it writes Graphviz's DOT, a Mermaid flowchart for Markdown, and SVG. An arrow leads from what is waited\n" +
			"for to what waits.",
		Example:           "  packctl graph appstack\n  packctl graph appstack -var env=prod -o svg > appstack.svg\n  packctl graph appstack -o dot | dot -Tpng > appstack.png",
		Args:              f.onePack(&opts.Pack),
		ValidArgsFunction: f.completePacks,
		RunE: func(*cobra.Command, []string) error {
			if runF != nil {
				return runF(opts)
			}
			return graphRun(opts)
		},
	}
	opts.Pack.register(cmd)
	outputFlag(cmd, &opts.Output, "text", "dot", "mermaid", "svg", "json")
	return cmd
}

func graphRun(opts *GraphOptions) error {
	v := opts.Factory.view(opts.Output)
	l, err := opts.Factory.loadValid(opts.Pack, v)
	if err != nil {
		return err
	}
	g := graph.Of(l.Stack)
	switch opts.Output {
	case "dot":
		v.Drawn(graph.DOT(g))
	case "mermaid":
		v.Drawn(graph.Mermaid(g))
	case "svg":
		v.Drawn(graph.SVG(g))
	case "json":
		data, err := json.MarshalIndent(g, "", "  ")
		if err != nil {
			return fmt.Errorf("encode the graph: %w", err)
		}
		v.Drawn(string(data) + "\n")
	default:
		v.Drawn(graph.Text(g, 80))
	}
	return nil
}
