package cli

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packctl/packctl/internal/cli/view"
)

// completed asks as a shell's script does.
func completed(t *testing.T, f *Factory, args ...string) []string {
	t.Helper()
	var out bytes.Buffer
	f.Streams = &view.Streams{In: strings.NewReader(""), Out: &out, Err: &bytes.Buffer{}}
	if f.Environ == nil {
		f.Environ = func() []string { return nil }
	}
	if code := Main(t.Context(), f, append([]string{"__completeNoDesc"}, args...)); code != 0 {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[:len(lines)-1] // the last is the directive
}

func TestReleasesAreThoseOfTheNamespace(t *testing.T) {
	var asked ClusterFlags
	f := &Factory{Dir: "testdata", Releases: func(_ context.Context, c ClusterFlags) ([]string, error) {
		asked = c
		return []string{"blog", "shop"}, nil
	}}
	got := completed(t, f, "stop", "--namespace", "web", "--address", "http://there", "")
	if want := []string{"blog", "shop", "tiny"}; !slices.Equal(got, want) { // shop is a pack, too
		t.Errorf("got %q, want %q", got, want)
	}
	if asked.Namespace != "web" || asked.Address != "http://there" {
		t.Errorf("asked %+v", asked)
	}
	f.Environ = func() []string { return []string{"NOMAD_NAMESPACE=ops"} }
	completed(t, f, "logs", "")
	if asked.Namespace != "ops" {
		t.Errorf("asked %+v", asked)
	}
	if got := completed(t, f, "logs", "shop", ""); len(got) != 0 {
		t.Errorf("after the release: %q", got)
	}
}

func TestAClusterThatDoesNotAnswerIsDoneWithout(t *testing.T) {
	packs := []string{"shop", "tiny"}
	f := &Factory{Dir: "testdata", Releases: func(context.Context, ClusterFlags) ([]string, error) { return nil, errors.New("refused") }}
	if got := completed(t, f, "stop", ""); !slices.Equal(got, packs) {
		t.Errorf("got %q", got)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		f := &Factory{Dir: "testdata", Releases: func(ctx context.Context, _ ClusterFlags) ([]string, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		if got := completed(t, f, "scale", ""); !slices.Equal(got, packs) {
			t.Errorf("got %q", got)
		}
		if took := time.Since(began); took != completeWithin {
			t.Errorf("it took %v", took)
		}
	})
}
