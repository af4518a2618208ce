package view

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/packctl/packctl/internal/release"
)

func somePlan() *release.Plan {
	return &release.Plan{
		Release: "shop", Namespace: "default", Pack: "shop", PackVersion: "1.4.0", Changes: true,
		Waves: [][]string{{"shop-cache", "shop-data"}, {"shop-app", "shop-mail", "shop-web"}},
		Jobs: []release.JobPlan{
			{ID: "shop-cache", Namespace: "default", File: "jobs/cache.nomad.hcl", Wave: 1, Action: release.ActionUnchanged, Index: 7},
			{ID: "shop-data", Namespace: "default", File: "jobs/data.nomad.hcl", Wave: 1, Action: release.ActionCreate,
				Tiers: []release.TierPlan{{Name: "postgres", Action: release.ActionCreate, Count: 1, Place: 1}}},
			{ID: "shop-app", Namespace: "default", File: "jobs/app.nomad.hcl", Wave: 2, Action: release.ActionUpdate, Index: 12,
				Drift:  []release.FieldChange{{Path: "group.worker.count", Kind: "changed", Old: "2", New: "3"}},
				Fields: []release.FieldChange{{Path: "priority", Kind: "changed", Old: "50", New: "60"}},
				Tiers: []release.TierPlan{
					{Name: "backend", Action: release.ActionUpdate, Count: 2, Canary: 1, Ignore: 2, Fields: []release.FieldChange{
						{Path: "task.api.config.image", Kind: "changed", Old: "registry.example.com/shop/backend-with-a-long-name:1.3.9", New: "registry.example.com/shop/backend-with-a-long-name:1.4.0", Why: "forces create/destroy update"},
						{Path: "task.api.env.PASSWORD", Kind: "changed", Old: "[redacted]", New: "none"},
						{Path: "task.api.template.data", Kind: "changed", Old: "a = 1\nb = 2\nc = 3\n", New: "a = 1\nb = 4\nc = 3\n"},
						{Path: "task.api.meta.team", Kind: "added", New: "shop"},
						{Path: "service.tags", Kind: "removed", Old: "old"}}},
					{Name: "worker", Action: release.ActionUpdate, Count: 5, Place: 2, InPlace: 3, Fields: []release.FieldChange{{Path: "count", Kind: "changed", Old: "3", New: "5"}}},
					{Name: "adminer", Action: release.ActionRemove, Stop: 1},
					{Name: "cron", Action: release.ActionUnchanged, Count: 1}}},
			{ID: "shop-mail", Namespace: "mail", File: "jobs/mail.nomad.hcl", Wave: 2, Action: release.ActionStart,
				Tiers: []release.TierPlan{{Name: "sink", Action: release.ActionCreate, Count: 1, Place: 1}}},
			{ID: "shop-web", Namespace: "default", File: "jobs/web.nomad.hcl", Wave: 2, Action: release.ActionInPlace,
				Tiers: []release.TierPlan{{Name: "nginx", Action: release.ActionInPlace, Count: 1, InPlace: 1,
					Fields: []release.FieldChange{{Path: "service.tags", Kind: "added", New: "v2"}}}}},
			{ID: "shop-old", Namespace: "default", Action: release.ActionPrune},
		},
		Hooks: []release.HookPlan{{Name: "check", Event: "pre-upgrade", Job: "shop-check"}, {Name: "smoke", Event: "post-upgrade", Job: "shop-smoke"}},
		Migrations: []release.MigrationPlan{{Name: "schema", Job: "shop-app", Tier: "backend", As: "shop-app-migrate-backend"},
			{Name: "index", Job: "shop-app", Tier: "worker", Later: "it waits for shop-search, which comes with this change"}},
		Credentials: []release.CredentialPlan{{Name: "db", Action: "generate", At: []string{"nomad/jobs/shop-app", "nomad/jobs/shop-data"}}},
		Volumes:     []release.VolumePlan{{Name: "shop-pgdata", Type: "mkdir"}},
		Approvals: []release.Approval{{Kind: release.ApprovePrune, Job: "shop-old", Text: "stops job shop-old, which the pack no longer has"},
			{Kind: release.ApproveDrift, Job: "shop-app", Text: "undoes what was changed by hand in job shop-app: group.worker.count"}},
		Kept: []release.KeptCount{{Job: "shop-app", Tier: "queue", Pack: 2, Kept: 7}},
	}
}

func TestAPlanReadsLikeOneAt80Columns(t *testing.T) {
	var out, err bytes.Buffer
	s := streams(&out, &err)
	s.OutTTY = true
	NewHuman(s).Planned(somePlan())
	golden(t, "plan.txt", out.String())
	if strings.Contains(out.String(), "\x1b") {
		t.Error("there are colours without Color")
	}
	out.Reset()
	s.Color = true
	NewHuman(s).Planned(somePlan())
	if !strings.Contains(out.String(), "\x1b[31m-\x1b[0m \x1b[1mshop-old") {
		t.Errorf("there are no colours:\n%s", out.String())
	}
}

func TestAPlanWithoutChangesSaysSo(t *testing.T) {
	var out, err bytes.Buffer
	p := &release.Plan{Release: "shop", Namespace: "default", Pack: "shop", Waves: [][]string{{"shop-app"}},
		Jobs: []release.JobPlan{{ID: "shop-app", Wave: 1, Action: release.ActionUnchanged}}}
	NewHuman(streams(&out, &err)).Planned(p)
	if !strings.Contains(out.String(), "Nothing to change. Jobs: 1 unchanged.") {
		t.Error(out.String())
	}
}

func TestAPlanForPrograms(t *testing.T) {
	var out, err bytes.Buffer
	NewJSON(streams(&out, &err)).Planned(somePlan())
	golden(t, "plan.json", out.String())
	var back release.Plan
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || len(back.Jobs) != 6 || back.Jobs[2].Tiers[0].Canary != 1 {
		t.Errorf("it does not read back: %v", err)
	}
}

func TestApprovalIsYesAndNothingElse(t *testing.T) {
	for answer, want := range map[string]bool{"yes\n": true, " yes \r\n": true, "y\n": false, "no\n": false, "\n": false, "": false, "yes please\n": false} {
		var out, err bytes.Buffer
		s := streams(&out, &err)
		s.In = strings.NewReader(answer)
		if got := NewHuman(s).Approve(somePlan()); got != want {
			t.Errorf("%q: %v", answer, got)
		}
		if out.Len() > 0 || !strings.Contains(err.String(), "stops job shop-old") || !strings.Contains(err.String(), "Only yes goes on") {
			t.Errorf("out %q, err %q", out.String(), err.String())
		}
	}
}

func someDifference() *release.Difference {
	return &release.Difference{
		Release: "shop", Namespace: "default", Changes: true,
		From: release.Side{Revision: 3, Pack: "shop", PackVersion: "1.3.0", Outcome: release.Healthy},
		To:   release.Side{Revision: 5, Pack: "shop", PackVersion: "1.4.0", Outcome: release.Failed},
		Values: []release.ValueChange{{Name: "env", Kind: "changed", Old: "dev", New: "prod"}, {Name: "size", Kind: "added", New: "3"},
			{Name: "old", Kind: "removed", Old: "[1, 2]"}, {Name: "password", Kind: "changed", Sensitive: true}},
		Jobs: []release.JobDifference{{ID: "shop-data", Namespace: "default", Kind: release.KindUnchanged}, {ID: "shop-new", Namespace: "mail", Kind: release.KindAdded},
			{ID: "shop-app", Namespace: "default", Kind: release.KindChanged, Note: "packctl scale did that", Fields: []release.FieldChange{
				{Path: "group.backend.task.api.config.image", Kind: "changed", Old: "registry.example.com/shop/backend:1.3.9", New: "registry.example.com/shop/backend:1.4.0"},
				{Path: "group.backend.task.api.template.data", Kind: "changed", Old: "a = 1\nb = 2\n", New: "a = 1\nb = 3\n"},
				{Path: "group.backend.task.api.env.PASSWORD", Kind: "removed", Old: "[redacted]"}, {Path: "group.queue", Kind: "added"}}},
			{ID: "shop-smoke", Namespace: "default", Hook: "smoke", Kind: release.KindRemoved}, {ID: "shop-mail", Namespace: "default", Kind: release.KindStopped}},
	}
}

func TestADifferenceReadsLikeAPlan(t *testing.T) {
	var out, err bytes.Buffer
	s := streams(&out, &err)
	s.OutTTY = true
	NewHuman(s).Compared(someDifference())
	golden(t, "diff.txt", out.String())
	out.Reset()
	NewHuman(s).Compared(&release.Difference{Release: "shop", Namespace: "default", From: release.Side{Revision: 5, Outcome: release.Healthy},
		Jobs: []release.JobDifference{{ID: "shop-data", Kind: release.KindUnchanged}}})
	if !strings.Contains(out.String(), "to what runs") || !strings.Contains(out.String(), "No difference.") {
		t.Error(out.String())
	}
	out.Reset()
	NewJSON(s).Compared(someDifference())
	golden(t, "diff.json", out.String())
}
