package cli

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// historian is an engine that knows revisions.
type historian struct {
	Releaser
	asked   release.DiffOptions
	changes bool
	fault   error
}

func (h *historian) History(context.Context, string) ([]*release.Revision, error) {
	return []*release.Revision{{Number: 3}, {Number: 4}, {Number: 5}}, h.fault
}

func (h *historian) Diff(_ context.Context, opt release.DiffOptions) (*release.Difference, error) {
	h.asked = opt
	return &release.Difference{Release: opt.Release, Changes: h.changes}, nil
}

func (h *historian) factory() *Factory {
	return &Factory{Dir: "testdata", Environ: func() []string { return nil }, Releaser: func(ClusterFlags) (Releaser, error) { return h, nil }}
}

func TestTheExitCodeOfADifference(t *testing.T) {
	for _, c := range []struct {
		args    []string
		changes bool
		code    int
		asked   release.DiffOptions
	}{
		{[]string{"shop"}, true, 0, release.DiffOptions{Release: "shop"}},
		{[]string{"shop", "-detailed-exitcode"}, true, 2, release.DiffOptions{Release: "shop"}},
		{[]string{"shop", "3", "-detailed-exitcode"}, false, 0, release.DiffOptions{Release: "shop", From: 3}},
		{[]string{"other", "3", "5", "-detailed-exitcode", "-o", "json"}, true, 2, release.DiffOptions{Release: "other", From: 3, To: 5}},
	} {
		h := &historian{changes: c.changes}
		f := h.factory()
		f.Streams = &view.Streams{In: strings.NewReader(""), Out: &bytes.Buffer{}, Err: &bytes.Buffer{}}
		if code := Main(t.Context(), f, append([]string{"diff"}, c.args...)); code != c.code || h.asked != c.asked {
			t.Errorf("%q: exit code %d, asked %+v", c.args, code, h.asked)
		}
	}
}

func TestRevisionsAreCompletedTheNewestFirst(t *testing.T) {
	for line, want := range map[string][]string{
		"rollback shop":      {"5", "4", "3"},
		"get values shop":    {"5", "4", "3"},
		"diff shop":          {"5", "4", "3"},
		"diff shop 4":        {"5", "3"},
		"diff shop 4 5":      nil,
		"rollback shop 4":    nil,
		"get manifest tiny":  {"5", "4", "3"},
		"diff --name x shop": {"5", "4", "3"},
	} {
		h := &historian{}
		if got := completed(t, h.factory(), append(strings.Fields(line), "")...); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	h := &historian{fault: errors.New("no answer")}
	if got := completed(t, h.factory(), "diff", "shop", ""); len(got) != 0 {
		t.Errorf("without a cluster: %q", got)
	}
}
