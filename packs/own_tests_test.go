package packs

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/packctl/packctl/internal/cli"
	"github.com/packctl/packctl/internal/cli/view"
)

// TestPacksPassTheirOwnTests: `packctl test` over all packs; each has tests, and a run in each of its envs.
func TestPacksPassTheirOwnTests(t *testing.T) {
	var out, err bytes.Buffer
	f := &cli.Factory{Streams: &view.Streams{Out: &out, Err: &err}, Dir: "..", Environ: func() []string { return nil }}
	code := cli.Main(context.Background(), f, []string{"test", "-o", "json"})
	var got struct {
		Packs []struct {
			Pack string
			Runs []struct {
				Run, Outcome string
				Failures     []struct{ Detail string }
			}
		}
	}
	if e := json.Unmarshal(out.Bytes(), &got); e != nil {
		t.Fatalf("%v: %s%s", e, out.String(), err.String())
	}
	if code != 0 || len(got.Packs) != len(folders(t)) {
		t.Errorf("exit code %d, %d packs: %s", code, len(got.Packs), err.String())
	}
	for _, p := range got.Packs {
		var ids []string
		for _, r := range p.Runs {
			ids = append(ids, r.Run)
			if r.Outcome != "passed" {
				t.Errorf("%s, run %s: %v", p.Pack, r.Run, r.Failures)
			}
		}
		for _, env := range []string{"dev", "prod"} {
			if !strings.Contains(strings.Join(ids, " "), env) {
				t.Errorf("%s has no run in %s, only: %v", p.Pack, env, ids)
			}
		}
	}
}
