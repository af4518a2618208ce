//go:build e2e

package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/hashicorp/nomad/api"
)

// output collects what packctl printed, to be searched for secrets.
type output struct{ text strings.Builder }

func (o *output) add(r result) { fmt.Fprintln(&o.text, r.String()) }

// source is one place where a secret could stand.
type source struct {
	name string
	text string
}

// find returns where a secret stands in a text, raw or encoded, and in which form.
func find(text, secret string) (string, bool) {
	forms := map[string]string{
		"raw":          secret,
		"URL-encoded":  url.QueryEscape(secret),
		"path-escaped": url.PathEscape(secret),
		"JSON":         strings.Trim(mustJSON(secret), `"`),
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		// A secret inside a longer text starts at any of three places of a base64 group; its middle is the same in each.
		for shift := range 3 {
			b := enc.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			from, to := (shift*8+5)/6, (shift+len(secret))*8/6
			forms[fmt.Sprintf("base64 at %d", shift)] = b[from:to]
		}
	}
	for form, s := range forms {
		if strings.Contains(text, s) {
			return form, true
		}
	}
	return "", false
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and API structs always encode
	}
	return string(b)
}

// checkSecrets searches every place that people other than the tasks can read, first for a canary planted there, then for
// each generated secret.
func checkSecrets(t *testing.T, c *api.Client, release string, want int, printed *output) {
	secrets := map[string]string{}
	vars, _, err := c.Variables().PrefixList("nomad/jobs/"+release+"-", nil)
	if err != nil {
		t.Fatalf("list the credentials: %v", err)
	}
	for _, v := range vars {
		items, _, err := c.Variables().GetVariableItems(v.Path, nil)
		if err != nil {
			t.Fatalf("read %s: %v", v.Path, err)
		}
		for k, s := range items {
			switch {
			case strings.HasSuffix(k, "_certificate"): // public
			case strings.HasSuffix(k, "_key") && strings.Contains(s, "PRIVATE KEY"):
				secrets[k] = strings.Split(s, "\n")[1] // one line of its body
			default:
				secrets[k] = s
			}
		}
	}
	if len(secrets) != want {
		t.Fatalf("%d secrets found, want %d", len(secrets), want)
	}

	sources := collectSources(t, c, release)
	sources = append(sources, source{"packctl's output", printed.text.String()})
	const canary = "canary/+ä\"7f3a91c2d4 &planted"
	for _, s := range sources {
		if len(strings.TrimSpace(s.text)) == 0 {
			t.Errorf("%s is empty: nothing was searched", s.name)
		}
		for _, planted := range []string{
			canary, url.QueryEscape(canary), mustJSON(canary),
			base64.StdEncoding.EncodeToString([]byte("pw=" + canary)), base64.URLEncoding.EncodeToString([]byte("a:" + canary)),
		} {
			half := len(s.text) / 2
			if _, ok := find(s.text[:half]+planted+s.text[half:], canary); !ok {
				t.Errorf("%s: the search misses a planted %q", s.name, planted)
			}
		}
		for name, secret := range secrets {
			if form, ok := find(s.text, secret); ok {
				t.Errorf("%s holds the secret %s (%s)", s.name, name, form)
			}
		}
	}
	t.Logf("searched %d sources for %d secrets", len(sources), len(secrets))
}

// collectSources reads job definitions, submissions, evaluations, allocations and the logs of every task, those of the
// children of periodic jobs too.
func collectSources(t *testing.T, c *api.Client, release string) []source {
	t.Helper()
	var out []source
	jobs, _, err := c.Jobs().PrefixList(release + "-")
	if err != nil || len(jobs) == 0 {
		t.Fatalf("list the jobs of %s: %d, %v", release, len(jobs), err)
	}
	for _, job := range jobs {
		id := job.ID
		versions, _, _, err := c.Jobs().Versions(id, false, nil)
		if err != nil {
			t.Fatalf("versions of %s: %v", id, err)
		}
		for _, v := range versions {
			out = append(out, source{fmt.Sprintf("job %s version %d", id, *v.Version), mustJSON(v)})
			sub, _, err := c.Jobs().Submission(id, int(*v.Version), nil)
			if err != nil {
				continue // scaling makes versions that have none
			}
			out = append(out, source{fmt.Sprintf("submission %s version %d", id, *v.Version), mustJSON(sub)})
		}
		inspect, err := exec.Command("bin/nomad", "job", "inspect", id).Output() //nolint:gosec // our own job
		if err != nil {
			t.Fatalf("nomad job inspect %s: %v", id, err)
		}
		out = append(out, source{"nomad job inspect " + id, string(inspect)})
		stubs, _, err := c.Jobs().Allocations(id, true, nil)
		if err != nil {
			t.Fatalf("allocations of %s: %v", id, err)
		}
		for _, stub := range stubs {
			alloc, _, err := c.Allocations().Info(stub.ID, nil)
			if err != nil {
				t.Fatalf("allocation %s: %v", stub.ID, err)
			}
			out = append(out, source{"allocation " + stub.ID[:8] + " of " + stub.TaskGroup, mustJSON(alloc)})
			var logs strings.Builder
			for task := range alloc.TaskStates {
				for _, kind := range []string{"stdout", "stderr"} {
					logs.WriteString(taskLog(c, alloc, task, kind))
				}
			}
			if logs.Len() > 0 {
				out = append(out, source{"logs of " + stub.TaskGroup + " " + stub.ID[:8], logs.String()})
			}
		}
	}
	return out
}

// taskLog reads a whole log. One that was never begun has no text.
func taskLog(c *api.Client, alloc *api.Allocation, task, kind string) string {
	r, err := c.Raw().Response("/v1/client/fs/logs/"+alloc.ID, &api.QueryOptions{
		Params: map[string]string{"task": task, "type": kind, "origin": "start", "plain": "true"}})
	if err != nil {
		return ""
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(r)
	if err != nil {
		return ""
	}
	return string(b)
}
