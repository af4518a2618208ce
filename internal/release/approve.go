package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Kinds of what a run does only when somebody approved it.
const (
	ApprovePrune  = "prune"  // a job is stopped
	ApproveRemove = "remove" // a tier goes away
	ApproveDrift  = "drift"  // a change that was made by hand is undone
	ApproveAdopt  = "adopt"  // a job of somebody else is taken over
	ApproveEnv    = "env"    // the release changes its env
)

// Approval is one thing that a run does only when somebody approved it.
type Approval struct {
	Kind string `json:"kind"`
	Job  string `json:"job,omitempty"`
	Tier string `json:"tier,omitempty"`
	Text string `json:"text"` // what the run does, for people: "stops job …"
}

// approvals are what in a plan must be approved.
func (r *run) approvals(plan *Plan) []Approval {
	out := []Approval{}
	for _, j := range plan.Jobs {
		if j.Action == ActionPrune {
			out = append(out, Approval{Kind: ApprovePrune, Job: j.ID, Text: "stops job " + j.ID + ", which the pack no longer has"})
			continue
		}
		if j.Adopts != "" {
			out = append(out, Approval{Kind: ApproveAdopt, Job: j.ID, Text: "takes over job " + j.ID + ", which " + j.Adopts})
		}
		for _, t := range j.Tiers {
			if t.Action == ActionRemove {
				out = append(out, Approval{Kind: ApproveRemove, Job: j.ID, Tier: t.Name, Text: "removes tier " + t.Name + " of job " + j.ID})
			}
		}
		if len(j.Drift) > 0 && j.Action != ActionUnchanged && !j.scaledByPackctl {
			out = append(out, Approval{Kind: ApproveDrift, Job: j.ID, Text: "undoes what was changed by hand in job " + j.ID + ": " + pathsOf(j.Drift)})
		}
	}
	if plan.PreviousEnv != nil {
		out = append(out, Approval{Kind: ApproveEnv, Text: fmt.Sprintf("changes env from %q to %q", *plan.PreviousEnv, r.opt.Inputs.Env)})
	}
	return out
}

func pathsOf(list []FieldChange) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Path)
	}
	return some(out)
}

// approve returns when everything in the plan that must be approved is, and else refuses. What is approved is then done: to
// stop what the pack no longer has needs no word more.
func (r *run) approve(ctx context.Context, plan *Plan) error {
	var open []Approval
	for _, a := range plan.Approvals {
		if a.Kind != ApprovePrune || !r.opt.Prune {
			open = append(open, a)
		}
	}
	if len(open) > 0 && !r.opt.AutoApprove {
		if r.opt.Approve == nil {
			var texts []string
			for _, a := range open {
				texts = append(texts, "this run "+a.Text)
			}
			return &Error{Outcome: Refused, Err: errors.New(strings.Join(texts, "\n")),
				Hint: "packctl plan shows all of it; -auto-approve says yes, and on a terminal run asks. Nothing was changed"}
		}
		yes, err := r.opt.Approve(ctx, plan)
		if err != nil {
			return err
		}
		if !yes {
			return &Error{Outcome: Refused, Err: errors.New("not approved; nothing was changed")}
		}
	}
	r.opt.Prune = true
	return nil
}
