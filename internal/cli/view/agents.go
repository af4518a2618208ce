package view

import (
	"fmt"

	"github.com/packctl/packctl/internal/devagent"
)

// Doing shows what a long command does now, on Err.
func (h *Human) Doing(line string) { fmt.Fprintln(h.streams.Err, h.err.dim("· "+line)) }

// Agents shows where the development agents are, on Out.
func (h *Human) Agents(r *devagent.Report) {
	for _, a := range []struct {
		name string
		*devagent.AgentReport
	}{{"Nomad ", &r.Nomad}, {"Consul", &r.Consul}} {
		switch {
		case a.Ready:
			fmt.Fprintf(h.streams.Out, "%s %s  %s  %s\n", h.out.green("✓"), a.name, h.out.bold(a.URL+"/ui"), h.out.dim(fmt.Sprintf("process %d", a.PID)))
		default:
			fmt.Fprintf(h.streams.Out, "%s %s  %s\n", h.out.red("✗"), a.name, a.Reason)
			if a.Running {
				fmt.Fprintf(h.streams.Out, "  %s\n", h.out.dim("its log is "+a.Log))
			}
		}
	}
	if r.Unchanged {
		fmt.Fprintf(h.streams.Out, "  %s\n", h.out.dim("they ran already"))
	}
	if r.Ready && r.Nomad.URL != "http://127.0.0.1:4646" {
		fmt.Fprintf(h.streams.Out, "  for this pair: export NOMAD_ADDR=%s CONSUL_HTTP_ADDR=%s\n", r.Nomad.URL, r.Consul.URL)
	}
}

// Doing shows what a long command does now, as text on Err: it is talk, not the result.
func (j *JSON) Doing(line string) { fmt.Fprintln(j.streams.Err, line) }

// Agents writes the report to Out.
func (j *JSON) Agents(r *devagent.Report) { value(j.streams.Out, r) }
