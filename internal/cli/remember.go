package cli

import (
	"context"
	"fmt"

	"github.com/packctl/packctl/hcl/vars"
	"github.com/packctl/packctl/internal/cli/view"
	"github.com/packctl/packctl/internal/release"
)

// loadRemembering is loadValid with what the release was given before, and an engine for the release's namespace. seen is
// the newest revision at that time. Where no cluster answers, a pack with errors is still told as such.
func (f *Factory) loadRemembering(ctx context.Context, flags packFlags, cluster ClusterFlags, v view.View) (l *loaded, engine Releaser, seen *int, err error) {
	if l, err = f.load(flags); err != nil {
		return nil, nil, nil, err
	}
	cluster.Namespace = l.Release.Namespace
	if engine, err = f.Releaser(cluster); err != nil {
		return nil, nil, nil, err
	}
	memory, err := engine.Memory(ctx, l.Release.Name)
	if err != nil {
		if l.Diagnosed.HasErrors() {
			v.Diagnostics(l.Diagnosed)
			v.Notice(fmt.Sprintf("what release %s was given before could not be read: %v", l.Release.Name, err))
			return nil, nil, nil, &ErrShown{Code: CodeUsage}
		}
		return l, nil, nil, err
	}
	if !flags.Reset {
		flags.remembered = rememberedOf(l.Release.Name, memory)
	}
	if l, err = f.loadValid(flags, v); err != nil {
		return nil, nil, nil, err
	}
	return l, engine, &memory.Newest, nil
}

// rememberedOf are the values that can be given again.
func rememberedOf(name string, m *release.Memory) vars.Remembered {
	out := vars.Remembered{From: fmt.Sprintf("release %s, revision %d", name, m.Revision)}
	for _, g := range m.Given {
		if g.HMAC == "" {
			out.Values = append(out.Values, vars.RememberedValue{Name: g.Name, HCL: g.Value})
		}
	}
	return out
}
