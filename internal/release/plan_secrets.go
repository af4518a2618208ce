package release

import (
	"context"
	"slices"
)

// planCredentials looks at the credentials without writing one, and learns the values that must not be shown.
func (r *run) planCredentials(ctx context.Context, plan *Plan, p *problems) error {
	known := r.givenSecrets()
	for _, c := range r.manifest.Credentials {
		before := len(p.list)
		found, holders, err := r.found(ctx, c, &known, p)
		if err != nil {
			return err
		}
		next := CredentialPlan{Name: c.Name, Action: "copy"}
		if found == nil && len(p.list) == before {
			may, err := r.makeable(ctx, c, p)
			if err != nil {
				return err
			}
			if !may {
				continue
			}
			next.Action = "generate"
			if c.Value != nil {
				next.Action = "write"
			}
		}
		for _, reader := range c.Readers {
			if !slices.Contains(holders, reader) && len(p.list) == before {
				next.At = append(next.At, variableOf(reader))
			}
		}
		if len(next.At) > 0 {
			plan.Credentials = append(plan.Credentials, next)
		}
	}
	r.secret = newRedactor(known)
	return nil
}

// redact takes known secrets out of every text that came from a job, as it is registered or is to be.
func (p *Plan) redact(r redactor) {
	fields := func(list []FieldChange) {
		for i := range list {
			list[i].Old, list[i].New = r.text(list[i].Old), r.text(list[i].New)
		}
	}
	for _, j := range p.Jobs {
		fields(j.Fields)
		fields(j.Drift)
		for _, t := range j.Tiers {
			fields(t.Fields)
		}
	}
	for i := range p.Problems {
		p.Problems[i].Message = r.text(p.Problems[i].Message)
	}
}
